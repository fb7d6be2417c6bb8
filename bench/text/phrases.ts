import type { Random } from "./random.ts";

const CHINESE = [
  "新品上市",
  "全场五折",
  "限时特惠",
  "厂家直销",
  "买一送一",
  "正品保障",
  "七天无理由退换",
  "顺丰包邮",
  "周年庆典",
  "春季新款连衣裙",
  "纯手工制作",
  "高端定制",
  "现货速发",
  "关注店铺领优惠券",
  "秋冬加厚保暖",
  "儿童益智玩具",
  "源自云南高山茶园",
  "会员专享",
  "进口实木家具",
  "欢迎光临本店",
  "生日快乐",
  "开业大吉",
  "招聘服务员数名",
  "营业时间早九点至晚十点",
  "咨询热线",
  "扫码关注公众号",
  "让生活更美好",
  "匠心品质值得信赖",
  "有机蔬菜当天采摘",
  "家庭装更实惠",
  "送货上门",
  "免费安装",
  "一件也是批发价",
  "婚纱摄影工作室",
  "深圳市科技有限公司",
  "注意安全",
  "小心地滑",
  "请勿吸烟",
  "感谢您的支持",
  "期待下次相遇",
  "满减活动进行中",
  "爆款推荐",
  "夏日清凉",
  "团圆中秋",
];
const WITH_MARKS = [
  "原价：199元",
  "现价：99元",
  "满200减30",
  "仅售￥59.9",
  "第2件半价！",
  "尺寸：30×40厘米",
  "净含量：500克",
  "电话：13800138000",
  "地址：人民路88号",
  "型号：A3-200",
  "保质期12个月",
  "2026年春季新品",
  "24小时在线客服",
  "每日10:00开抢",
  "100%纯棉",
  "容量1.5升",
  "“双11”狂欢节",
  "5折起，售完即止",
  "A级（优等品）",
  "微信号：tuhui2026",
];
const LATIN = [
  "SALE",
  "NEW ARRIVAL",
  "50% OFF",
  "FREE SHIPPING",
  "Hello World",
  "Made in China",
  "BEST SELLER",
  "Limited Edition",
  "Summer Collection 2026",
  "Happy Birthday",
  "Coffee & Tea",
  "Since 1998",
  "OPEN 24 HOURS",
  "Thank you",
  "BUY NOW",
  "Size: XL",
  "Handmade with care",
  "Organic Green Tea",
  "No. 20417",
  "Tel 400-820-8820",
  "Follow us",
  "Premium Quality",
];

export type Phrase = { text: string; script: "chinese" | "mixed" | "latin" };

export function choosePhrase(random: Random): Phrase {
  const share = random.share();
  if (share < 0.5) return { text: random.pick(CHINESE), script: "chinese" };
  if (share < 0.75) return { text: random.pick(WITH_MARKS), script: "mixed" };
  return { text: random.pick(LATIN), script: "latin" };
}

export function chooseChinesePhrase(random: Random): Phrase {
  return { text: random.pick(CHINESE), script: "chinese" };
}

/** The truth: counted here by what the phrases above hold, not by the code that is measured. */
export function countWritten(text: string): number {
  return text.match(/[A-Za-z0-9\u4e00-\u9fff]/gu)?.length ?? 0;
}
