import { extname } from "node:path";
import mammoth from "mammoth";
import { marked } from "marked";
import readSheets from "read-excel-file/node";
import { extractText, getDocumentProxy } from "unpdf";
import { z } from "zod";
import { AppError, errorText } from "../../domain/errors.ts";
import type { Block } from "../../domain/knowledge/split-document.ts";
import { htmlBlocks } from "./html-blocks.ts";

/** A question as it was written down, with its answer. */
export type WrittenAnswer = { question: string; answer: string };

export type ParsedDocument = { title: string | null } & (
  | { kind: "document"; blocks: Block[] }
  | { kind: "qa"; pairs: WrittenAnswer[] }
);

const pairSchema = z.object({ question: z.string().trim().min(1), answer: z.string().trim().min(1) });
/** What a sheet of questions and answers heads its columns with. */
const QUESTION = /^(?:问题|问|提问|question|q)$/iu;
const ANSWER = /^(?:答案|答|回答|解答|answer|a)$/iu;

const PARSERS: Record<string, (bytes: Uint8Array) => Promise<ParsedDocument>> = {
  ".md": async (bytes) => fromHtml(await marked.parse(textOf(bytes))),
  ".markdown": async (bytes) => fromHtml(await marked.parse(textOf(bytes))),
  ".html": async (bytes) => fromHtml(textOf(bytes)),
  ".htm": async (bytes) => fromHtml(textOf(bytes)),
  ".txt": async (bytes) => ({ kind: "document", title: null, blocks: paragraphs(textOf(bytes)) }),
  ".docx": async (bytes) => {
    const { value } = await mammoth.convertToHtml({ buffer: Buffer.from(bytes) });
    return fromHtml(value);
  },
  ".pdf": fromPdf,
  ".xlsx": fromSheets,
  ".jsonl": async (bytes) => ({ kind: "qa", title: null, pairs: jsonPairs(textOf(bytes)) }),
};

/** The file names that can be imported, by their ending. */
export const DOCUMENT_ENDINGS = Object.keys(PARSERS);

/**
 * Reads a document's headings and texts, or a sheet or JSON lines file of questions and answers.
 *
 * @throws AppError("document-unreadable") with what is wrong with it
 */
export async function parseDocument(name: string, bytes: Uint8Array): Promise<ParsedDocument> {
  const parse = PARSERS[extname(name).toLowerCase()];
  if (parse === undefined)
    throw new AppError(
      "document-unreadable",
      `files like ${name} cannot be read: ${DOCUMENT_ENDINGS.join(" ")}`,
    );
  try {
    return await parse(bytes);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("document-unreadable", `${name}: ${errorText(error)}`, { cause: error });
  }
}

function fromHtml(html: string): ParsedDocument {
  const { title, blocks } = htmlBlocks(html);
  const first = blocks[0];
  // A page whose first heading stands above everything is called by it.
  const headed = first !== undefined && "heading" in first && first.level === 1 ? first.heading : null;
  return { kind: "document", title: headed ?? title, blocks };
}

/** Lines of a page belong together unless an empty line is between them. */
async function fromPdf(bytes: Uint8Array): Promise<ParsedDocument> {
  const pdf = await getDocumentProxy(Uint8Array.from(bytes));
  const { text } = await extractText(pdf, { mergePages: false });
  return { kind: "document", title: null, blocks: text.flatMap(paragraphs) };
}

async function fromSheets(bytes: Uint8Array): Promise<ParsedDocument> {
  const sheets = await readSheets(Buffer.from(bytes));
  const blocks: Block[] = [];
  const pairs: WrittenAnswer[] = [];
  for (const { sheet, data } of sheets) {
    const rows = data.map((row) => row.map(cellText));
    const [head = [], ...body] = rows.filter((row) => row.some((cell) => cell !== ""));
    const question = head.findIndex((cell) => QUESTION.test(cell));
    const answer = head.findIndex((cell) => ANSWER.test(cell));
    if (question >= 0 && answer >= 0) {
      for (const row of body)
        if (row[question] && row[answer]) pairs.push({ question: row[question], answer: row[answer] });
      continue;
    }
    blocks.push({ heading: sheet, level: 1 });
    // A row alone says nothing: each cell goes with the head of its column.
    for (const row of body) {
      const cells = row.flatMap((cell, at) =>
        cell === "" ? [] : [head[at] ? `${head[at]}：${cell}` : cell],
      );
      blocks.push({ text: cells.join("；") });
    }
  }
  return pairs.length > 0 && blocks.length === 0
    ? { kind: "qa", title: null, pairs }
    : {
        kind: "document",
        title: null,
        blocks: [...blocks, ...pairs.map((pair) => ({ text: `${pair.question}\n${pair.answer}` }))],
      };
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return String(value).trim();
}

function jsonPairs(text: string): WrittenAnswer[] {
  return text.split("\n").flatMap((line, at) => {
    if (line.trim() === "") return [];
    const parsed = pairSchema.safeParse(JSON.parse(line));
    if (!parsed.success)
      throw new AppError("document-unreadable", `line ${at + 1} has no question and answer`);
    return [parsed.data];
  });
}

function paragraphs(text: string): Block[] {
  return text
    .split(/\n\s*\n/u)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => ({ text: part }));
}

/** UTF-8, or the GB18030 that old Chinese programs write; a byte order mark is not text. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll("\r\n", "\n");
  } catch {
    return new TextDecoder("gb18030").decode(bytes).replaceAll("\r\n", "\n");
  }
}
