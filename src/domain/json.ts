/**
 * Whether arrays and objects lie within each other deeper than so many levels. Asked of what comes from outside before
 * anything walks it: a few kilobytes of brackets end a recursive walk, and with it the process.
 */
export function isDeeperThan(value: unknown, levels: number): boolean {
  const waiting: [unknown, number][] = [[value, 1]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [item, level] = next;
    if (item === null || typeof item !== "object") continue;
    if (level > levels) return true;
    for (const inner of Object.values(item)) waiting.push([inner, level + 1]);
  }
  return false;
}
