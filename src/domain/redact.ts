/** What stands for the value that was taken out. */
const kinds = [
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
type Kind = (typeof kinds)[number];
type Span = [start: number, end: number, kind: Kind];

const passesAtMost = 6;
const depthAtMost = 16;
const nodesAtMost = 20_000;

/** In the folded text a marker is MARK, and a quote behind n backslashes is U+E000 + n. */
const MARK = "\uE100";
const Q = "[\"'\uE001-\uE00F]";
const STOP = `\\s"'<>\uE000-\uE100`;
const HAN = "[\\u4e00-\\u9fff]";
const SEP = " \\t\\-.·•・_()\\u2010-\\u2015\\u2212";
const NUMERALS = "零〇○一壹幺二贰两三叁四肆五伍六陆七柒八捌九玖";
const numeralDigits = "00011122233445566778899";
const INVISIBLE =
  "\\u00ad\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u2069\\u20e3\\ufe00-\\ufe0f\\ufeff";

const worthReading = new RegExp(
  `[0-9@=＝＠０-９Ａ-Ｚａ-ｚ①-⑨⓪\\\\\\ud835省市区县镇乡村路街巷弄栋幢址]|[A-Za-z]{4}|[${NUMERALS}]{4}|[叫人名码钥匙令信号宝证]`,
  "u",
);
const foldable = new RegExp(
  `[${INVISIBLE}\\uff01-\\uff5e\\u3000\\u00a0①-⑨⓪\\u{1d7ce}-\\u{1d7ff}]|\\\\{1,15}(?:u[0-9a-fA-F]{4}|["'nrt/])|\\[(?:${kinds.join("|")})\\]`,
  "gu",
);
const invisible = new RegExp(`[${INVISIBLE}]`, "u");

/** Text as the rules read it: half-width, without invisible characters, JSON's escapes undone. `at` leads back. */
type Folded = { text: string; at: Int32Array | null };

function fold(text: string): Folded {
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

// Numbers

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

function findNumbers(text: string, spans: Span[]): void {
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

// Names of values

const words = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/gu;
const tails = "(?:number|num|no|value|text|raw|detail|details|line|hash|full|plain|\\d+|s|es)*$";
const keyRules: readonly (readonly [Kind, RegExp])[] = (
  [
    ["secret", "(?:password|passwd|pwd|passphrase|passcode|secret(?:key|id|accesskey)?|credential)"],
    ["secret", "(?:(?:api|access|private|secret|signing|encodingaes|aes|encryption|webhook)key(?:id)?)"],
    ["secret", "(?:authorization|cookie|bearer|jwt)"],
    ["code", "(?:(?:verification|verify|sms|auth)code|otp|captcha)"],
    ["phone", "(?:(?<![a-z])|receiver|buyer|contact|user|consignee|customer|cell)(?:phone|mobile|tel)"],
    ["phone", "(?:telephone|cellphone|msisdn|fax)"],
    ["email", "(?:email)"],
    ["card", "(?:bankcard|creditcard|debitcard|bankaccount|card(?:no|number))"],
    ["id", "(?:id(?:entity)?card|identity(?:no|number)|idno|idnumber|passport|ssn|nationalid)"],
    [
      "name",
      "(?:(?:receiver|consignee|recipient|addressee|contact|real|full|first|last|buyer|customer|payer)name)",
    ],
    ["name", "(?:^|\\b)(?:receiver|consignee|recipient|addressee)"],
    ["account", "(?:qq|wechat(?:id|account)?|weixin|wxid|alipay(?:id|account)?)"],
    ["plate", "(?:(?:license|car)plate|plate(?:no|number)|carno)"],
  ] as const
).map(([kind, source]) => [kind, new RegExp(`${source}${tails}`, "u")]);
const hanKeyRules: readonly (readonly [Kind, RegExp])[] = [
  ["secret", /(?:密码|口令|密钥|秘钥|密匙|令牌)$/u],
  ["code", /(?:验证码|校验码|动态码)$/u],
  ["phone", /(?:手机|电话|座机|固话|联系方式|传真)(?:号码|号)?$/u],
  ["id", /(?:身份证|护照|通行证|驾驶证|社保卡?|证件)(?:号码|号)?$/u],
  ["card", /(?:银行卡|信用卡|储蓄卡|银行账号|银行账户|卡号)(?:号码|号)?$/u],
  ["email", /(?:邮箱|电子邮件|邮件地址)$/u],
  ["address", /(?<!IP|ip|Ip|网络|服务器|接口|链接)(?:地址|住址)$/u],
  ["name", /(?:收件人|收货人|寄件人|联系人|签收人|持卡人|户名|姓名)$/u],
  ["account", /(?:微信|QQ|qq|支付宝)(?:账号|帐号|号)?$/u],
  ["plate", /车牌(?:号码|号)?$/u],
];
const technicalAddress =
  /(?:^|-)(?:ip|mac|remote|server|local|listen|host|bind|memory|peer|socket|network|web|base)-addr/u;
const seenKeys = new Map<string, Kind | null>();

function keyKind(name: string): Kind | null {
  if (name.length < 2 || name.length > 60) return null;
  const seen = seenKeys.get(name);
  if (seen !== undefined) return seen;
  const kind = readKey(name);
  if (seenKeys.size > 5_000) seenKeys.clear();
  seenKeys.set(name, kind);
  return kind;
}

function readKey(name: string): Kind | null {
  if (/[\u4e00-\u9fff]/u.test(name)) return hanKeyRules.find(([, rule]) => rule.test(name))?.[0] ?? null;
  const parts = (name.match(words) ?? []).map((word) => word.toLowerCase());
  const joined = parts.join("");
  if (parts.at(-1) === "token" || /(?:access|refresh|auth|id|bearer|session|csrf|api)tokens?$/u.test(joined))
    return "secret";
  if (/tokens?$/u.test(joined)) return /(?:^|[a-z])tokens$/u.test(joined) ? null : "secret";
  const dashed = parts.join("-");
  if (/addr(?:ess(?:es)?)?(?:-(?:line|detail|details|full|text|\d+))*$/u.test(dashed)) {
    return technicalAddress.test(dashed) || parts.includes("email")
      ? parts.includes("email")
        ? "email"
        : null
      : "address";
  }
  for (const [kind, rule] of keyRules)
    if (rule.test(joined) && startsAtWord(parts, rule, joined)) return kind;
  return null;
}

/** `telephone` in `tel`, but no `hotel`, `microphone` or `subject`: short names count only where a word begins. */
function startsAtWord(parts: readonly string[], rule: RegExp, joined: string): boolean {
  const at = rule.exec(joined)?.index ?? 0;
  const found = joined.slice(at);
  if (
    /^(?:password|passwd|secret|pwd|authorization|cookie|credential|[a-z]*key|bankcard|idcard|cellphone)/u.test(
      found,
    )
  )
    return true;
  let start = 0;
  for (const part of parts) {
    if (start === at) return true;
    start += part.length;
  }
  return false;
}

/** Names that tell only as `name=value`: elsewhere they are ordinary words. */
const queryName =
  /^(?:key|auth|session|sessionid|phpsessid|jsessionid|sid|sig|sign|signature|x-amz-signature|x-amz-credential|ticket_?secret)$/iu;
const harmless = /^(?:true|false|null|undefined|none|nil|\*+)$/iu;
const quotedKey = new RegExp(`(${Q})([\\w.\\-\\u4e00-\\u9fff]{2,60})\\1\\s{0,8}:\\s{0,8}`, "gu");
const nakedKey = /(?<![\w.-])([A-Za-z_][\w.-]{1,60})["'\uE001-\uE00F]?[ \t]{0,3}(=>|[=:])[ \t]{0,3}/gu;
const nakedValue = new RegExp(`[^${STOP}&;,]{1,4096}`, "uy");
const lineValue = new RegExp(`[^\\n"'\uE001-\uE00F${MARK}]{1,8192}`, "uy");
const addressValue = new RegExp(`[^\\n"';&|。\uE001-\uE00F${MARK}]{2,120}`, "uy");
const nameValue = new RegExp(
  `(?:${HAN}{1,6}(?:·${HAN}{1,8})?|[A-Z][A-Za-z.'-]{0,20}(?: [A-Z][A-Za-z.'-]{0,20}){0,3})`,
  "uy",
);

function findQuotedKeys(text: string, spans: Span[]): void {
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

function isCounter(key: string, value: string): boolean {
  return /token/iu.test(key) && /^\d{1,9}$/u.test(value);
}

function findNakedKeys(text: string, spans: Span[]): void {
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

// Values after a label, and values that show what they are

/** Between label and value; `said` when something more than a blank joins them. */
const JOIN = `["'\uE001-\uE00F]?\\s{0,3}(?:号码|号|码|账号|帐号|ID|id|No\\.?|no\\.?|number)?\\s{0,3}(?:就?是|为|:|=|#|is)?\\s{0,3}:?\\s{0,3}["'\uE001-\uE00F【(]?`;
const SAID = `["'\uE001-\uE00F]?\\s{0,3}(?:号码|号|码|账号|帐号|ID|id)?\\s{0,3}(?:就?是|为|:|=|is\\b)\\s{0,3}:?\\s{0,3}["'\uE001-\uE00F【]?`;
const SURNAMES =
  "[王李张刘陈杨黄赵吴周徐孙马朱胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚汤陶黎温莫易樊乔文安殷颜庄章鲁倪庞邢俞翟蓝聂齐向申葛岳欧]";
const N = "[0-9A-Za-z一二三四五六七八九十百零〇-]{1,6}";
const UNIT = "(?:号楼|号院|号|栋|幢|座|单元|室|楼|层|弄|房|户|组)";
const ROAD = "(?:路|街|大道|巷|弄|胡同|里|村|镇|道)";
const HOUSE = "(?:小区|花园|家园|公寓|大厦|广场|新村|宿舍|苑|园|府|城|庭|湾|居|中心|村|里)";
const PROVINCES =
  "(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门)";
const CITY = "(?<![超城都门夜上股楼])市(?!场|民|面|价)";
const AREA = "(?<!专|价|销|商|景|展|小|社|时|地|分|片|厂|库|活|公|息|验|园)区(?!别|分|域|间)";
const LEVEL = `(?:${HAN}{1,8}?(?:省|自治区|自治州|${CITY}|${AREA}|县(?!城)|旗|镇|乡|街道)[ ,]?)`;
const TAIL = `(?:[ ,]{0,2}${HAN}{0,10}?[ ]?${N}[ ]?${UNIT}){0,6}(?:[ -]?\\d{3,4}(?![\\d元张*x]))?`;

type Rule = readonly [kind: Kind, rule: RegExp, hint?: RegExp];

/** The first group is what stays, the second what goes; without groups all of it goes. */
const rules: readonly Rule[] = [
  [
    "phone",
    new RegExp(
      `((?:手机|电话|座机|固话|传真|联系方式|\\btel\\b|\\bphone\\b|\\bmobile\\b|\\bfax\\b)${JOIN})(?!(?:19|20)\\d\\d[-./]\\d|[48]00)(\\+?\\d(?:[${SEP}]{0,3}\\d){6,14})(?!\\d)`,
      "giu",
    ),
    /[机话真式]|tel|phone|mobile|fax/iu,
  ],
  [
    "id",
    new RegExp(`(身份证${JOIN})(\\d(?:[${SEP}]{0,3}\\d){13,16}[${SEP}]{0,3}[\\dXx])(?![0-9A-Za-z])`, "giu"),
    /证/u,
  ],
  [
    "id",
    new RegExp(
      `((?:护照|passport|通行证|回乡证|台胞证|居住证|驾驶证|驾照|档案编号|社保卡?|社会保障|军官证|医保卡?|证件)${JOIN})([A-Za-z]{0,3}[ -]?\\d(?:[ -]?\\d){5,17}[Xx]?)(?![0-9A-Za-z])`,
      "giu",
    ),
    /[照证号保障]|passport/iu,
  ],
  [
    "card",
    new RegExp(
      `((?:银行卡|信用卡|储蓄卡|借记卡|卡号|银行账户|银行账号|card (?:no|number))${JOIN})(\\d(?:[${SEP}]{0,3}\\d){11,18})(?!\\d)`,
      "giu",
    ),
    /[卡户账]|card/iu,
  ],
  [
    "account",
    new RegExp(`((?<![A-Za-z])(?:QQ|扣扣|企鹅号|Q号)群?${JOIN})(?!\\d{4}-)(\\d{5,12})(?![\\d.])`, "giu"),
    /[qQ扣企]/u,
  ],
  [
    "account",
    new RegExp(
      `((?:微信|薇信|威信|wechat|weixin|(?<![A-Za-z])(?:vx|wx|v信|加v|加微)|支付宝|alipay|账号|帐号|旺旺|抖音号|快手号|小红书号)${SAID})([A-Za-z0-9][\\w.-]{3,40})`,
      "giu",
    ),
    /[信微宝号旺]|vx|wx|wechat|weixin|alipay|加v/iu,
  ],
  [
    "account",
    new RegExp(
      `((?:微信|薇信|威信|wechat|weixin|(?<![A-Za-z])(?:vx|v信|加v|加微)|支付宝|alipay)${JOIN})((?=[A-Za-z-]{0,20}[\\d_])[A-Za-z0-9][\\w-]{5,40})`,
      "giu",
    ),
    /[信微宝]|vx|wechat|weixin|alipay|加v/iu,
  ],
  ["account", /(?<![A-Za-z])wxid_\w{4,40}/giu],
  [
    "code",
    new RegExp(
      `((?:验证码|校验码|动态码|动态密码|短信码|提取码|取件码|激活码|邀请码|verification code|security code|one-time code|\\bOTP|passcode|captcha)${JOIN})((?=[A-Za-z-]{0,8}\\d)[A-Za-z0-9][A-Za-z0-9-]{3,9})(?![0-9A-Za-z])`,
      "giu",
    ),
    /码|code|otp|captcha/iu,
  ],
  [
    "code",
    /(?<![0-9A-Za-z])\d{4,8}(?=[ ]?(?:就?是|为|is)[ ]?(?:你|您|我|your)?的?[ ]?[\u4e00-\u9fffA-Za-z]{0,10}[ ]?(?:验证码|校验码|verification|code))/gu,
  ],
  [
    "secret",
    /((?:密码|口令|密钥|秘钥|密匙|令牌)\s{0,3}(?:就?是|为|改成|改为|设成|设为|=|->)?\s{0,3}["'\uE001-\uE00F]?)([!#-&*-9;<=>?-~][!#-&(-~]{2,127})/gu,
    /[码令钥匙牌]/u,
  ],
  [
    "secret",
    new RegExp(
      `((?:密码|口令|密钥|秘钥|密匙|令牌)(?:就?是|为)?\\s{0,3}[:=]\\s{0,3}["'\uE001-\uE00F]?)([^${STOP},;。，]{1,256})`,
      "gu",
    ),
    /[码令钥匙牌]/u,
  ],
  [
    "secret",
    /(\b(?:password|passwd|pwd|passphrase|pass)(?: is| was|:)? ["'\uE001-\uE00F]?)((?=[!-~]{0,40}[\d!#$%^&*@])[^\s"'\uE000-\uE100,;]{4,128})/giu,
    /pass|pwd/iu,
  ],
  [
    "secret",
    /((?:EncodingAESKey|aes ?key|corp ?secret|app ?secret|client ?secret|secret|api[ _-]?key|access[ _-]?key|\btoken|密钥|秘钥|令牌)[ ]{0,3}(?:is|是|为|:|=)?[ ]{0,3}["'\uE001-\uE00F]?)((?=[A-Za-z_-]{0,60}\d)[A-Za-z0-9][\w+/=.-]{15,512})/giu,
    /key|secret|token|[钥牌]/iu,
  ],
  [
    "secret",
    /(?<![A-Za-z0-9])(?:sk-(?=[\w-]{0,60}\d|[\w-]{20})[\w-]{12,300}|[sr]k_(?:live|test)_\w{8,200}|(?:AKIA|ASIA)[0-9A-Z]{12,32}|LTAI[0-9A-Za-z]{12,32}|gh[pousr]_\w{16,255}|github_pat_\w{16,255}|xox[a-z]-[\w-]{8,255}|whsec_[\w+/=]{8,255}|glpat-[\w-]{12,255}|AIza[\w-]{24,80}|npm_\w{24,80}|hf_\w{24,80}|eyJ[\w-]{6,4096}\.[\w-]{4,8192}(?:\.[\w-]{0,4096})?)/gu,
    /sk[-_]|rk_|AKIA|ASIA|LTAI|gh[pousr]_|pat|xox|whsec|AIza|npm_|hf_|eyJ/u,
  ],
  ["secret", /(\bBearer\s{1,3})([\w.~+/=-]{6,8192})/giu, /bearer/iu],
  [
    "secret",
    /(\b[Bb]asic\s{1,3})((?=[A-Za-z]{0,200}[\d+/=]|[A-Za-z]{0,100}[a-z][A-Z])[A-Za-z0-9+/]{6,1024}={0,2})/gu,
    /basic/iu,
  ],
  [
    "secret",
    new RegExp(
      `(://)([^${STOP}/@:?#[]{0,100}:(?!\\d{1,5}(?:[/?#]|$))[^${STOP}]{1,200}|[\\w.%+-]{16,200})(?=@[\\w.[-])`,
      "gu",
    ),
    /:\/\//u,
  ],
  [
    "plate",
    /[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z][·• .-]?(?=[A-Z]{0,3}\d[A-Z]?\d)[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳](?![0-9A-Za-z])/giu,
    /[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Za-z]/u,
  ],
  [
    "name",
    new RegExp(
      `((?:收件人|收货人|寄件人|联系人|签收人|持卡人|姓名|名字|户名|经办人)(?:姓名|名字)?\\s{0,3}["'\uE001-\uE00F]?\\s{0,3}:\\s{0,3}["'\uE001-\uE00F]?)(${HAN}{2,4}(?:·${HAN}{1,8})?|[A-Z][A-Za-z.'-]{0,20}(?: [A-Z][A-Za-z.'-]{0,20}){0,3})`,
      "gu",
    ),
    /[人名]/u,
  ],
  [
    "name",
    new RegExp(
      `((?:(?:收件人|收货人|寄件人|联系人|签收人|持卡人|姓名|户名)(?:姓名)?[ ]{0,3}(?:就?是|为|叫)?|(?:我叫|本人|名字叫|名字是|我的名字是|名叫)(?:做)?)[ ]{0,3})((?:${SURNAMES}|欧阳|司马|上官|诸葛|东方|皇甫|尉迟|慕容|司徒|令狐|夏侯)${HAN}{1,2})`,
      "gu",
    ),
    /[人名叫]/u,
  ],
  [
    "name",
    /(\b(?:my name is|I am called) )([A-Z][A-Za-z.'-]{0,20}(?: [A-Z][A-Za-z.'-]{0,20}){0,3})/gu,
    /name|called/u,
  ],
  [
    "address",
    new RegExp(
      `((?:地址|住址)\\s{0,3}["'\uE001-\uE00F]?\\s{0,3}(?::|=|是:)\\s{0,3}["'\uE001-\uE00F]?)(?![\\w-]{1,20}:|\\d{1,3}\\.\\d|localhost|[\\w-]{1,40}\\.[\\w.-]{2,60})([^\\n"';。,、|<>${MARK}\uE001-\uE00F]{2,80}(?:[,、] ?(?=[^\\n"';。,、]{0,20}[省市区县镇乡村路街巷弄号栋幢楼座室])[^\\n"';。,、|<>${MARK}\uE001-\uE00F]{1,40}){0,6})`,
      "gu",
    ),
    /址/u,
  ],
  [
    "address",
    new RegExp(
      `((?:收货|收件|家庭|公司|邮寄|快递|寄件|详细)?(?:地址|住址) {0,2}(?:就?是|为|改成|改为|改到|填|写)?在? {0,2})((?=[^\\n"';。,]{2,30}[省市区县镇乡村路街巷弄][^\\n"';。,]{0,30}\\d{1,5}${UNIT})[^\\n"';。,:?|<>${MARK}\uE001-\uE00F]{4,80})`,
      "gu",
    ),
    /址/u,
  ],
  [
    "address",
    new RegExp(
      `${HAN}{1,8}?${ROAD}[ ]?(?=[0-9A-Za-z一二三四五六七八九十百-]{1,8}[ ]?(?:号|弄|栋|幢|巷))${TAIL}`,
      "gu",
    ),
    /[路街道巷弄同里村镇]/u,
  ],
  [
    "address",
    new RegExp(
      `(?:${HAN}{1,10}?${HOUSE}[ ]?)?${N}[ ]?(?:号楼|栋|幢|座|单元|弄)[ ,-]?(?:${N}[ ]?(?:单元|室|房|号|层|楼|户)|\\d{3,4}(?![\\d元张*x]))${TAIL}`,
      "gu",
    ),
    /[楼栋幢座元弄]/u,
  ],
  [
    "address",
    new RegExp(
      `${PROVINCES}(?:省|市|(?:[壮回维]${HAN}{0,3})?自治区)?[ ]?${HAN}{1,8}?(?:${CITY}|${AREA}|县|自治州)(?:[ ]?${LEVEL}){0,3}(?:[ ]?${HAN}{1,10}?${ROAD})?${TAIL}`,
      "gu",
    ),
    /[市区县州]/u,
  ],
  [
    "address",
    new RegExp(
      `${HAN}{2,7}?${CITY}[ ]?${HAN}{1,7}?(?:${AREA}|县|镇)(?:[ ]?${LEVEL}){0,3}(?:[ ]?${HAN}{1,10}?${ROAD})?${TAIL}`,
      "gu",
    ),
    /市/u,
  ],
  [
    "address",
    /\b\d{1,5} (?:[NSEW]\.? )?[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20}){0,3} (?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|Blvd)\b/gu,
    /[A-Z]/u,
  ],
];

const emailDot = "[ ]{0,2}(?:\\.|。|点|[[(]?\\bdot\\b[\\])]?)[ ]{0,2}";
const emailAt = new RegExp(
  `(?<=([A-Za-z0-9._%+-]{1,64})) ?@ ?(?!\\dx\\.)[A-Za-z0-9-]{1,63}(?:${emailDot}[A-Za-z0-9-]{1,63}){0,4}?${emailDot}[A-Za-z]{2,24}(?![A-Za-z0-9])(?:\\.[A-Za-z]{2,12})?`,
  "gu",
);
const spelled = new RegExp(
  `(?<=([A-Za-z0-9._%+-]{1,64}))(?:[ ]{1,3}at[ ]{1,3}|[ ]{0,2}[[({]at[\\])}][ ]{0,2}|艾特|#)(?:[A-Za-z0-9-]{1,63}(?:[ ]{1,2}dot[ ]{1,2}|[ ]{0,2}[[({]dot[\\])}][ ]{0,2}|点)[A-Za-z]{2,12}|(?:qq|163|126|139|189|gmail|outlook|hotmail|sina|foxmail|yahoo|icloud|aliyun)${emailDot}(?:com|cn|net))(?![A-Za-z0-9])`,
  "giu",
);
const pem = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/gu;

function findEmails(text: string, spans: Span[]): void {
  const found = text.includes("@") ? [...text.matchAll(emailAt)] : [];
  if (/at|#|艾特/iu.test(text)) found.push(...text.matchAll(spelled));
  for (const match of found)
    spans.push([match.index - (match[1] ?? "").length, match.index + match[0].length, "email"]);
}

function findPrivateKeys(text: string, spans: Span[]): void {
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

/** Where the province, city or district before a road or a house begins. */
function placeStart(text: string, start: number): number {
  const before = text.slice(Math.max(0, start - 40), start);
  const place = /[\u4e00-\u9fff ,]{0,40}$/u.exec(before)?.[0] ?? "";
  return /[省市区县镇乡]|街道/u.test(place) ? start - place.trimStart().length : start;
}

function findLabelled(text: string, spans: Span[]): void {
  for (const [kind, rule, hint] of rules) {
    if (hint !== undefined && !hint.test(text)) continue;
    for (const match of text.matchAll(rule)) {
      const known = match.index + (match[1] ?? "").length;
      const start = kind === "address" ? placeStart(text, known) : known;
      const end = match.index + match[0].length;
      if (match[2] !== undefined && harmless.test(match[2])) continue;
      if (end > start) spans.push([start, end, kind]);
    }
  }
}

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

/**
 * A copy for traces and logs. Strings, and numbers that are a phone, identity or bank number, are read as in
 * `redactText`; what stands under a telling key (password, phone, receiver_name, 地址…) is replaced whole, except
 * nothing, yes or no, and a count of tokens. Arrays, plain objects, Maps and Sets keep their shape; an Error becomes
 * `{name, message, stack, …}`; bytes become their length; a class instance becomes what it says in JSON or its own
 * fields, and stays itself only if it has none. A circle, a depth over 16 and whatever follows 20,000 values are cut. Never throws.
 */
export function redact(value: unknown): unknown {
  return walk(value, { above: new Set(), left: nodesAtMost });
}

type Walk = { above: Set<object>; left: number };

function walk(value: unknown, state: Walk): unknown {
  try {
    if (typeof value === "string") return redactText(value);
    if (typeof value === "number") return Number.isInteger(value) ? redactNumber(value) : value;
    if (typeof value === "bigint") return redactNumber(value);
    if (typeof value === "symbol") return redactText(String(value));
    if (typeof value === "function") return "[function]";
    if (typeof value !== "object" || value === null || value instanceof Date) return value;
    if (state.above.has(value)) return "[circular]";
    if (state.above.size >= depthAtMost || state.left <= 0) return "[cut]";
    state.above.add(value);
    try {
      return walkObject(value, state);
    } finally {
      state.above.delete(value);
    }
  } catch {
    return "[unreadable]";
  }
}

function redactNumber(value: number | bigint): unknown {
  if (value < 10_000_000_000 || value > 10n ** 19n) return value;
  const text = String(value);
  const redacted = redactText(text);
  return redacted === text ? value : redacted;
}

function walkObject(value: object, state: Walk): unknown {
  if (Array.isArray(value)) return cut(value, state).map((item) => walk(item, state));
  if (value instanceof Map) return new Map(walkEntries([...value], state));
  if (value instanceof Set) return new Set(cut([...value], state).map((item) => walk(item, state)));
  if (value instanceof String) return redactText(String(value));
  if (value instanceof RegExp) return redactText(String(value));
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const said = Object.entries({ name, message, stack, cause, ...fields(value) });
    return Object.fromEntries(
      walkEntries(
        said.filter(([, item]) => item !== undefined),
        state,
      ),
    );
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    if ("toJSON" in value && typeof value.toJSON === "function") return walk(value.toJSON(), state);
    if ("entries" in value && typeof value.entries === "function") {
      return Object.fromEntries(walkEntries([...value.entries()], state));
    }
    if (Object.keys(value).length === 0) return value;
  }
  return Object.fromEntries(walkEntries(Object.entries(fields(value)), state));
}

function fields(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(value).map((key) => {
      try {
        return [key, (value as Record<string, unknown>)[key]];
      } catch {
        return [key, "[unreadable]"];
      }
    }),
  );
}

function walkEntries<K>(entries: [K, unknown][], state: Walk): [K, unknown][] {
  return cut(entries, state).map(([key, item]) => {
    const kind = typeof key === "string" ? keyKind(key) : null;
    return [
      walk(key, state) as K,
      kind === null ? walk(item, state) : underTellingKey(String(key), kind, item, state),
    ];
  });
}

function underTellingKey(key: string, kind: Kind, item: unknown, state: Walk): unknown {
  if (item === null || item === undefined || item === "" || typeof item === "boolean") return item;
  if (typeof item === "number" && isCounter(key, String(item))) return item;
  if (typeof item === "object" && (kind === "account" || isCounts(key, item))) return walk(item, state);
  return `[${kind}]`;
}

function isCounts(key: string, item: object): boolean {
  return /token/iu.test(key) && Object.values(item).every((count) => typeof count === "number");
}

function cut<T>(items: readonly T[], state: Walk): T[] {
  const some = items.slice(0, Math.max(0, state.left));
  state.left -= some.length;
  return some;
}
