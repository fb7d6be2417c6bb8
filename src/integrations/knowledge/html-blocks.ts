import { Parser } from "htmlparser2";
import type { Block } from "../../domain/knowledge/split-document.ts";

/** What is not the text of a page. */
const SILENT = new Set(["script", "style", "noscript", "template", "nav", "head", "svg", "iframe", "form"]);
/** Where a piece of text begins and ends. */
const OWN_LINE = new Set([
  ..."p div section article main header footer aside blockquote pre ul ol dl dt dd figure figcaption".split(
    " ",
  ),
  ..."table thead tbody tfoot caption tr li br hr details summary address".split(" "),
]);
const CELLS = new Set(["td", "th"]);
const HEADING = /^h([1-6])$/u;

/** The headings and texts of a page, in order; a row of a table is one text, list items keep their number. */
export function htmlBlocks(html: string): { title: string | null; blocks: Block[] } {
  const blocks: Block[] = [];
  const lists: { next: number | null }[] = [];
  let text = "";
  let level = 0;
  let silentIn = 0;
  let preIn = 0;
  let cellIn = 0;
  let title: string | null = null;
  let inTitle = false;
  const end = () => {
    const plain = text.replace(/[^\S\n]+/gu, " ").trim();
    text = "";
    if (plain === "") return;
    blocks.push(level > 0 ? { heading: plain.replaceAll("\n", " "), level } : { text: plain });
  };
  const endAt = (name: string) => {
    if (!OWN_LINE.has(name) && !HEADING.test(name)) return;
    // Paragraphs of one cell stay in its row.
    if (cellIn > 0) text += " ";
    else end();
  };
  const parser = new Parser({
    onopentag(name) {
      if (name === "title") inTitle = true;
      if (SILENT.has(name)) silentIn += 1;
      if (silentIn > 0) return;
      if (name === "pre") preIn += 1;
      endAt(name);
      level = Number(HEADING.exec(name)?.[1] ?? level);
      if (name === "ul" || name === "ol") lists.push({ next: name === "ol" ? 1 : null });
      if (name === "li") text += itemMark(lists.at(-1));
      if (CELLS.has(name)) {
        cellIn += 1;
        if (text.trim() !== "") text += " | ";
      }
    },
    ontext(piece) {
      if (inTitle) title = `${title ?? ""}${piece}`;
      if (silentIn === 0) text += preIn > 0 ? piece : piece.replace(/\s+/gu, " ");
    },
    onclosetag(name) {
      if (name === "title") inTitle = false;
      if (SILENT.has(name)) silentIn = Math.max(0, silentIn - 1);
      if (silentIn > 0) return;
      if (name === "pre") preIn = Math.max(0, preIn - 1);
      if (CELLS.has(name)) cellIn = Math.max(0, cellIn - 1);
      endAt(name);
      if (HEADING.test(name)) level = 0;
      if (name === "ul" || name === "ol") lists.pop();
    },
  });
  parser.end(html);
  end();
  return { title: title === null ? null : (title as string).trim() || null, blocks };
}

function itemMark(list: { next: number | null } | undefined): string {
  if (list === undefined || list.next === null) return "- ";
  list.next += 1;
  return `${list.next - 1}. `;
}
