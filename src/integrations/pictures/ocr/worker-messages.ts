import { z } from "zod";
import { textEvidenceSchema } from "../../../domain/orders/evidence.ts";

/** What the reader asks of its worker. */
export const readRequestSchema = z.object({
  id: z.int(),
  bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
});
export type ReadRequest = z.infer<typeof readRequestSchema>;

/** What the worker answers; "unavailable" comes at most once, before any other, when the engine cannot be loaded. */
export const workerAnswerSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("read"),
    id: z.int(),
    boxes: textEvidenceSchema.shape.boxes,
    pictureArea: z.number().positive(),
  }),
  z.object({ status: z.literal("failed"), id: z.int(), reason: z.string() }),
  z.object({ status: z.literal("unavailable"), reason: z.string() }),
]);
export type WorkerAnswer = z.infer<typeof workerAnswerSchema>;
