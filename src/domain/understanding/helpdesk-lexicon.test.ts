import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { helpdeskLexiconSchema, readHelpdeskWish } from "./helpdesk-lexicon.ts";

const lexicon = helpdeskLexiconSchema.parse(
  parse(readFileSync(new URL("../../../config/helpdesk.yaml", import.meta.url), "utf8")),
);
const read = (text: string) => readHelpdeskWish(text, lexicon);

describe("what a member of staff wants", () => {
  it.each([
    "我要转人工",
    "人工",
    "人工智能不好用，转人工",
    "人工费怎么报销，另外帮我转人工",
    "怎么才能找到真人",
    "派人来看看吧",
    "人工人工",
    "我要找it部的同事",
    "帮我转人公",
  ])("a person: %s", (text) => {
    expect(read(text).intent).toBe("handoff");
  });

  it.each([
    ["帮我提个工单，三楼打印机冒烟了", "三楼打印机冒烟了"],
    ["我要报修：\\\\FS01\\Share 打不开", "\\\\FS01\\Share 打不开"],
    ["报修 C:\\Users\\LiHua 满了", "C:\\Users\\LiHua 满了"],
    ["报修 \u001b[31m红色\u202e灯", "31m红色 灯"],
    ["帮我提个工单吧", ""],
    ["可以帮我提个工单吗", ""],
    ["还是提个工单吧", ""],
    ["试了还是不行，帮我提个工单", ""],
    ["能帮我报修一下吗，三层的全向麦摔坏了", "三层的全向麦摔坏了"],
    ["报修，三层A3复合机昨天开始打不出来", "三层A3复合机昨天开始打不出来"],
    ["报修，什么都打印不了", "什么都打印不了"],
    ["帮我提个加急工单，采集卡没信号", "采集卡没信号"],
    ["不要转给人，帮我提个工单，投影仪灯泡烧了", "不要转给人，，投影仪灯泡烧了"],
    ["报修", ""],
  ])("a ticket: %s", (text, problem) => {
    expect(read(text)).toEqual({ intent: "ticket", problem });
  });

  it.each([
    "报修流程是什么",
    "提工单的入口在哪",
    "我昨天报修的打印机什么时候来修",
    "打印机已经报修了，还要等多久",
    "报修了没人来",
    "服务器报修单在哪下载",
    "开工单要什么权限",
    "报修电话是多少",
    "电话转接怎么设置",
    "HDMI转接头哪里领",
    "个人工号忘了",
    "本人工号是123，密码忘了",
    "工人工资系统登不上",
    "真人头像怎么上传",
    "解决了吗",
    "可以了吗",
    "在吗我电脑蓝屏了",
    "收到邮件打不开",
    "好的，那VPN怎么装",
  ])("an answer: %s", (text) => {
    expect(read(text).intent).toBe("question");
  });

  it.each([
    ["你好", "greeting"],
    ["在吗？", "greeting"],
    ["你是谁", "greeting"],
    ["好的谢谢", "thanks"],
    ["没事了", "thanks"],
    ["不用报修了", "thanks"],
    ["不用提工单了，我自己弄好了", "thanks"],
    ["我不需要人工", "thanks"],
    ["蟹蟹，已经解决了", "thanks"],
    ["亲", "greeting"],
    ["行", "thanks"],
    ["？？", "nothing"],
    ["", "nothing"],
  ])("courtesy: %s", (text, intent) => {
    expect(read(text).intent).toBe(intent);
  });

  it("reads the longest message at once", () => {
    const begun = performance.now();
    for (const long of [`好${" ".repeat(500_000)}x`, "-".repeat(500_000), `报修${"，".repeat(500_000)}x`])
      read(long);
    // Seconds by a wide margin, where it once took minutes.
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
