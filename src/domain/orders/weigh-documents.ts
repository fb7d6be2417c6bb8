import { blankTerms, findAny, type RiskLexicon } from "./risk-lexicon.ts";
import type { Service } from "./service.ts";
import { type FoldedText, findTerm, type Span, sourceOf, type Term } from "./text-folding.ts";

export type DocumentFinding = { group: string; evidence: string; outcome: "changed" | "only_handled" };

export type DocumentDemand = { words: FoldedText; ocr: FoldedText; services: readonly Service[] };

/** Services that write into a picture: on a document they change its content, whatever is said. */
const WRITING_SERVICES: readonly Service[] = ["edit_text", "redraw"];

/**
 * Official papers and seals that are named or seen. Making, finding or changing one is one thing; only straightening,
 * compressing or resizing it another.
 *
 * @param demand.words - look-alikes already blanked out
 */
export function weighDocuments(demand: DocumentDemand, lexicon: RiskLexicon): DocumentFinding[] {
  const rest = blankTerms(demand.words, [...lexicon.handling, ...lexicon.neutral]);
  const wish = {
    changes: findAny(rest, lexicon.changes) !== null,
    handles: findAny(demand.words, lexicon.handling) !== null,
  };
  const namesProduct = demand.words.text.includes("\uFFFC");
  const findings: DocumentFinding[] = [];

  for (const compiled of lexicon.groups) {
    const { group } = compiled;
    const named = findNamed(demand.words, compiled.terms, lexicon);
    const seen = findSeen(demand.ocr, compiled.ocrAny, compiled.ocrSeveral, group.ocr_several?.need ?? 0);
    const evidence = named ?? seen;
    if (evidence === null) continue;

    const isHandlingService = demand.services.every((service) => group.handling_services.includes(service));
    const writes = demand.services.some((service) => WRITING_SERVICES.includes(service));
    const isHarmless = demand.services.length > 0 ? isHandlingService : wish.handles;
    // A picture of a document with no wish yet, or of a product that shows one, is for a person to look at.
    const isOnlySeen = named === null && !writes && (demand.services.length === 0 || namesProduct);
    const onlyHandled = !wish.changes && (isHarmless || isOnlySeen);
    findings.push({ group: group.id, evidence, outcome: onlyHandled ? "only_handled" : "changed" });
  }
  return findings;
}

function findNamed(words: FoldedText, terms: readonly Term[], lexicon: RiskLexicon): string | null {
  for (const term of terms) {
    const real = findTerm(words, term).find((span) => !isOnlyMentioned(words, span, lexicon));
    if (real !== undefined) return sourceOf(words, real);
  }
  return null;
}

/** 发票夹 is a thing to sell; 考驾照 is a reason for a portrait. Neither is the document. */
function isOnlyMentioned(words: FoldedText, span: Span, lexicon: RiskLexicon): boolean {
  const follows = lexicon.productEndings.some((term) =>
    findTerm(words, term).some((ending) => ending.start === span.end),
  );
  const precedes = lexicon.purposeBeginnings.some((term) =>
    findTerm(words, term).some((beginning) => beginning.end === span.start),
  );
  return follows || precedes;
}

function findSeen(
  ocr: FoldedText,
  any: readonly Term[],
  several: readonly Term[],
  need: number,
): string | null {
  const strong = findAny(ocr, any);
  if (strong !== null) return sourceOf(ocr, strong);
  const seen = several.flatMap((term) => findTerm(ocr, term).slice(0, 1));
  return need > 0 && seen.length >= need ? seen.map((span) => sourceOf(ocr, span)).join(" ") : null;
}
