import { findEmails } from "./find-emails.ts";
import { findLabelled } from "./find-labelled.ts";
import { findNakedKeys, findQuotedKeys } from "./find-named.ts";
import { findNumbers } from "./find-numbers.ts";
import { findPrivateKeys } from "./find-private-keys.ts";
import { fold } from "./fold.ts";
import { NUMERALS, type Span } from "./spans.ts";

const passesAtMost = 6;
const worthReading = new RegExp(
  `[0-9@=＝＠０-９Ａ-Ｚａ-ｚ①-⑨⓪\\\\\\ud835省市区县镇乡村路街巷弄栋幢址]|[A-Za-z]{4}|[${NUMERALS}]{4}|[叫人名码钥匙令信号宝证]`,
  "u",
);

/**
 * The text with personal data and secrets taken out: `[phone]`, `[id]`, `[card]`, `[email]`, `[address]`, `[name]`,
 * `[account]`, `[plate]`, `[code]` or `[secret]` stands where one was. A number is known by its form (mainland mobile,
 * landline, identity card, Luhn-valid bank card), whatever digits, blanks or invisible characters it is written with;
 * names, passwords, codes and accounts by the label before them, in JSON's escapes too. Prices, sizes, times, ids,
 * hashes, hosts and order numbers stay. Twice is the same as once.
 */
export function redactText(text: string): string {
  if (text.length > shortAtMost) return read(text);
  const known = recent.get(text);
  if (known !== undefined) return known;
  const clean = read(text);
  if (recent.size >= recentAtMost) recent.clear();
  recent.set(text, clean);
  return clean;
}

/** Ids, versions and names of tools come again and again. */
const recent = new Map<string, string>();
const recentAtMost = 2_000;
const shortAtMost = 64;

function read(text: string): string {
  let now = text;
  for (let pass = 0; pass < passesAtMost && worthReading.test(now); pass++) {
    const next = takeOut(now);
    if (next === now) return now;
    now = next;
  }
  return now;
}

function takeOut(text: string): string {
  const folded = fold(text);
  const spans: Span[] = [];
  findPrivateKeys(folded.text, spans);
  findNumbers(folded.text, spans);
  findEmails(folded.text, spans);
  findLabelled(folded.text, spans);
  if (/[:=]/u.test(folded.text)) {
    findQuotedKeys(folded.text, spans);
    findNakedKeys(folded.text, spans);
  }
  if (spans.length === 0) return text;
  spans.sort((one, other) => one[0] - other[0] || other[1] - one[1]);
  let out = "";
  let done = 0;
  for (let index = 0; index < spans.length; ) {
    const [start, first, kind] = spans[index] as Span;
    let end = first;
    for (index++; index < spans.length && (spans[index]?.[0] ?? 0) < end; index++)
      end = Math.max(end, spans[index]?.[1] ?? 0);
    const from = folded.at?.[start] ?? start;
    out += `${text.slice(done, from)}[${kind}]`;
    done = folded.at?.[end] ?? end;
  }
  return out + text.slice(done);
}
