import { cutsComposedName } from "./composed-name.ts";
import { findNamed } from "./named-document.ts";
import { blankTerms, findPatterns, type RiskLexicon } from "./risk-lexicon.ts";
import { findSeen } from "./seen-document.ts";
import type { Service } from "./service.ts";
import { findAny, findTerms, type TermSet } from "./term-set.ts";
import { type FoldedText, lineOf } from "./text-folding.ts";
import { beginsWord } from "./word-borders.ts";

export type DocumentFinding = { group: string; evidence: string; outcome: "changed" | "only_handled" };

export type DocumentDemand = {
  plain: FoldedText;
  words: FoldedText;
  ocr: FoldedText;
  /** Our own questions before these words. */
  asked: FoldedText;
  services: readonly Service[];
};

/** Services that write into a picture: on a document they change its content, whatever is said. */
const WRITING_SERVICES: readonly Service[] = ["edit_text", "redraw"];
const NO_LINES: ReadonlySet<number> = new Set();

/**
 * Official papers and seals that are named, seen, or that we asked about. Making, finding or changing one is one
 * thing; only straightening, compressing or resizing it another.
 *
 * @param demand.words - look-alikes already blanked out, as in ocr; plain: before
 */
export function weighDocuments(demand: DocumentDemand, lexicon: RiskLexicon): DocumentFinding[] {
  const rest = blankTerms(
    demand.words,
    [lexicon.handling, lexicon.neutral],
    [...lexicon.handlingPatterns, ...lexicon.neutralPatterns],
  );
  const handles =
    findAny(demand.words, lexicon.handling) !== null ||
    findPatterns(demand.words, lexicon.handlingPatterns).length > 0;
  const obtains = !handles && findPatterns(rest, lexicon.obtainPatterns).length > 0;
  const wish = { handles, changes: obtains || asksForChange(rest, lexicon) };
  const namesProduct = demand.words.text.includes("\uFFFC");
  const naming = {
    plain: demand.plain,
    words: demand.words,
    productLines: linesWith(demand.plain, lexicon.products, lexicon),
    mediumLines: linesWith(demand.plain, lexicon.media, lexicon),
  };
  const asking = { plain: demand.asked, words: demand.asked, productLines: NO_LINES, mediumLines: NO_LINES };
  const names = lexicon.groups.map((compiled) => findNamed(naming, compiled, lexicon));
  // Whoever names something else does not answer about what we asked: 不是发票，是发票夹.
  const answers = !namesProduct && names.every((named) => named === null);
  const findings: DocumentFinding[] = [];

  for (const [index, compiled] of lexicon.groups.entries()) {
    const { group } = compiled;
    const named = names[index] ?? null;
    const asked = answers ? findNamed(asking, compiled, lexicon) : null;
    const shown =
      findSeen(demand.ocr, compiled, lexicon) ?? (asked?.isListed === true ? asked.evidence : null);
    const evidence = named?.evidence ?? shown;
    if (evidence === null) continue;
    const isSure = shown !== null || named?.isListed === true;

    const isHandlingService = demand.services.every((service) => group.handling_services.includes(service));
    const writes = demand.services.some((service) => WRITING_SERVICES.includes(service));
    const isHarmless = demand.services.length > 0 ? isHandlingService : wish.handles;
    // A picture of a document with no wish yet, or of a product that shows one, is for a person to look at.
    const isOnlySeen = named === null && !writes && (demand.services.length === 0 || namesProduct);
    const changes = wish.changes || findPatterns(demand.words, compiled.acts).length > 0;
    if (!isSure && !writes && !changes && !wish.handles) continue;
    const onlyHandled = !changes && (isHarmless || isOnlySeen);
    findings.push({ group: group.id, evidence, outcome: onlyHandled ? "only_handled" : "changed" });
  }
  return findings;
}

/** A single character must begin a word: the 写 of 手写 changes nothing. */
function asksForChange(rest: FoldedText, { changes, changePatterns }: RiskLexicon): boolean {
  return (
    findTerms(rest, changes).some(({ start, end }) => end - start > 1 || beginsWord(rest, start)) ||
    findPatterns(rest, changePatterns).length > 0
  );
}

function linesWith(text: FoldedText, set: TermSet, lexicon: RiskLexicon): ReadonlySet<number> {
  const meant = findTerms(text, set).filter((match) => !cutsComposedName(text, match, lexicon));
  return new Set(meant.map((match) => lineOf(text, match)));
}
