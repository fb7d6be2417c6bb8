/**
 * Whether a text from outside can be a key. The database ends a text at NUL, and makes U+FFFD of half a character: two
 * ids would become one, or one would never be found again.
 */
export function isKey(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

/** One key of several parts; a `|` inside a part is written otherwise, so that two lists never give one key. */
export function joinKey(parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll("%", "%25").replaceAll("|", "%7C")).join("|");
}
