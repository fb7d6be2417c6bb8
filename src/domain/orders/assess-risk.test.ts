import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { assessRisk, type RiskInput, riskAssessmentSchema, statesOwnership } from "./assess-risk.ts";
import { type RiskRules, riskRulesSchema } from "./risk-rules.ts";

const rules: RiskRules = riskRulesSchema.parse(
  parse(readFileSync(new URL("../../../config/risk.yaml", import.meta.url), "utf8")),
);
const anInput = (change: Partial<RiskInput> = {}): RiskInput => ({
  words: "",
  ocr_text: "",
  services: [],
  pictures: [],
  ownership_stated: false,
  buyer: { blacklisted: false, unpaid_quotes_7d: 0, abusive: false },
  model_flags: [],
  ...change,
});
const decide = (change: Partial<RiskInput>) => assessRisk(anInput(change), rules).decision;

describe("assessRisk", () => {
  it.each([
    ["a seal in disguise", { words: "gong章 抠出来", services: ["cutout"] }, "reject"],
    ["a document to be changed", { words: "身份证 改生日", services: ["edit_text"] }, "reject"],
    ["a document to be found", { words: "毕业证模板", services: ["find_image"] }, "reject"],
    [
      "a document that only OCR shows",
      { words: "换个名字", ocr_text: "居民身份证", services: ["edit_text"] },
      "reject",
    ],
    [
      "an answer to our question about a document",
      { words: "87弄成97，谢谢啊", asked: "身份证上的年份要怎么改呢？", services: ["edit_text"] },
      "reject",
    ],
    [
      "the value of a document we asked about, without a question mark",
      { words: "改成两万三", asked: "亲，工资流水每个月进账写多少呢", services: ["edit_text"] },
      "reject",
    ],
    [
      "a document we asked about only compressed",
      { words: "压到200k以内", asked: "这张营业执照要处理到多大？", services: ["basic"] },
      "review",
    ],
    [
      "what is asked for after a refusal",
      { words: "那把背景换成白的", asked: "抱歉，身份证改不了，别的图要做吗？", services: ["cutout"] },
      "accept",
    ],
    [
      "what follows a document we only mentioned",
      { words: "那把背景换成白的", asked: "发票已经开好发您了。", services: ["cutout"] },
      "accept",
    ],
    [
      "a buyer who puts our question right",
      { words: "不是发票啦，是发票夹的吊牌图，抠成白底", asked: "发票要怎么处理？", services: ["cutout"] },
      "accept",
    ],
    ["a joke as purpose", { words: "转账截图改成5000 逗朋友", services: ["edit_text"] }, "reject"],
    ["a film prop", { words: "拍戏道具 公章", services: ["redraw"] }, "reject"],
    ["a document only compressed", { words: "身份证压缩到100k", services: ["basic"] }, "review"],
    ["a document only straightened", { words: "营业执照拍歪了拉正", services: ["basic"] }, "review"],
    [
      "a resize that also changes a number",
      { words: "身份证改尺寸 再改下号码", services: ["basic"] },
      "reject",
    ],
    ["a product that names a document", { words: "护照夹抠白底", services: ["cutout"] }, "accept"],
    [
      "the document beside the product",
      { words: "护照夹里的护照改个名字", services: ["edit_text"] },
      "reject",
    ],
    ["a graduation photo", { words: "毕业照修清晰", services: ["enhance"] }, "accept"],
    ["an invoice for the purchase", { words: "能开发票吗" }, "accept"],
    ["an invoice for sale", { words: "代开发票" }, "reject"],
    ["the hair of a model", { words: "头发票价都抠出来", services: ["cutout"] }, "accept"],
    ["someone's watermark", { words: "去水印", services: ["edit_text"] }, "review"],
    ["an own watermark", { words: "加水印", services: ["edit_text"] }, "accept"],
    ["a party board", { words: "党建文化墙", services: ["find_image"] }, "review"],
    ["abuse", { words: "你们傻逼吧" }, "review"],
    [
      "a word that only stands across two others",
      { words: "颜色情况调一下", services: ["recolor"] },
      "accept",
    ],
    [
      "a document in a quoted line",
      { words: "“领蛋需带身份证”改成带会员卡", services: ["edit_text"] },
      "accept",
    ],
    ["a document alone in quotation marks", { words: "“身份证”改个名字", services: ["edit_text"] }, "reject"],
    ["a document asked to be shown", { words: "海报加一句 凭学生证半价", services: ["edit_text"] }, "accept"],
    ["a thing to sell beside the name", { words: "学生证卡绳 换颜色", services: ["recolor"] }, "accept"],
    [
      "a change on the poster's document",
      { words: "海报里的营业执照改名字", services: ["edit_text"] },
      "reject",
    ],
    ["our own invoice", { words: "发票开错了 重新给我开一张" }, "accept"],
    ["an invoice to be inflated", { words: "发票开错了 帮我改下金额" }, "reject"],
    ["our own contract", { words: "你们能盖章签一份吗" }, "accept"],
    ["a contract with another's seal", { words: "你们能盖章吗 把章p上去" }, "reject"],
    ["a payment page that fails", { words: "付款页面一直转圈 付不了" }, "accept"],
    ["a payment page to be made", { words: "付款成功页面做一张" }, "reject"],
    ["a change that is denied", { words: "发票拍糊了 锐化一下 不用改内容", services: ["enhance"] }, "review"],
    [
      "a change beside one that is denied",
      { words: "身份证压缩 不改名字 改下日期", services: ["basic"] },
      "reject",
    ],
    [
      "fields of a document in a picture",
      { words: "72改成92", ocr_text: "学生成绩单 教务处 学籍号", services: ["edit_text"] },
      "reject",
    ],
    [
      "an advert that lists documents",
      { words: "电话换一个", ocr_text: "代办营业执照 记账报税 咨询电话", services: ["edit_text"] },
      "accept",
    ],
    [
      "a document's name on top of a picture, one field below",
      { words: "2021换2024", ocr_text: "驾驶证 有效期限", services: ["edit_text"] },
      "reject",
    ],
    [
      "a thing to sell on top of a picture",
      { words: "改成8折", ocr_text: "驾驶证皮套 厂家直销 规格", services: ["edit_text"] },
      "accept",
    ],
    [
      "a document's name as the whole first line, a value below",
      { words: "第二个数写8", ocr_text: "体检报告\n谷丙转氨酶 ALT 128 U/L\n总胆红素 14.2" },
      "reject",
    ],
    [
      "a name nobody listed as the whole first line, a value below",
      { words: "血统那格照填", ocr_text: "犬只免疫证\n犬种 柯基\n免疫日期", services: ["edit_text"] },
      "reject",
    ],
    [
      "a thing to sell below a document's name",
      { words: "数字改成50", ocr_text: "毕业证书\n封皮 A4 50个装", services: ["edit_text"] },
      "accept",
    ],
    [
      "a poster's first line that goes on after the name",
      { words: "数字改成50", ocr_text: "体检套餐\n入职体检 128元", services: ["edit_text"] },
      "accept",
    ],
    [
      "an order's page of a web shop",
      { words: "这里改成399", ocr_text: "订单详情\n实付款 ￥199.00\n付款时间", services: ["edit_text"] },
      "reject",
    ],
    ["a running account to be padded", { words: "做一份好看点的流水" }, "reject"],
    ["running water", { words: "溪边流水背景换成晴天", services: ["cutout"] }, "accept"],
    ["a degree by its booklet", { words: "本科那种本本 给做一本" }, "reject"],
    ["a corrected wish", { words: "做个奖牌 不是 弄个教师资格证" }, "reject"],
    ["emoji for a word", { words: "发🎫改金额", services: ["edit_text"] }, "reject"],
    ["English", { words: "need a company seal png", services: ["redraw"] }, "reject"],
    ["a political word in disguise", { words: "tai独 旗子", services: ["redraw"] }, "reject"],
    ["a threat", { words: "前任照片弄成遗照 写你等死吧", services: ["redraw"] }, "reject"],
    [
      "wishes that exclude each other",
      { words: "字全部去掉 一个字都不能少", services: ["edit_text"] },
      "review",
    ],
    ["a deadline nobody can keep", { words: "12张改字 5分钟后开会就要", services: ["edit_text"] }, "review"],
    ["a celebrity", { words: "周杰伦的照片抠出来做广告牌", services: ["cutout"] }, "review"],
    ["a chat that is only referred to", { words: "你往上翻聊天记录 我昨天发过" }, "accept"],
    ["strangers who are in the way", { words: "后面啲路人P走", services: ["redraw"] }, "accept"],
    ["nothing special", { words: "抠图换白底", services: ["cutout"] }, "accept"],
  ] as [string, Partial<RiskInput>, string][])("answers %s", (_name, change, decision) => {
    expect(decide(change)).toBe(decision);
  });

  it.each([
    ["a blacklisted buyer", { buyer: { blacklisted: true, unpaid_quotes_7d: 0, abusive: false } }, "reject"],
    ["three unpaid quotes", { buyer: { blacklisted: false, unpaid_quotes_7d: 3, abusive: false } }, "review"],
    ["two unpaid quotes", { buyer: { blacklisted: false, unpaid_quotes_7d: 2, abusive: false } }, "accept"],
    ["60 yuan", { total_fen: 6000 }, "review"],
    ["less than 60 yuan", { total_fen: 5999 }, "accept"],
    [
      "a small picture beyond 4 times",
      { pictures: [{ width: 299, height: 900, verdict: "no" }], enlarge_factor: 4.1 },
      "review",
    ],
    [
      "a small picture 4 times",
      { pictures: [{ width: 299, height: 900, verdict: "no" }], enlarge_factor: 4 },
      "accept",
    ],
    ["a deadline before the earliest finish", { deadline_ms: 1, earliest_finish_ms: 2 }, "review"],
    ["a deadline at the earliest finish", { deadline_ms: 2, earliest_finish_ms: 2 }, "accept"],
  ] as [string, Partial<RiskInput>, string][])("answers %s", (_name, change, decision) => {
    expect(decide(change)).toBe(decision);
  });

  it("lets stated ownership clear the rights of others and keeps what it cleared", () => {
    const assessment = assessRisk(
      anInput({ words: "水印去掉 我自己拍的", services: ["edit_text"], ownership_stated: true }),
      rules,
    );

    expect(assessment.decision).toBe("accept");
    expect(assessment.cleared).toEqual([{ rule: "watermark", evidence: "水印" }]);
  });

  it("does not let stated ownership clear a document", () => {
    expect(decide({ words: "公章 抠图 我们公司的", services: ["cutout"], ownership_stated: true })).toBe(
      "reject",
    );
  });

  it("gives evidence as written and polite words for the buyer", () => {
    const [reason] = assessRisk(anInput({ words: "帮做 公🔴章", services: [] }), rules).reasons;

    expect(reason).toMatchObject({ rule: "document_changed:seal", evidence: "公🔴章" });
    expect(reason?.words).toContain("抱歉");
  });

  it("is deterministic, and a model's flag can only make it stricter", () => {
    const severity = { accept: 0, review: 1, reject: 2 };
    const phrases = fc.array(
      fc.constantFrom("公章", "抠图", "去水印", "护照夹", "改名字", "赌场", "清晰", "我自己拍的"),
    );
    fc.assert(
      fc.property(phrases, fc.constantFrom("sexual", "rights", "toString", "odd"), (parts, flag) => {
        const input = anInput({ words: parts.join(" "), services: ["edit_text"] });
        const plain = assessRisk(input, rules);
        const flagged = assessRisk({ ...input, model_flags: [{ class: flag, why: "seen" }] }, rules);

        expect(assessRisk(input, rules)).toEqual(plain);
        expect(riskAssessmentSchema.parse(flagged)).toEqual(flagged);
        expect(severity[flagged.decision]).toBeGreaterThanOrEqual(Math.max(1, severity[plain.decision]));
        expect(flagged.score).toBeGreaterThanOrEqual(plain.score);
        expect(flagged.reasons).toEqual(expect.arrayContaining(plain.reasons));
      }),
    );
  });
});

