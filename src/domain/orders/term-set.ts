import { type FoldedText, type Match, openingsOf, readTerm, type Term } from "./text-folding.ts";

/** Terms by the character they may begin with: of thousands only those are read that can begin at a place. */
export type TermSet = {
  terms: readonly Term[];
  byOpening: ReadonlyMap<string, readonly number[]>;
  anywhere: readonly number[];
};

const NO_TERMS: readonly number[] = [];

export function createTermSet(terms: readonly Term[]): TermSet {
  const byOpening = new Map<string, number[]>();
  const anywhere: number[] = [];
  for (const [at, term] of terms.entries()) {
    const openings = openingsOf(term);
    if (openings === null) anywhere.push(at);
    for (const opening of openings ?? []) {
      const known = byOpening.get(opening);
      if (known === undefined) byOpening.set(opening, [at]);
      else known.push(at);
    }
  }
  return { terms, byOpening, anywhere };
}

type Found = readonly (readonly Match[])[];

const found = new WeakMap<FoldedText, Map<TermSet, { plain?: Found; wild?: Found }>>();

/**
 * The places of each term that is there, in the order the terms were listed; of one term leftmost first and not
 * overlapping. Looked up once per text: many rules ask the same.
 *
 * @param wild - also where no character of a term is written as itself
 */
export function findEach(folded: FoldedText, set: TermSet, wild = false): Found {
  if (set.terms.length === 0) return [];
  const bySet = found.get(folded) ?? new Map<TermSet, { plain?: Found; wild?: Found }>();
  found.set(folded, bySet);
  const known = bySet.get(set) ?? {};
  bySet.set(set, known);
  const key = wild ? "wild" : "plain";
  known[key] ??= readEach(folded, set, wild);
  return known[key];
}

function readEach(folded: FoldedText, { terms, byOpening, anywhere }: TermSet, wild: boolean): Found {
  const matches = new Map<number, Match[]>();
  const readAll = (places: readonly number[], start: number) => {
    for (const at of places) {
      const term = terms[at];
      const known = matches.get(at);
      if (term === undefined || (known?.at(-1)?.end ?? 0) > start) continue;
      const match = readTerm(folded, term, start, wild);
      if (match === null) continue;
      if (known === undefined) matches.set(at, [match]);
      else known.push(match);
    }
  };
  for (let start = 0; start < folded.text.length; start += 1) {
    readAll(byOpening.get(folded.text.charAt(start)) ?? NO_TERMS, start);
    readAll(anywhere, start);
  }
  return [...matches].sort(([one], [other]) => one - other).map(([, places]) => places);
}

/** Every place of every term. */
export function findTerms(folded: FoldedText, set: TermSet): readonly Match[] {
  return findEach(folded, set).flat();
}

/** The first place of the first term listed that is there. */
export function findAny(folded: FoldedText, set: TermSet): Match | null {
  return findEach(folded, set)[0]?.[0] ?? null;
}
