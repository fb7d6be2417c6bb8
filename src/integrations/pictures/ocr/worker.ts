import { setPriority } from "node:os";
import { errorText } from "../../../domain/errors.ts";
import { loadTextEngine, type TextEngine } from "./text-engine.ts";
import { type ReadRequest, readRequestSchema, type WorkerAnswer } from "./worker-messages.ts";

// The program of the OCR process, started by reader.ts and by nobody else: it exists only to run.
if (process.send !== undefined) await main();

async function main(): Promise<void> {
  process.on("disconnect", () => process.exit(0));
  // Chat comes first: on a busy machine OCR gets what is left.
  setPriority(10);

  const waiting: ReadRequest[] = [];
  process.on("message", (message) => waiting.push(readRequestSchema.parse(message)));
  const engine = await loadTextEngine().catch((error: unknown) => {
    answer({ status: "unavailable", reason: errorText(error) });
    return null;
  });
  if (engine === null) return process.disconnect();

  process.removeAllListeners("message");
  process.on("message", (message) => void read(engine, readRequestSchema.parse(message)));
  for (const request of waiting) await read(engine, request);
}

async function read(engine: TextEngine, { id, bytes }: ReadRequest): Promise<void> {
  try {
    answer({ status: "read", id, ...(await engine.read(bytes)) });
  } catch (error) {
    answer({ status: "failed", id, reason: errorText(error) });
  }
}

function answer(message: WorkerAnswer): void {
  process.send?.(message);
}
