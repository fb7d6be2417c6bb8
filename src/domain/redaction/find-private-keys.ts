import type { Span } from "./spans.ts";

const pem = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/gu;

export function findPrivateKeys(text: string, spans: Span[]): void {
  if (!text.includes("PRIVATE KEY")) return;
  for (const match of text.matchAll(pem)) {
    const end = text.indexOf("-----END", match.index);
    const close = end < 0 ? -1 : text.indexOf("-----", end + 8);
    const from = match.index;
    if (spans.some(([start, to]) => start <= from && from < to)) continue;
    spans.push([from, close < 0 ? text.length : close + 5, "secret"]);
    if (close < 0) return;
  }
}
