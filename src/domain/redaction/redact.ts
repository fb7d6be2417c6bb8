import { redactText } from "./redact-text.ts";
import type { Kind } from "./spans.ts";
import { isCounter, keyKind } from "./value-names.ts";

const depthAtMost = 16;
const nodesAtMost = 20_000;

/**
 * A copy for traces and logs. Strings, and numbers that are a phone, identity or bank number, are read as in
 * `redactText`; what stands under a telling key (password, phone, receiver_name, 地址…) is replaced whole, except
 * nothing, yes or no, and a count of tokens. Arrays, plain objects, Maps and Sets keep their shape; an Error becomes
 * `{name, message, stack, …}`; bytes become their length; a class instance becomes what it says in JSON or its own
 * fields, and stays itself only if it has none. A circle, a depth over 16 and whatever follows 20,000 values are cut. Never throws.
 */
export function redact(value: unknown): unknown {
  return walk(value, { above: new Set(), left: nodesAtMost });
}

type Walk = { above: Set<object>; left: number };

function walk(value: unknown, state: Walk): unknown {
  try {
    if (typeof value === "string") return redactText(value);
    if (typeof value === "number") return Number.isInteger(value) ? redactNumber(value) : value;
    if (typeof value === "bigint") return redactNumber(value);
    if (typeof value === "symbol") return redactText(String(value));
    if (typeof value === "function") return "[function]";
    if (typeof value !== "object" || value === null || value instanceof Date) return value;
    if (state.above.has(value)) return "[circular]";
    if (state.above.size >= depthAtMost || state.left <= 0) return "[cut]";
    state.above.add(value);
    try {
      return walkObject(value, state);
    } finally {
      state.above.delete(value);
    }
  } catch {
    return "[unreadable]";
  }
}

function redactNumber(value: number | bigint): unknown {
  if (value < 10_000_000_000 || value > 10n ** 19n) return value;
  const text = String(value);
  const redacted = redactText(text);
  return redacted === text ? value : redacted;
}

function walkObject(value: object, state: Walk): unknown {
  if (Array.isArray(value)) return cut(value, state).map((item) => walk(item, state));
  if (value instanceof Map) return new Map(walkEntries([...value], state));
  if (value instanceof Set) return new Set(cut([...value], state).map((item) => walk(item, state)));
  if (value instanceof String) return redactText(String(value));
  if (value instanceof RegExp) return redactText(String(value));
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const said = Object.entries({ name, message, stack, cause, ...fields(value) });
    return Object.fromEntries(
      walkEntries(
        said.filter(([, item]) => item !== undefined),
        state,
      ),
    );
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    if ("toJSON" in value && typeof value.toJSON === "function") return walk(value.toJSON(), state);
    if ("entries" in value && typeof value.entries === "function") {
      return Object.fromEntries(walkEntries([...value.entries()], state));
    }
    if (Object.keys(value).length === 0) return value;
  }
  return Object.fromEntries(walkEntries(Object.entries(fields(value)), state));
}

function fields(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(value).map((key) => {
      try {
        return [key, (value as Record<string, unknown>)[key]];
      } catch {
        return [key, "[unreadable]"];
      }
    }),
  );
}

function walkEntries<K>(entries: [K, unknown][], state: Walk): [K, unknown][] {
  return cut(entries, state).map(([key, item]) => {
    const kind = typeof key === "string" ? keyKind(key) : null;
    return [
      walk(key, state) as K,
      kind === null ? walk(item, state) : underTellingKey(String(key), kind, item, state),
    ];
  });
}

function underTellingKey(key: string, kind: Kind, item: unknown, state: Walk): unknown {
  if (item === null || item === undefined || item === "" || typeof item === "boolean") return item;
  if (typeof item === "number" && isCounter(key, String(item))) return item;
  if (typeof item === "object" && (kind === "account" || isCounts(key, item))) return walk(item, state);
  return `[${kind}]`;
}

function isCounts(key: string, item: object): boolean {
  return /token/iu.test(key) && Object.values(item).every((count) => typeof count === "number");
}

function cut<T>(items: readonly T[], state: Walk): T[] {
  const some = items.slice(0, Math.max(0, state.left));
  state.left -= some.length;
  return some;
}
