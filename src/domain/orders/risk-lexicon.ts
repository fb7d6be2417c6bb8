import type { DocumentGroup, RiskRules, WordRule } from "./risk-rules.ts";
import { joinSplit } from "./split-characters.ts";
import { createTermSet, findTerms, type TermSet } from "./term-set.ts";
import {
  blankOut,
  compileTerm,
  type FoldedText,
  findPattern,
  foldDisguise,
  initialsOf,
  type Span,
} from "./text-folding.ts";

type CompiledGroup = {
  group: DocumentGroup;
  names: TermSet;
  patterns: RegExp[];
  papers: { of: TermSet; heads: TermSet; patterns: RegExp[] };
  fields: TermSet;
  acts: RegExp[];
  ocrAny: TermSet;
  ocrFields: { need: number; of: TermSet }[];
};
type CompiledRule = {
  rule: WordRule;
  any: TermSet;
  patterns: RegExp[];
  inPictures: TermSet;
  with: TermSet;
  without: TermSet;
  withoutPatterns: RegExp[];
};

/** Where a name stands decides what is meant by it. */
type Places = Record<
  | "required"
  | "before"
  | "after"
  | "shownFor"
  | "workedBefore"
  | "workedAfter"
  | "beforeName"
  | "ofName"
  | "container"
  | "contents"
  | "productHead"
  | "portraitHead"
  | "lineBefore"
  | "lineAfter"
  | "fieldBefore"
  | "fieldAfter",
  RegExp
>;

/** The terms of risk.yaml, ready to be looked for. */
export type RiskLexicon = {
  fold: (text: string) => FoldedText;
  openWords: ReadonlySet<string>;
  unbroken: TermSet;
  lookalikes: TermSet;
  lookalikePatterns: RegExp[];
  lookalikesWithoutWork: TermSet;
  productEndings: TermSet;
  productSuffixes: ReadonlyMap<string, string>;
  products: TermSet;
  purposeBeginnings: TermSet;
  handling: TermSet;
  neutral: TermSet;
  handlingPatterns: RegExp[];
  neutralPatterns: RegExp[];
  changes: TermSet;
  places: Places;
  paperLinks: string;
  paperMiddles: TermSet;
  paperHeads: TermSet;
  obtainPatterns: RegExp[];
  changePatterns: RegExp[];
  negatedBefore: RegExp;
  phraseStops: RegExp;
  media: TermSet;
  quotedExcept: TermSet;
  ocrTitleFields: { need: number; of: TermSet };
  adverts: TermSet;
  refusals: TermSet;
  atWork: RegExp[];
  talk: { groups: readonly string[]; about: RegExp[]; unless: RegExp[] }[];
  groups: CompiledGroup[];
  rules: CompiledRule[];
  ownership: { stated: TermSet; denied: TermSet; notDenied: TermSet };
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
  const splits = splitsOf(folding.glyphs);
  const exactly = (term: string) => compileTerm(term, folding, "exact");
  const spelled = (term: string) => compileTerm(term, folding, "spelled");
  const disguisedly = (term: string) => compileTerm(term, folding, "disguised");
  const exact = (terms: readonly string[] = []) => createTermSet(terms.map(exactly));
  const disguised = (terms: readonly string[]) => createTermSet(terms.map(disguisedly));
  return {
    fold: (text) => joinSplit(foldDisguise(text, folding.characters, folding.emoji), splits),
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
    places: compilePlaces(documents),
    paperLinks: documents.paper_links,
    paperMiddles: exact(documents.paper_middles),
    paperHeads: disguised(documents.paper_heads),
    obtainPatterns: compilePatterns(documents.obtain_patterns),
    changePatterns: compilePatterns(documents.change_patterns),
    negatedBefore: anyOf(rules.negated_before, "", "$"),
    phraseStops: anyOf(documents.phrase_stops),
    media: exact(documents.media),
    quotedExcept: exact(documents.quoted_except),
    ocrTitleFields: { need: documents.ocr_title_fields.need, of: exact(documents.ocr_title_fields.of) },
    adverts: exact(documents.adverts),
    refusals: exact(documents.refusals),
    atWork: compilePatterns(documents.at_work),
    talk: documents.talk.map(({ groups, about, unless }) => ({
      groups,
      about: compilePatterns(about),
      unless: compilePatterns(unless),
    })),
    groups: documents.groups.map((group) => ({
      group,
      names: createTermSet([
        ...group.terms.map(disguisedly),
        ...group.exact_terms.map(spelled),
        ...initialsOf(group.terms, folding).map(exactly),
      ]),
      patterns: compilePatterns(group.patterns),
      papers: {
        of: disguised(group.papers.of),
        heads: disguised(group.papers.heads),
        patterns: compilePatterns(group.papers.patterns),
      },
      fields: exact(group.fields),
      acts: compilePatterns(group.acts),
      ocrAny: exact(group.ocr_any),
      ocrFields: [...(group.ocr_several === undefined ? [] : [group.ocr_several]), ...group.ocr_fields].map(
        ({ need, of }) => ({ need, of: exact(of) }),
      ),
    })),
    rules: rules.word_rules.map((rule) => ({
      rule,
      any: rule.exact ? exact(rule.any) : disguised(rule.any),
      patterns: compilePatterns(rule.patterns),
      inPictures: rule.in_pictures ? exact(rule.any) : exact(),
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

function compilePlaces({ places, ...documents }: RiskRules["documents"]): Places {
  const before = (sources: readonly string[]) => anyOf(sources, "", "$");
  const after = (sources: readonly string[]) => anyOf(sources, "^");
  return {
    required: before(documents.required_before),
    before: before(documents.mentioned_before),
    after: after(documents.mentioned_after),
    shownFor: after(documents.mentioned_for),
    workedBefore: before(documents.worked_on_before),
    workedAfter: after(documents.worked_on_after),
    beforeName: before(places.product_worked_on_before),
    ofName: after(places.product_worked_on_after),
    container: before(places.container_before),
    contents: after(places.product_contents_after),
    productHead: before(places.product_heads),
    portraitHead: before(places.portrait_heads),
    lineBefore: before(places.line_before),
    lineAfter: after(places.line_after),
    fieldBefore: before(places.field_changed_before),
    fieldAfter: after(places.field_changed_after),
  };
}

const NEVER = /(?!)/u;

function anyOf(sources: readonly string[], from = "", to = ""): RegExp {
  return sources.length === 0
    ? NEVER
    : new RegExp(`${from}(?:${sources.map((source) => `(?:${source})`).join("|")})${to}`, "u");
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

function splitsOf(glyphs: RiskRules["folding"]["glyphs"]): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(glyphs).flatMap(([whole, { split }]) =>
      split.filter((parts) => parts.length > 1).map((parts) => [parts, whole] as const),
    ),
  );
}

export function findPatterns(folded: FoldedText, patterns: readonly RegExp[]): Span[] {
  return patterns.flatMap((pattern) => findPattern(folded, pattern));
}

export function blankTerms(
  folded: FoldedText,
  terms: readonly TermSet[],
  patterns: readonly RegExp[] = [],
): FoldedText {
  return blankOut(folded, [
    ...terms.flatMap((set) => findTerms(folded, set)),
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
  for (const { start, end } of findTerms(whole, unbroken)) inside.fill(1, start + 1, end);
  return inside;
}
