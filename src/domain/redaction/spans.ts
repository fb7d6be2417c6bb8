/** What stands for the value that was taken out. */
export const kinds = [
  "phone",
  "id",
  "card",
  "email",
  "address",
  "name",
  "account",
  "plate",
  "code",
  "secret",
] as const;
export type Kind = (typeof kinds)[number];
export type Span = [start: number, end: number, kind: Kind];

/** In the folded text a marker is MARK, and a quote behind n backslashes is U+E000 + n. */
export const MARK = "\uE100";
export const Q = "[\"'\uE001-\uE00F]";
export const STOP = `\\s"'<>\uE000-\uE100`;
export const HAN = "[\\u4e00-\\u9fff]";
export const SEP = " \\t\\-.·•・_()\\u2010-\\u2015\\u2212";
export const NUMERALS = "零〇○一壹幺二贰两三叁四肆五伍六陆七柒八捌九玖";
/** What says that there is no value. */
export const harmless = /^(?:true|false|null|undefined|none|nil|\*+)$/iu;
