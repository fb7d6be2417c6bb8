import type { OutboundFrame } from "./frames.ts";
import type { Condition, FieldRule, Profile } from "./profile.ts";

type Json = Record<string, unknown>;
export type MappedFrame =
  | { status: "mapped"; frame: unknown }
  | { status: "ignored" }
  | { status: "unmatched" };

export type FrameMapper = {
  /** One raw value from the wire may hold several frames (envelope). Never throws. */
  inbound(raw: unknown): MappedFrame[];
  /** The raw values to write for one frame of ours; none when the profile has no such frame. */
  outbound(frame: OutboundFrame, meta: { id: string; ts: number }): Json[];
};

export function createFrameMapper(profile: Profile): FrameMapper {
  const { inbound, outbound } = profile;
  return {
    inbound(raw) {
      return unwrap(profile.envelope, raw).map((item): MappedFrame => {
        if (inbound === "identity") return { status: "mapped", frame: item };
        const rule = inbound.find(({ when }) => when.every((condition) => holds(condition, item)));
        if (rule === undefined) return { status: "unmatched" };
        if (rule.kind === "ignore") return { status: "ignored" };
        const frame: Json = { kind: rule.kind };
        for (const [target, field] of Object.entries(rule.fields)) {
          const value = readField(field, item);
          if (value !== undefined && value !== null) write(frame, target, value);
        }
        return { status: "mapped", frame };
      });
    },

    outbound(frame, meta) {
      if (outbound === "identity") return [{ v: 1, ...frame, ...meta }];
      if (frame.kind !== "reply") {
        const template = outbound[frame.kind];
        return template === undefined ? [] : [fill(template, { ...frame, ...meta }) as Json];
      }
      // Such platforms take one bubble per frame; each bubble keeps a key of its own under the reply's.
      return frame.messages.map((message, index) => {
        const template = message.type === "text" ? outbound.reply_text : outbound.reply_image;
        const key = frame.messages.length === 1 ? frame.idempotency_key : `${frame.idempotency_key}#${index}`;
        const content =
          message.type === "image" ? { ...message, url: message.url ?? message.data_url } : message;
        return fill(template, { ...frame, ...meta, message: content, key }) as Json;
      });
    },
  };
}

function unwrap(envelope: Profile["envelope"], raw: unknown): unknown[] {
  if (envelope === "single") return [raw];
  const list = envelope === "array" ? raw : read(raw, envelope.list);
  return Array.isArray(list) ? list : [raw];
}

function holds({ path, op, value }: Condition, item: unknown): boolean {
  const found = read(item, path);
  switch (op) {
    case "eq":
      return found === value;
    case "ne":
      return found !== value;
    case "in":
      return Array.isArray(value) && value.includes(found);
    case "exists":
      return found !== undefined && found !== null;
    case "missing":
      return found === undefined || found === null;
    case "regex":
      return typeof value === "string" && new RegExp(value, "u").test(String(found ?? ""));
  }
}

function readField(field: FieldRule, item: unknown): unknown {
  let value: unknown;
  for (const path of field.path?.split("|") ?? []) {
    value = read(item, path);
    if (value !== undefined && value !== null && value !== "") break;
  }
  for (const name of field.transform ?? []) value = transform(name, value);
  if (field.map !== undefined && value !== undefined) value = field.map[String(value)] ?? field.map["*"];
  return value ?? field.default;
}

function transform(name: string, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (name === "trim") return String(value).trim();
  if (name === "to_string") return String(value);
  if (name === "s_to_ms") return Math.round(Number(value) * 1000);
  // Through text, so that 19.99 yuan is 1999 fen and not 1998.9999999999998.
  if (name === "yuan_to_fen") return Math.round(Number((Number(value) * 100).toFixed(4)));
  if (name === "json_parse") return parseJson(value);
  return new RegExp(name.slice("regex:".length), "u").exec(String(value))?.[1];
}

function parseJson(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

function read(item: unknown, path: string): unknown {
  let value: unknown = item;
  for (const step of path.split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, step)) return undefined;
    value = (value as Json)[step];
  }
  return value;
}

function write(target: Json, path: string, value: unknown): void {
  const steps = path.split(".");
  const last = steps.pop() ?? path;
  let place = target;
  for (const step of steps) {
    const next = Object.hasOwn(place, step) ? place[step] : undefined;
    if (next === null || typeof next !== "object") place[step] = {};
    place = place[step] as Json;
  }
  place[last] = value;
}

/** "{{a.b}}" alone gives the value as it is; inside other text it is written into the text. Absent: left out. */
function fill(template: unknown, values: unknown): unknown {
  if (typeof template === "string") {
    const whole = /^\{\{([\w.]+)\}\}$/u.exec(template);
    if (whole?.[1] !== undefined) return read(values, whole[1]);
    return template.replace(/\{\{([\w.]+)\}\}/gu, (_all, path: string) => String(read(values, path) ?? ""));
  }
  if (Array.isArray(template)) return template.map((item) => fill(item, values));
  if (template !== null && typeof template === "object")
    return Object.fromEntries(
      Object.entries(template)
        .map(([key, item]) => [key, fill(item, values)] as const)
        .filter(([, item]) => item !== undefined),
    );
  return template;
}
