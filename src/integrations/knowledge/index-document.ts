import { createHash } from "node:crypto";
import type { KnowledgeDocument, NewChunk } from "../../domain/knowledge/ports.ts";
import { splitDocument } from "../../domain/knowledge/split-document.ts";
import type { WordCutter } from "../chinese-words.ts";
import { type ParsedDocument, parseDocument } from "./parse-document.ts";

/** Part of every hash: with another way of cutting, everything is indexed anew. */
const VERSION = 2;
/** A word of the title or a heading says more of what a chunk is about than one of its text. */
const HEADING_TIMES = 2;

/** What a sheet of questions and answers is called where it is cited; its file name says nothing to who asks. */
const QA_TITLE = "常见问答";

export type IndexedDocument = {
  document: Pick<KnowledgeDocument, "id" | "title" | "url" | "kind" | "hash">;
  chunks: NewChunk[];
};

/**
 * A file as it is stored and found.
 *
 * @param id - names the document for good, such as its path within the imported folder
 * @throws AppError("document-unreadable")
 */
export async function indexDocument(
  { id, bytes, url = null }: { id: string; bytes: Uint8Array; url?: string | null },
  cut: WordCutter,
): Promise<IndexedDocument> {
  const parsed = await parseDocument(id, bytes);
  const title = parsed.title ?? (parsed.kind === "qa" ? QA_TITLE : nameOf(id));
  return {
    document: {
      id,
      title,
      url,
      kind: parsed.kind,
      hash: createHash("sha256").update(`${VERSION}\n`).update(bytes).digest("hex"),
    },
    chunks: chunksOf(parsed, title, cut),
  };
}

function chunksOf(parsed: ParsedDocument, title: string, cut: WordCutter): NewChunk[] {
  if (parsed.kind === "qa")
    return parsed.pairs.map(({ question, answer }) => ({
      heading: "",
      text: answer,
      question,
      words: counted([...repeated(cut(question)), ...cut(answer)]),
    }));
  return splitDocument(parsed.blocks).map(({ path, text }) => {
    const heading = path.filter((part) => part !== title).join(" › ");
    return {
      heading,
      text,
      question: null,
      words: counted([...repeated(cut(title)), ...repeated(cut(heading)), ...cut(text)]),
    };
  });
}

function repeated(words: readonly string[]): string[] {
  return Array.from({ length: HEADING_TIMES }, () => words).flat();
}

function counted(words: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1);
  return times;
}

function nameOf(id: string): string {
  const file = id.split("/").at(-1) ?? id;
  return file.replace(/\.[^.]+$/u, "");
}
