import type { DocumentGroup, RiskRules, WordRule } from "./risk-rules.ts";
import {
  blankOut,
  compileTerm,
  type FoldedText,
  findPattern,
  findTerm,
  foldDisguise,
  type Span,
  type Term,
} from "./text-folding.ts";

type CompiledGroup = {
  group: DocumentGroup;
  terms: Term[];
  patterns: RegExp[];
  ocrAny: Term[];
  ocrFields: { need: number; of: Term[] }[];
};
type CompiledRule = {
  rule: WordRule;
  any: Term[];
  patterns: RegExp[];
  inPictures: Term[];
  with: Term[];
  without: Term[];
  withoutPatterns: RegExp[];
};

/** The terms of risk.yaml, ready to be looked for. */
export type RiskLexicon = {
  fold: (text: string) => FoldedText;
  openWords: ReadonlySet<string>;
  unbroken: Term[];
  lookalikes: Term[];
  lookalikePatterns: RegExp[];
  lookalikesWithoutWork: Term[];
  productEndings: Term[];
  productSuffixes: ReadonlyMap<string, string>;
  products: Term[];
  purposeBeginnings: Term[];
  handling: Term[];
  neutral: Term[];
  handlingPatterns: RegExp[];
  neutralPatterns: RegExp[];
  changes: Term[];
  mentions: Record<"required" | "before" | "after" | "workedBefore" | "workedAfter", RegExp[]>;
  media: Term[];
  quotedExcept: Term[];
  adverts: Term[];
  talk: { groups: readonly string[]; about: RegExp[]; unless: RegExp[] }[];
  groups: CompiledGroup[];
  rules: CompiledRule[];
  ownership: { stated: Term[]; denied: Term[]; notDenied: Term[] };
};

const compiled = new WeakMap<RiskRules, RiskLexicon>();

/** Compiled once per loaded rules: a reload is a new object. */
export function lexiconOf(rules: RiskRules): RiskLexicon {
  const known = compiled.get(rules);
  if (known !== undefined) return known;
  const lexicon = compileLexicon(rules);
  compiled.set(rules, lexicon);
  return lexicon;
}

function compileLexicon(rules: RiskRules): RiskLexicon {
  const { documents, ownership } = rules;
  const folding = {
    ...rules.folding,
    characters: { ...pairsOf(rules.folding.traditional), ...rules.folding.characters },
  };
  const exact = (terms: readonly string[] = []) => terms.map((term) => compileTerm(term, folding, true));
  const disguised = (terms: readonly string[]) => terms.map((term) => compileTerm(term, folding, false));
  return {
    fold: (text) => foldDisguise(text, folding.characters, folding.emoji),
    openWords: new Set(rules.borders.open),
    unbroken: exact(rules.borders.unbroken),
    lookalikes: exact(rules.lookalikes),
    lookalikePatterns: compilePatterns(rules.lookalike_patterns),
    lookalikesWithoutWork: exact(rules.lookalikes_without_work),
    productEndings: exact(documents.product_endings),
    productSuffixes: new Map(Object.entries(documents.product_suffixes)),
    products: exact(documents.products),
    purposeBeginnings: exact(documents.purpose_beginnings),
    handling: exact(documents.handling_words),
    handlingPatterns: compilePatterns(documents.handling_patterns),
    neutralPatterns: compilePatterns(documents.neutral_patterns),
    neutral: exact(documents.neutral_words),
    changes: exact(documents.change_words),
    mentions: {
      required: documents.required_before.map((source) => new RegExp(`(?:${source})$`, "u")),
      before: documents.mentioned_before.map((source) => new RegExp(`(?:${source})$`, "u")),
      after: documents.mentioned_after.map((source) => new RegExp(`^(?:${source})`, "u")),
      workedBefore: documents.worked_on_before.map((source) => new RegExp(`(?:${source})$`, "u")),
      workedAfter: documents.worked_on_after.map((source) => new RegExp(`^(?:${source})`, "u")),
    },
    media: exact(documents.media),
    quotedExcept: exact(documents.quoted_except),
    adverts: exact(documents.adverts),
    talk: documents.talk.map(({ groups, about, unless }) => ({
      groups,
      about: compilePatterns(about),
      unless: compilePatterns(unless),
    })),
    groups: documents.groups.map((group) => ({
      group,
      terms: [...disguised(group.terms), ...exact(group.exact_terms)],
      patterns: compilePatterns(group.patterns),
      ocrAny: exact(group.ocr_any),
      ocrFields: [...(group.ocr_several === undefined ? [] : [group.ocr_several]), ...group.ocr_fields].map(
        ({ need, of }) => ({ need, of: exact(of) }),
      ),
    })),
    rules: rules.word_rules.map((rule) => ({
      rule,
      any: rule.exact ? exact(rule.any) : disguised(rule.any),
      patterns: compilePatterns(rule.patterns),
      inPictures: rule.in_pictures ? exact(rule.any) : [],
      with: exact(rule.with),
      without: exact(rule.without),
      withoutPatterns: compilePatterns(rule.without_patterns),
    })),
    ownership: {
      stated: exact(ownership.stated),
      denied: exact(ownership.denied),
      notDenied: exact(ownership.not_denied),
    },
  };
}

function compilePatterns(sources: readonly string[]): RegExp[] {
  return sources.map((source) => new RegExp(source, "gu"));
}

function pairsOf(written: string): Record<string, string> {
  const chars = [...written.replace(/\s/gu, "")];
  return Object.fromEntries(
    chars.flatMap((char, index) => (index % 2 === 0 ? [[char, chars[index + 1] ?? char]] : [])),
  );
}

export function findAny(folded: FoldedText, terms: readonly Term[]): Span | null {
  for (const term of terms) {
    const [span] = findTerm(folded, term);
    if (span !== undefined) return span;
  }
  return null;
}

export function findPatterns(folded: FoldedText, patterns: readonly RegExp[]): Span[] {
  return patterns.flatMap((pattern) => findPattern(folded, pattern));
}

export function blankTerms(
  folded: FoldedText,
  terms: readonly Term[],
  patterns: readonly RegExp[] = [],
): FoldedText {
  return blankOut(folded, [
    ...terms.flatMap((term) => findTerm(folded, term)),
    ...findPatterns(folded, patterns),
  ]);
}

const unbrokenPlaces = new WeakMap<FoldedText, Uint8Array>();

/** 六四 in 周六四点: a word that stays whole is cut by the match. */
export function cutsUnbroken(whole: FoldedText, { start, end }: Span, lexicon: RiskLexicon): boolean {
  const known = unbrokenPlaces.get(whole);
  const inside = known ?? insideUnbroken(whole, lexicon);
  if (known === undefined) unbrokenPlaces.set(whole, inside);
  return inside[start] === 1 || inside[end] === 1;
}

function insideUnbroken(whole: FoldedText, { unbroken }: RiskLexicon): Uint8Array {
  const inside = new Uint8Array(whole.text.length + 1);
  for (const term of unbroken) {
    for (const { start, end } of findTerm(whole, term)) inside.fill(1, start + 1, end);
  }
  return inside;
}
