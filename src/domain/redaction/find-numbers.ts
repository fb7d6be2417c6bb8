import { type Kind, NUMERALS, SEP, type Span } from "./spans.ts";

const numeralDigits = "00011122233445566778899";
const digitRun = new RegExp(`\\d[\\d${SEP}]{6,}`, "gu");
const numeralRun = new RegExp(`[\\d${NUMERALS}][\\d${NUMERALS}${SEP}]{6,}`, "gu");
const numeral = new RegExp(`[${NUMERALS}]`, "gu");
const hasNumeral = new RegExp(`[${NUMERALS}]`, "u");
const tailX = new RegExp(`[${SEP}]{0,2}[Xx](?![0-9A-Za-z])`, "uy");
const day = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01])";
const mobile = /^(?:(?:00)?86)?1[3-9]\d{9}$/u;
const landline = /^(?:0|(?:00)?860?)(?:10|2\d|[3-9]\d\d)[2-8]\d{6,7}$/u;
const identity18 = new RegExp(`^[1-9]\\d{5}(?:18|19|20)\\d\\d${day}\\d{3}$`, "u");
const identity15 = new RegExp(
  `^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])\\d{4}\\d\\d${day}\\d{3}$`,
  "u",
);
const orderLabel =
  /(?:订单|单号|流水号|编号|order|trade|waybill)[\w"'\s\uE001-\uE00F]{0,8}[号码是为:=#]{0,3}[\s"'\uE001-\uE00F]{0,3}$/iu;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iu;
const opaqueId = /^(?:[0-7][0-9A-HJKMNP-TV-Z]{25}|(?=\d*[a-f])[0-9a-f]{16,128})$/iu;

function luhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    sum += index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

/** Whether digits so parted can be one number, and are not a list of sizes or prices. */
function isOneNumber(parts: readonly string[]): boolean {
  if (parts.length === 1 || parts.every((part) => part.length === 1)) return true;
  const [first = "", ...rest] = parts;
  if (rest.some((part) => part.length < 2) || parts.length > 8) return false;
  return first.length > 2 || rest.every((part) => part.length > 2);
}

function numberKind(digits: string, parts: readonly string[]): Kind | null {
  const { length } = digits;
  if (length < 10) return null;
  const bare = /^(?:00)?86$/u.test(parts[0] ?? "") ? parts.slice(1) : parts;
  if (length <= 15 && /^[018]/u.test(digits) && mobile.test(digits)) {
    if (bare.length === 4 && bare.every((part) => part.length < 4 && Number(part) < 256) && bare === parts)
      return null;
    const usual = bare.map((part) => part.length).join() === "3,4,4" || bare.length === 1;
    if (usual || bare.every((part) => part.length === 1)) return "phone";
    const listed = bare.every((part) => part.endsWith("0"));
    return isOneNumber(bare) && !listed && (bare[0]?.length ?? 0) < 10 ? "phone" : null;
  }
  if (length <= 16 && /^[08]/u.test(digits) && landline.test(digits)) {
    const area = bare[0] ?? "";
    if (bare.length === 1 || (bare.length < 5 && area.length >= 2 && area.length <= 4)) return "phone";
  }
  if (length < 13 || !isOneNumber(parts)) return null;
  if (length === 18 && identity18.test(digits.slice(0, 17))) return "id";
  if (length === 15 && identity15.test(digits)) return "id";
  if (length >= 13 && length <= 19 && /^(?:[3-69]|2[2-7])/u.test(digits) && luhn(digits)) return "card";
  return null;
}

function isWithinId(text: string, start: number, end: number): boolean {
  let from = start;
  let to = end;
  while (from > 0 && start - from < 130 && /[0-9A-Za-z]/u.test(text.charAt(from - 1))) from--;
  while (to < text.length && to - end < 130 && /[0-9A-Za-z]/u.test(text.charAt(to))) to++;
  if (opaqueId.test(text.slice(from, to))) return true;
  const around = uuid.exec(text.slice(Math.max(0, start - 36), end + 36));
  if (around === null) return false;
  const at = Math.max(0, start - 36) + around.index;
  return at < end && start < at + 36;
}

export function findNumbers(text: string, spans: Span[]): void {
  for (const run of text.matchAll(digitRun)) readRun(text, run[0], run.index, spans);
  if (!hasNumeral.test(text)) return;
  for (const run of text.matchAll(numeralRun)) {
    if (!hasNumeral.test(run[0])) continue;
    const digits = run[0].replace(numeral, (one) => numeralDigits[NUMERALS.indexOf(one)] ?? one);
    readRun(text, digits, run.index, spans);
  }
}

function readRun(text: string, run: string, offset: number, spans: Span[]): void {
  const groups = [...run.matchAll(/\d+/gu)];
  for (let first = 0; first < groups.length; first++) {
    let digits = "";
    let best: { last: number; end: number; kind: Kind } | null = null;
    const parts: string[] = [];
    for (let last = first; last < groups.length; last++) {
      const group = groups[last];
      const before = groups[last - 1];
      if (group === undefined) break;
      if (last > first && before !== undefined && group.index - before.index - before[0].length > 3) break;
      if (digits.length + group[0].length > 19) break;
      digits += group[0];
      parts.push(group[0]);
      if (digits.length < 10) continue;
      let end = offset + group.index + group[0].length;
      let kind = numberKind(digits, parts);
      if (digits.length === 17 && identity18.test(digits)) {
        tailX.lastIndex = end;
        const tail = tailX.exec(text);
        if (tail !== null) {
          kind = "id";
          end += tail[0].length;
        }
      }
      const plus = first === 0 && text.charAt(offset - 1) === "+";
      if (kind === null && plus && digits.length <= 15 && !/^1[67]\d{11}$/u.test(digits)) kind = "phone";
      if (kind !== null) best = { last, end, kind };
    }
    if (best === null) continue;
    let start = offset + (groups[first]?.index ?? 0);
    if (isFraction(text, start, best.kind)) continue;
    if (best.kind === "card" && orderLabel.test(text.slice(Math.max(0, start - 24), start))) continue;
    if (isWithinId(text, start, best.end)) continue;
    if (text.charAt(start - 1) === "(") start--;
    if (text.charAt(start - 1) === "+") start--;
    spans.push([start, best.end, best.kind]);
    first = best.last;
  }
}

function isFraction(text: string, start: number, kind: Kind): boolean {
  const before = text.slice(Math.max(0, start - 3), start);
  return kind === "phone" ? /(?:^|[^\d])0\.$/u.test(before) : /\d\.$/u.test(before);
}
