import { randomUUID } from "node:crypto";

/**
 * An id that sorts by the time it was made: rows that are made together stand together in their indexes, so a commit
 * writes fewer pages. 48 bits of time, 74 random ones.
 */
export function orderedId(prefix: string, now: number): string {
  const random = randomUUID().replaceAll("-", "");
  return `${prefix}_${now.toString(16).padStart(12, "0")}${random.slice(12)}`;
}
