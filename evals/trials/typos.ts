import type { Random } from "../../sandbox/random.ts";

/**
 * How people mistype: the pinyin input method's other word for the same sound, a look-alike, what is said in speech. From
 * how words are mixed up in writing, not from what our rules know.
 */
const MIXED_UP: readonly (readonly [string, readonly string[]])[] = [
  ["可以", ["可已", "阔以", "可以以"]],
  ["多少", ["多小", "多稍"]],
  ["便宜", ["便易", "变宜"]],
  ["清晰", ["清淅", "清析"]],
  ["清楚", ["请楚", "清除"]],
  ["抠图", ["扣图", "抠徒"]],
  ["放大", ["放打", "方大"]],
  ["高清", ["搞清", "高请"]],
  ["背景", ["被景", "背影"]],
  ["颜色", ["颜瑟", "言色"]],
  ["订单", ["定单"]],
  ["原图", ["园图", "源图"]],
  ["图片", ["图版", "涂片"]],
  ["设计师", ["设记师", "设计诗"]],
  ["人工", ["人公", "认工"]],
  ["投诉", ["投素", "头诉"]],
  ["取消", ["去消", "取销"]],
  ["谢谢", ["蟹蟹", "谢谢谢"]],
  ["马上", ["马尚", "马商"]],
  ["怎么", ["咋么", "怎莫"]],
  ["密码", ["蜜码", "密玛"]],
  ["账号", ["帐号"]],
  ["登录", ["登陆", "登路"]],
  ["打印机", ["打应机", "大印机"]],
  ["邮箱", ["油箱", "邮相"]],
  ["网络", ["网洛", "往络"]],
  ["申请", ["申清", "深请"]],
  ["权限", ["全限", "权线"]],
  ["系统", ["系桶", "系同"]],
  ["工单", ["公单", "工但"]],
  ["一下", ["一哈", "一吓"]],
  ["什么", ["神马", "什莫"]],
  ["没有", ["莓有", "没油"]],
  ["在", ["再"]],
  ["的", ["得", "地"]],
  ["做", ["作"]],
  ["那", ["哪"]],
  ["吗", ["嘛"]],
  ["吧", ["把"]],
  ["帮", ["邦"]],
  ["张", ["章"]],
];
const ENDS_IN_LATIN = /[a-z0-9]$/iu;

/**
 * One slip: a word mixed up with another, or else the last character typed twice. Numbers and Latin words stay: a wrong
 * number is another wish.
 */
export function withTypo(text: string, random: Random): string {
  const found = MIXED_UP.filter(([word]) => text.includes(word));
  const slip = random.pick(found);
  if (slip !== undefined) {
    const [word, others] = slip;
    return text.replace(word, random.pick(others) ?? word);
  }
  return text === "" || ENDS_IN_LATIN.test(text) ? text : `${text}${[...text].at(-1)}`;
}
