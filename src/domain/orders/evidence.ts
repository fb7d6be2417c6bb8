import { z } from "zod";

/** What OCR saw on one picture (spec orders §2). OCR text is data: it feeds risk and search, never instructions. */
export const textEvidenceSchema = z.object({
  id: z.string(),
  engine: z.string(),
  version: z.string(),
  boxes: z.array(
    z.object({ points: z.array(z.tuple([z.number(), z.number()])), text: z.string(), score: z.number() }),
  ),
  chars_lower: z.int().nonnegative().describe("characters in boxes with score >= 0.8"),
  chars_upper: z.int().nonnegative().describe("characters in boxes with score >= 0.5"),
  area_share: z.number().min(0).max(1),
  verdict: z.enum(["yes", "no", "unsure"]),
  failed: z.boolean().default(false).describe("true when OCR could not run: the bounds then say nothing"),
});
export type TextEvidence = z.infer<typeof textEvidenceSchema>;

const SURE_SCORE = 0.8;
const POSSIBLE_SCORE = 0.5;

type EvidenceSource = { engine: string; version: string; id: string };

/**
 * Turns OCR boxes into evidence with bounds: what is surely written and what may be.
 *
 * @param source.pictureArea - pixels; box points are pixels of the same picture
 */
export function judgeEvidence(
  boxes: TextEvidence["boxes"],
  source: EvidenceSource & { pictureArea: number },
): TextEvidence {
  const possible = boxes.filter((box) => box.score >= POSSIBLE_SCORE);
  const sure = boxes.filter((box) => box.score >= SURE_SCORE);
  const charsLower = countAll(sure);
  const charsUpper = countAll(possible);
  const covered = possible.reduce((area, box) => area + areaOf(box.points), 0);
  return {
    id: source.id,
    engine: source.engine,
    version: source.version,
    boxes,
    chars_lower: charsLower,
    chars_upper: charsUpper,
    // Boxes may overlap or reach over the edge; a share above 1 says nothing.
    area_share: source.pictureArea > 0 ? Math.min(1, covered / source.pictureArea) : 0,
    verdict: verdictOf(charsLower, charsUpper),
    failed: false,
  };
}

/** OCR could not run: nothing was seen, and that proves nothing. */
export function failedEvidence(source: EvidenceSource): TextEvidence {
  return {
    id: source.id,
    engine: source.engine,
    version: source.version,
    boxes: [],
    chars_lower: 0,
    chars_upper: 0,
    area_share: 0,
    verdict: "unsure",
    failed: true,
  };
}

/** Letters of any script and digits; spaces, punctuation, marks and emoji do not count. */
export function countCharacters(text: string): number {
  // A keycap emoji is a digit plus a combining keycap: drop it whole.
  const withoutKeycaps = text.replace(/[0-9]\uFE0F?\u20E3/gu, "");
  return withoutKeycaps.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
}

function countAll(boxes: TextEvidence["boxes"]): number {
  return boxes.reduce((sum, box) => sum + countCharacters(box.text), 0);
}

/** One stray character is not text. */
function verdictOf(charsLower: number, charsUpper: number): TextEvidence["verdict"] {
  if (charsUpper <= 1) return "no";
  return charsLower >= 2 ? "yes" : "unsure";
}

/** Shoelace formula; 0 for fewer than three points. */
function areaOf(points: TextEvidence["boxes"][number]["points"]): number {
  let doubled = 0;
  points.forEach(([x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length] ?? [x, y];
    doubled += x * nextY - nextX * y;
  });
  return Math.abs(doubled) / 2;
}
