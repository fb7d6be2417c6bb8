import { z } from "zod";

const conditionSchema = z.object({
  path: z.string().min(1),
  op: z.enum(["eq", "ne", "in", "exists", "missing", "regex"]).default("eq"),
  value: z.unknown().optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

const fieldSchema = z.object({
  path: z.string().optional().describe("a.b|c.d: the first path that has a value"),
  map: z.record(z.string(), z.unknown()).optional(),
  transform: z
    .union([z.string(), z.array(z.string())])
    .transform((names) => (typeof names === "string" ? [names] : names))
    .pipe(
      z.array(
        z.string().regex(/^(trim|s_to_ms|yuan_to_fen|json_parse|to_string|regex:.+)$/, "unknown transform"),
      ),
    )
    .optional(),
  default: z.unknown().optional(),
});
export type FieldRule = z.infer<typeof fieldSchema>;

const templateSchema = z.record(z.string(), z.unknown());

/** A profile: how a real wire format maps to cs-bridge/1, as data (config/bridge/*.yaml). */
export const profileSchema = z.object({
  name: z.string().min(1),
  dedupes: z.boolean().describe("false: the platform shows a message twice that is sent twice under one key"),
  acks: z.boolean().default(true).describe("false: the platform confirms nothing; written counts as sent"),
  mode: z.enum(["send", "suggest"]).default("send"),
  split_chars: z.int().min(20).max(20_000).default(500),
  rate_per_second: z.number().positive().max(1000).default(20),
  envelope: z.union([z.enum(["single", "array"]), z.object({ list: z.string().min(1) })]).default("single"),
  handshake: z.array(templateSchema).optional().describe("frames sent on open instead of hello"),
  heartbeat: z.object({ every_ms: z.int().min(1000), send: templateSchema }).optional(),
  inbound: z
    .union([
      z.literal("identity"),
      z
        .array(
          z.object({
            when: z
              .union([conditionSchema, z.array(conditionSchema)])
              .transform((it) => (Array.isArray(it) ? it : [it])),
            kind: z.enum(["message", "ack", "transfer_result", "recall", "ping", "pong", "error", "ignore"]),
            fields: z.record(z.string(), fieldSchema).default({}),
          }),
        )
        .min(1),
    ])
    .describe("ordered; the first rule whose conditions all hold names the kind"),
  outbound: z.union([
    z.literal("identity"),
    z.object({
      hello: templateSchema.optional(),
      ack: templateSchema.optional(),
      pong: templateSchema.optional(),
      error: templateSchema.optional(),
      reply_text: templateSchema,
      reply_image: templateSchema,
      transfer: templateSchema.optional(),
    }),
  ]),
});
export type Profile = z.infer<typeof profileSchema>;
