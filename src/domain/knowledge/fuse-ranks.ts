/** The higher, the less the first places count beside the others; 60 is what the method was published with. */
const K = 60;

/**
 * One ranking of several by reciprocal rank fusion: an item is worth the sum of 1 / (60 + its place) over the rankings
 * it is in, places counted from 1. Of equals comes first what an earlier ranking has, or has earlier.
 *
 * @param rankings - each best first, each item once in it
 */
export function fuseRanks<Item>(rankings: readonly (readonly Item[])[]): Item[] {
  const worth = new Map<Item, number>();
  for (const ranking of rankings)
    for (const [place, item] of ranking.entries())
      worth.set(item, (worth.get(item) ?? 0) + 1 / (K + place + 1));
  return [...worth].sort(([, one], [, other]) => other - one).map(([item]) => item);
}
