/**
 * The chance that k trials, drawn from those made, all pass (τ-bench's pass^k): C(passed, k) / C(trials, k).
 *
 * @returns null when there are fewer than k trials
 */
export function passHatK(passed: number, trials: number, k: number): number | null {
  if (trials < k) return null;
  let chance = 1;
  for (let drawn = 0; drawn < k; drawn += 1) chance *= Math.max(0, passed - drawn) / (trials - drawn);
  return chance;
}

/** Over several scenarios each counts once, however many trials it had; null when none has enough. */
export function meanPassHatK(
  results: readonly { passed: number; trials: number }[],
  k: number,
): number | null {
  const each = results
    .map(({ passed, trials }) => passHatK(passed, trials, k))
    .filter((chance) => chance !== null);
  return each.length === 0 ? null : each.reduce((sum, chance) => sum + chance, 0) / each.length;
}
