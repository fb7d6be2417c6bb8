import { kinds, MARK } from "./spans.ts";

const INVISIBLE =
  "\\u00ad\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u2069\\u20e3\\ufe00-\\ufe0f\\ufeff";
const foldable = new RegExp(
  `[${INVISIBLE}\\uff01-\\uff5e\\u3000\\u00a0①-⑨⓪\\u{1d7ce}-\\u{1d7ff}]|\\\\{1,15}(?:u[0-9a-fA-F]{4}|["'nrt/])|\\[(?:${kinds.join("|")})\\]`,
  "gu",
);
const invisible = new RegExp(`[${INVISIBLE}]`, "u");

/** Text as the rules read it: half-width, without invisible characters, JSON's escapes undone. `at` leads back. */
type Folded = { text: string; at: Int32Array | null };

export function fold(text: string): Folded {
  if (text.search(foldable) < 0) return { text, at: null };
  const at = new Int32Array(text.length + 1);
  let folded = "";
  let from = 0;
  const copy = (to: number): void => {
    for (let index = from; index < to; index++) at[folded.length + index - from] = index;
    folded += text.slice(from, to);
  };
  for (const match of text.matchAll(foldable)) {
    copy(match.index);
    const one = foldOne(match[0]);
    if (one !== "") at[folded.length] = match.index;
    folded += one;
    from = match.index + match[0].length;
  }
  copy(text.length);
  at[folded.length] = text.length;
  return { text: folded, at };
}

function foldOne(token: string): string {
  if (token.startsWith("[")) return MARK;
  if (token.startsWith("\\")) {
    const slashes = token.lastIndexOf("\\") + 1;
    const rest = token.slice(slashes);
    if (rest.startsWith("u")) return foldOne(String.fromCharCode(Number.parseInt(rest.slice(1), 16)));
    if (rest === '"' || rest === "'") return String.fromCharCode(0xe000 + slashes);
    return rest === "/" ? "/" : rest === "t" ? " " : "\n";
  }
  if (invisible.test(token)) return "";
  const point = token.codePointAt(0) ?? 0;
  if (point === 0x3000 || point === 0xa0) return " ";
  if (point >= 0xff01 && point <= 0xff5e) return String.fromCharCode(point - 0xfee0);
  if (point >= 0x2460 && point <= 0x2468) return String(point - 0x245f);
  if (point === 0x24ea) return "0";
  if (point >= 0x1d7ce && point <= 0x1d7ff) return String((point - 0x1d7ce) % 10);
  return token;
}
