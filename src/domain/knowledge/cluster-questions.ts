/** A question that nothing answered. words: what it asks about. */
export type Gap = { question: string; at: number; customerId: string; words: readonly string[] };

/** Questions that ask about the same. question: the one that shares most with the others. */
export type GapCluster = {
  question: string;
  count: number;
  customers: number;
  lastAt: number;
  /** Others of them, newest first. */
  others: string[];
};

/** Questions whose words are this much the same (Jaccard) ask about the same. */
const ALIKE = 0.34;
const MOST_OTHERS = 5;

/**
 * Groups questions that nothing answered, most asked first: what should be written down next. Each joins the group with
 * the question that it is most like, so that the order of asking decides little.
 */
export function clusterGaps(gaps: readonly Gap[]): GapCluster[] {
  const groups: Gap[][] = [];
  for (const gap of [...gaps].sort((one, other) => one.at - other.at)) {
    let best: { group: Gap[]; likeness: number } | null = null;
    for (const group of groups) {
      const likeness = Math.max(...group.map((other) => alike(gap.words, other.words)));
      if (likeness >= ALIKE && likeness > (best?.likeness ?? 0)) best = { group, likeness };
    }
    if (best === null) groups.push([gap]);
    else best.group.push(gap);
  }
  return groups.map(clusterOf).sort((one, other) => other.count - one.count || other.lastAt - one.lastAt);
}

function clusterOf(group: readonly Gap[]): GapCluster {
  const central = group.reduce((best, gap) => (closeness(gap, group) > closeness(best, group) ? gap : best));
  const others = [...group].sort((one, other) => other.at - one.at).map(({ question }) => question);
  return {
    question: central.question,
    count: group.length,
    customers: new Set(group.map(({ customerId }) => customerId)).size,
    lastAt: Math.max(...group.map(({ at }) => at)),
    others: [...new Set(others)].filter((question) => question !== central.question).slice(0, MOST_OTHERS),
  };
}

function closeness(gap: Gap, group: readonly Gap[]): number {
  return group.reduce((sum, other) => sum + alike(gap.words, other.words), 0);
}

function alike(one: readonly string[], other: readonly string[]): number {
  const both = new Set(one.filter((word) => other.includes(word))).size;
  const all = new Set([...one, ...other]).size;
  return all === 0 ? 1 : both / all;
}
