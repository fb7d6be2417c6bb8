/** Where a text may be cut, the best first. */
const ENDS = ["\n", "。！？；!?;…", "，,、 "];

/**
 * Splits a text so that no piece has more bytes of UTF-8 than 企业微信 takes, at the end of a line or a sentence where
 * there is one. The pieces joined give the text back, apart from white space at the cuts; no character is cut in two.
 *
 * @param limit - most bytes in a piece; at least 4
 */
export function splitBytes(text: string, limit: number): string[] {
  const pieces: string[] = [];
  let rest = [...text.toWellFormed()];
  while (rest.length > 0) {
    const fits = countFitting(rest, limit);
    const cut = fits === rest.length ? fits : cutAt(rest.slice(0, fits));
    pieces.push(rest.slice(0, cut).join("").trim());
    rest = rest.slice(cut);
  }
  return pieces.filter((piece) => piece !== "");
}

function countFitting(characters: readonly string[], limit: number): number {
  let bytes = 0;
  const over = characters.findIndex((character) => {
    bytes += Buffer.byteLength(character);
    return bytes > limit;
  });
  return over === -1 ? characters.length : over;
}

/** After the last end in the window, unless little would be left before it; else where the window ends. */
function cutAt(window: readonly string[]): number {
  for (const ends of ENDS) {
    const last = window.findLastIndex((character) => ends.includes(character));
    if (last + 1 > window.length / 3) return last + 1;
  }
  return window.length;
}
