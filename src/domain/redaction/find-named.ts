import { HAN, harmless, type Kind, MARK, Q, type Span, STOP } from "./spans.ts";
import { isCounter, keyKind } from "./value-names.ts";

/** Names that tell only as `name=value`: elsewhere they are ordinary words. */
const queryName =
  /^(?:key|auth|session|sessionid|phpsessid|jsessionid|sid|sig|sign|signature|x-amz-signature|x-amz-credential|ticket_?secret)$/iu;
const quotedKey = new RegExp(`(${Q})([\\w.\\-\\u4e00-\\u9fff]{2,60})\\1\\s{0,8}:\\s{0,8}`, "gu");
const nakedKey = /(?<![\w.-])([A-Za-z_][\w.-]{1,60})["'\uE001-\uE00F]?[ \t]{0,3}(=>|[=:])[ \t]{0,3}/gu;
const nakedValue = new RegExp(`[^${STOP}&;,]{1,4096}`, "uy");
const lineValue = new RegExp(`[^\\n"'\uE001-\uE00F${MARK}]{1,8192}`, "uy");
const addressValue = new RegExp(`[^\\n"';&|。\uE001-\uE00F${MARK}]{2,120}`, "uy");
const nameValue = new RegExp(
  `(?:${HAN}{1,6}(?:·${HAN}{1,8})?|[A-Z][A-Za-z.'-]{0,20}(?: [A-Z][A-Za-z.'-]{0,20}){0,3})`,
  "uy",
);

export function findQuotedKeys(text: string, spans: Span[]): void {
  quotedKey.lastIndex = 0;
  for (let match = quotedKey.exec(text); match !== null; match = quotedKey.exec(text)) {
    const [whole, quote = "", key = ""] = match;
    const kind = keyKind(key);
    const from = match.index + whole.length;
    if (kind === null) {
      quotedKey.lastIndex = from;
      continue;
    }
    const opening = text.charAt(from);
    let end = from;
    if (/["'\uE001-\uE00F]/u.test(opening)) {
      end = closingQuote(text, opening, from + 1);
      const value = text.slice(from + 1, end);
      if (value.trim() !== "" && value !== MARK) spans.push([from + 1, end, kind]);
    } else if (opening === "{" || opening === "[") {
      end = closingBracket(text, from);
      if (end - from > 2 && kind !== "account") spans.push([from, end, kind]);
      else end = from + 1;
    } else {
      const number = /^-?\d[\d.]{0,30}/u.exec(text.slice(from, from + 32))?.[0] ?? "";
      end = from + number.length;
      if (number !== "" && !isCounter(key, number)) spans.push([from, end, kind]);
    }
    quotedKey.lastIndex = Math.max(end, match.index + quote.length + key.length);
  }
}

function closingQuote(text: string, quote: string, from: number): number {
  let end = text.indexOf(quote, from);
  while (end > 0 && quote === '"' && text.charAt(end - 1) === "\\" && text.charAt(end - 2) !== "\\")
    end = text.indexOf(quote, end + 1);
  return end < 0 ? text.length : end;
}

function closingBracket(text: string, from: number): number {
  let depth = 0;
  for (let index = from; index < text.length; index++) {
    const one = text.charCodeAt(index);
    if (one === 0x7b || one === 0x5b) depth++;
    else if (one === 0x7d || one === 0x5d) depth--;
    if (depth === 0) return index + 1;
  }
  return text.length;
}

export function findNakedKeys(text: string, spans: Span[]): void {
  nakedKey.lastIndex = 0;
  for (let match = nakedKey.exec(text); match !== null; match = nakedKey.exec(text)) {
    const [whole, key = "", sign = ""] = match;
    const from = match.index + whole.length;
    const weak = sign === "=" && queryName.test(key);
    const kind = keyKind(key) ?? (weak ? "secret" : null);
    if (kind === null) continue;
    const opening = text.charAt(from);
    const quoted = /["'\uE001-\uE00F]/u.test(opening);
    const start = quoted ? from + 1 : from;
    const end = quoted ? closingQuote(text, opening, start) : nakedEnd(text, from, kind, key, sign);
    const value = text.slice(start, end);
    if (value.trim() === "" || value.includes(MARK) || harmless.test(value) || isCounter(key, value))
      continue;
    if (weak && value.length < (/[?&]$/u.test(text.slice(0, match.index).slice(-1)) ? 1 : 6)) continue;
    if (
      sign === ":" &&
      !quoted &&
      kind !== "secret" &&
      kind !== "name" &&
      kind !== "address" &&
      !/[\d@_]/u.test(value)
    )
      continue;
    spans.push([start, end, kind]);
    nakedKey.lastIndex = end;
  }
}

function nakedEnd(text: string, from: number, kind: Kind, key: string, sign: string): number {
  const rule =
    /authorization|cookie/iu.test(key) && sign === ":"
      ? lineValue
      : sign === ":" && kind === "address"
        ? addressValue
        : sign === ":" && kind === "name"
          ? nameValue
          : nakedValue;
  rule.lastIndex = from;
  if (
    kind === "address" &&
    /^(?:https?:|\w{2,8}:\/\/|\d{1,3}\.\d{1,3}\.|localhost)/u.test(text.slice(from, from + 12))
  )
    return from;
  return from + (rule.exec(text)?.[0].length ?? 0);
}
