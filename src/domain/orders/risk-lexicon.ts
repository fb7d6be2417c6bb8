import type { DocumentGroup, RiskRules, WordRule } from "./risk-rules.ts";
import {
  blankOut,
  compileTerm,
  type FoldedText,
  findTerm,
  foldDisguise,
  type Span,
  type Term,
} from "./text-folding.ts";

type CompiledGroup = { group: DocumentGroup; terms: Term[]; ocrAny: Term[]; ocrSeveral: Term[] };
type CompiledRule = { rule: WordRule; any: Term[]; inPictures: Term[]; with: Term[]; without: Term[] };

/** The terms of risk.yaml, ready to be looked for. */
export type RiskLexicon = {
  fold: (text: string) => FoldedText;
  lookalikes: Term[];
  lookalikesWithoutWork: Term[];
  productEndings: Term[];
  purposeBeginnings: Term[];
  handling: Term[];
  neutral: Term[];
  changes: Term[];
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
  const { folding, documents, ownership } = rules;
  const exact = (terms: readonly string[] = []) => terms.map((term) => compileTerm(term, folding, true));
  const disguised = (terms: readonly string[]) => terms.map((term) => compileTerm(term, folding, false));
  return {
    fold: (text) => foldDisguise(text, folding.characters),
    lookalikes: exact(rules.lookalikes),
    lookalikesWithoutWork: exact(rules.lookalikes_without_work),
    productEndings: exact(documents.product_endings),
    purposeBeginnings: exact(documents.purpose_beginnings),
    handling: exact(documents.handling_words),
    neutral: exact(documents.neutral_words),
    changes: exact(documents.change_words),
    groups: documents.groups.map((group) => ({
      group,
      terms: [...disguised(group.terms), ...exact(group.exact_terms)],
      ocrAny: exact(group.ocr_any),
      ocrSeveral: exact(group.ocr_several?.of),
    })),
    rules: rules.word_rules.map((rule) => ({
      rule,
      any: rule.exact ? exact(rule.any) : disguised(rule.any),
      inPictures: rule.in_pictures ? exact(rule.any) : [],
      with: exact(rule.with),
      without: exact(rule.without),
    })),
    ownership: {
      stated: exact(ownership.stated),
      denied: exact(ownership.denied),
      notDenied: exact(ownership.not_denied),
    },
  };
}

export function findAny(folded: FoldedText, terms: readonly Term[]): Span | null {
  for (const term of terms) {
    const [span] = findTerm(folded, term);
    if (span !== undefined) return span;
  }
  return null;
}

export function blankTerms(folded: FoldedText, terms: readonly Term[]): FoldedText {
  return blankOut(
    folded,
    terms.flatMap((term) => findTerm(folded, term)),
  );
}
