import type { Kind } from "./spans.ts";

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

export function keyKind(name: string): Kind | null {
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

/** A number of tokens is no token. */
export function isCounter(key: string, value: string): boolean {
  return /token/iu.test(key) && /^\d{1,9}$/u.test(value);
}
