import type { Span } from "./spans.ts";

const emailDot = "[ ]{0,2}(?:\\.|。|点|[[(]?\\bdot\\b[\\])]?)[ ]{0,2}";
const emailAt = new RegExp(
  `(?<=([A-Za-z0-9._%+-]{1,64})) ?@ ?(?!\\dx\\.)[A-Za-z0-9-]{1,63}(?:${emailDot}[A-Za-z0-9-]{1,63}){0,4}?${emailDot}[A-Za-z]{2,24}(?![A-Za-z0-9])(?:\\.[A-Za-z]{2,12})?`,
  "gu",
);
const spelled = new RegExp(
  `(?<=([A-Za-z0-9._%+-]{1,64}))(?:[ ]{1,3}at[ ]{1,3}|[ ]{0,2}[[({]at[\\])}][ ]{0,2}|艾特|#)(?:[A-Za-z0-9-]{1,63}(?:[ ]{1,2}dot[ ]{1,2}|[ ]{0,2}[[({]dot[\\])}][ ]{0,2}|点)[A-Za-z]{2,12}|(?:qq|163|126|139|189|gmail|outlook|hotmail|sina|foxmail|yahoo|icloud|aliyun)${emailDot}(?:com|cn|net))(?![A-Za-z0-9])`,
  "giu",
);

export function findEmails(text: string, spans: Span[]): void {
  const found = text.includes("@") ? [...text.matchAll(emailAt)] : [];
  if (/at|#|艾特/iu.test(text)) found.push(...text.matchAll(spelled));
  for (const match of found)
    spans.push([match.index - (match[1] ?? "").length, match.index + match[0].length, "email"]);
}
