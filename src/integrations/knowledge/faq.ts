import { z } from "zod";
import type { KnowledgeBase } from "../../domain/knowledge/knowledge.ts";

export const faqSchema = z.array(
  z.object({ id: z.string().min(1), q: z.array(z.string().min(1)).min(1), a: z.string().min(1) }),
);
export type Faq = z.infer<typeof faqSchema>;

/** A question must share that much with one of the ways it was written down. */
const ENOUGH = 0.34;

/** The shop's written answers, matched by the two-character pieces a question shares with their questions. */
export function createFaqKnowledge(faq: Faq): KnowledgeBase {
  const entries = faq.map((entry) => ({ ...entry, pieces: entry.q.map(piecesOf) }));
  return {
    async search(query, topK) {
      const asked = piecesOf(query);
      const chunks = entries
        .map(({ id, q, a, pieces }) => ({
          id,
          text: a,
          source: { document_id: id, title: q[0] ?? id },
          answers: true,
          score: Math.max(...pieces.map((written) => shared(asked, written))),
        }))
        .filter((chunk) => chunk.score >= ENOUGH)
        .sort((a, b) => b.score - a.score)
        .slice(0, topK);
      return { status: "ok", chunks };
    },
  };
}

function piecesOf(text: string): Set<string> {
  const chars = [
    ...text
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]/gu, ""),
  ];
  return new Set(chars.slice(0, -1).map((char, index) => char + chars[index + 1]));
}

/** How much of the written question is in what was asked. */
function shared(asked: ReadonlySet<string>, written: ReadonlySet<string>): number {
  if (written.size === 0) return 0;
  let count = 0;
  for (const piece of written) if (asked.has(piece)) count += 1;
  return count / written.size;
}
