/** A heading (level 1 to 6) or a piece of body text; a table is a text per row, its head repeated by the parser. */
export type Block = { heading: string; level: number } | { text: string };

/** A piece of a document that is found and cited as one. path: the headings above it, outermost first. */
export type Piece = { path: string[]; text: string };

/** Long enough for a how-to with its steps, short enough to be shown as an answer. Characters. */
const MOST = 600;
/** A part shorter than that goes with what came before it, also if that is full. */
const LEAST = 120;
/** Where a text that is too long is cut, best place first. */
const BREAKS = ["\n", "。", "；", "！", "？", ". ", "，", ", ", " "];

/** Cuts a document by its headings, and what is still too long between paragraphs and sentences. Nothing is lost. */
export function splitDocument(blocks: readonly Block[]): Piece[] {
  const pieces: Piece[] = [];
  let path: { heading: string; level: number }[] = [];
  let gathered = "";
  const flush = () => {
    if (gathered !== "") pieces.push({ path: path.map(({ heading }) => heading), text: gathered });
    gathered = "";
  };
  for (const block of blocks) {
    if ("heading" in block) {
      flush();
      path = [...path.filter(({ level }) => level < block.level), block];
      continue;
    }
    for (const part of cutLong(block.text.trim())) {
      const isFull = gathered.length + part.length + 1 > MOST;
      if (isFull && (gathered.length >= LEAST || part.length >= LEAST)) flush();
      gathered = gathered === "" ? part : `${gathered}\n${part}`;
    }
  }
  flush();
  return together(pieces);
}

/** Short sections of one document are found and read as one; what is no longer above all of it stands in the text. */
function together(pieces: readonly Piece[]): Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    const path = last === undefined ? [] : shared(last.path, piece.path);
    const text = last === undefined ? "" : `${headed(last, path)}\n${headed(piece, path)}`;
    if (last !== undefined && text.length <= MOST) joined[joined.length - 1] = { path, text };
    else joined.push(piece);
  }
  return joined;
}

function shared(one: readonly string[], other: readonly string[]): string[] {
  const differs = one.findIndex((heading, at) => heading !== other[at]);
  return one.slice(0, differs < 0 ? one.length : differs);
}

/** A piece under fewer headings: the others come before its text. */
function headed({ path, text }: Piece, above: readonly string[]): string {
  return [...path.slice(above.length), text].join("\n");
}

function cutLong(text: string): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > MOST) {
    const at = breakBefore(rest);
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  if (rest !== "") parts.push(rest);
  return parts;
}

/** The last good place to cut within what fits, but never so early that a crumb is left. */
function breakBefore(text: string): number {
  const within = text.slice(0, MOST);
  for (const mark of BREAKS) {
    const at = within.lastIndexOf(mark);
    if (at >= MOST / 2) return at + mark.length;
  }
  // In the middle of a character that takes two units the cut moves on.
  return /[\uD800-\uDBFF]$/u.test(within) ? MOST - 1 : MOST;
}
