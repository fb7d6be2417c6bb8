const SMALL_UNITS: Record<string, number> = { 十: 10, 百: 100, 千: 1000 };

/**
 * Reads a number as buyers write it: 12, 1.5, 三, 俩, 二十, 一百二十, 半.
 *
 * @param digits - the lexicon's number words
 * @returns null when it is no number
 */
export function parseNumber(written: string, digits: Record<string, number>): number | null {
  if (/^\d+(\.\d+)?$/u.test(written)) return Number(written);
  const whole = digits[written];
  if (whole !== undefined) return whole;

  let total = 0;
  let pending: number | null = null;
  for (const char of written) {
    const unit = SMALL_UNITS[char];
    if (unit !== undefined) {
      total += (pending ?? 1) * unit;
      pending = null;
      continue;
    }
    const digit = digits[char];
    if (digit === undefined || pending !== null) return null;
    pending = digit;
  }
  return written === "" ? null : total + (pending ?? 0);
}
