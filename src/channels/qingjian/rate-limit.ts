/** A bucket that refills evenly and holds one second's worth. */
export function createRateLimit(perSecond: number, now: () => number) {
  const capacity = Math.max(1, perSecond);
  let level = capacity;
  let filledAt = now();
  return {
    /** Takes `count` and returns 0, or takes nothing and returns after how many ms there may be room. */
    take(count: number): number {
      const at = now();
      // A clock that was set back must not empty the bucket.
      level = Math.min(capacity, level + (Math.max(0, at - filledAt) / 1000) * perSecond);
      filledAt = at;
      // A reply of more bubbles than one second allows goes out when the bucket is full, and leaves a debt.
      const needed = Math.min(count, capacity);
      if (level < needed) return Math.ceil(((needed - level) / perSecond) * 1000);
      level -= count;
      return 0;
    },
  };
}
