/** What the code itself knows about a message; the lexicon's rules may use these names in `when`. */
export const CONTEXT_FLAGS = [
  "has_image",
  "empty",
  "bare_value",
  "question",
  "order_any",
  "order_quoted",
  "order_working",
  "order_delivered",
  "order_find",
  "offer",
  "bot_service",
  "bot_find",
  "same_price",
  "service",
  "find",
  "work",
  "new_service",
  "withdraws",
  "replaces",
] as const;

/** `when` as data: all conditions must hold, and a condition holds when one of its |-parts does. */
export type Conditions = { flag: string; expected: boolean }[][];

export function parseConditions(when: string[]): Conditions {
  return when.map((condition) =>
    condition.split("|").map((part) => ({ flag: part.replace("!", ""), expected: !part.startsWith("!") })),
  );
}

export function conditionsHold(conditions: Conditions, flags: ReadonlySet<string>): boolean {
  return conditions.every((parts) => parts.some(({ flag, expected }) => flags.has(flag) === expected));
}