describe("statesOwnership", () => {
  it.each([
    ["我自己拍的", true],
    ["这是我们公司的logo", true],
    ["有授权的 放心", true],
    ["是我自己拍的 不是别人的", true],
    ["不是我自己拍的", false],
    ["没有授权", false],
    ["网上找的图 我自己用", false],
    ["抠个图", false],
  ])("reads %s", (words, stated) => {
    expect(statesOwnership(words, rules)).toBe(stated);
  });
});

describe("riskRulesSchema", () => {
  it("refuses a rule without a sentence for the buyer", () => {
    const [first] = rules.word_rules;

    expect(riskRulesSchema.safeParse({ ...rules, word_rules: [{ ...first, words: "" }] }).success).toBe(
      false,
    );
  });

  it.each(["开.*票", "(a+)+", "a{2,}", "("])(
    "refuses the pattern %s, which may be slow or broken",
    (pattern) => {
      expect(riskRulesSchema.safeParse({ ...rules, lookalike_patterns: [pattern] }).success).toBe(false);
    },
  );

  it("stays fast on a long text that names documents all along", () => {
    const words = "身份证发票公章".repeat(1000);

    assessRisk(anInput(), rules);
    const startedAt = performance.now();
    expect(decide({ words })).toBe("reject");
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it("gives every rule its own id", () => {
    expect(new Set(rules.word_rules.map((rule) => rule.id)).size).toBe(rules.word_rules.length);
  });
});
