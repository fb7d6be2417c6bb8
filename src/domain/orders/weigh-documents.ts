import { findNamed } from "./named-document.ts";
import { blankTerms, findAny, findPatterns, type RiskLexicon } from "./risk-lexicon.ts";
import { findSeen } from "./seen-document.ts";
import type { Service } from "./service.ts";
import type { FoldedText } from "./text-folding.ts";

export type DocumentFinding = { group: string; evidence: string; outcome: "changed" | "only_handled" };

export type DocumentDemand = {
  plain: FoldedText;
  words: FoldedText;
  ocr: FoldedText;
  services: readonly Service[];
};

/** Services that write into a picture: on a document they change its content, whatever is said. */
const WRITING_SERVICES: readonly Service[] = ["edit_text", "redraw"];

/**
 * Official papers and seals that are named or seen. Making, finding or changing one is one thing; only straightening,
 * compressing or resizing it another.
 *
 * @param demand.words - look-alikes already blanked out, as in ocr; plain: before
 */
export function weighDocuments(demand: DocumentDemand, lexicon: RiskLexicon): DocumentFinding[] {
  const rest = blankTerms(
    demand.words,
    [...lexicon.handling, ...lexicon.neutral],
    [...lexicon.handlingPatterns, ...lexicon.neutralPatterns],
  );
  const wish = {
    changes: findAny(rest, lexicon.changes) !== null,
    handles:
      findAny(demand.words, lexicon.handling) !== null ||
      findPatterns(demand.words, lexicon.handlingPatterns).length > 0,
  };
  const namesProduct = demand.words.text.includes("\uFFFC");
  const naming = {
    plain: demand.plain,
    words: demand.words,
    isOfProduct: findAny(demand.plain, lexicon.products) !== null,
    isOfMedium: findAny(demand.plain, lexicon.media) !== null,
  };
  const findings: DocumentFinding[] = [];

  for (const compiled of lexicon.groups) {
    const { group } = compiled;
    const named = findNamed(naming, compiled, lexicon);
    const seen = findSeen(demand.ocr, compiled, lexicon);
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
