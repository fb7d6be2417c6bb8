import { HAN, harmless, type Kind, MARK, SEP, type Span, STOP } from "./spans.ts";

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

/** Where the province, city or district before a road or a house begins. */
function placeStart(text: string, start: number): number {
  const before = text.slice(Math.max(0, start - 40), start);
  const place = /[\u4e00-\u9fff ,]{0,40}$/u.exec(before)?.[0] ?? "";
  return /[省市区县镇乡]|街道/u.test(place) ? start - place.trimStart().length : start;
}

export function findLabelled(text: string, spans: Span[]): void {
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
