import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { parseDocument } from "./parse-document.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const fixture = (name: string) => readFile(new URL(`../../testing/documents/${name}`, import.meta.url));

it("reads Markdown with its headings, lists and tables", async () => {
  const text = "# 打印\n## 卡纸\n1. 开侧盖\n2. 拉出纸\n\n| 楼层 | 机器 |\n|---|---|\n| 3 | 理光 |\n";

  expect(await parseDocument("a.md", utf8(text))).toEqual({
    kind: "document",
    title: "打印",
    blocks: [
      { heading: "打印", level: 1 },
      { heading: "卡纸", level: 2 },
      { text: "1. 开侧盖" },
      { text: "2. 拉出纸" },
      { text: "楼层 | 机器" },
      { text: "3 | 理光" },
    ],
  });
});

it("reads a page without its navigation, scripts and styles", async () => {
  const html =
    "<html><head><title>门户</title><style>p{}</style></head><body><nav>首页</nav><p>一<b>二</b>\n三</p>" +
    "<script>alert(1)</script><pre>ping a\nping b</pre><p>未闭合";

  expect(await parseDocument("a.html", utf8(html))).toEqual({
    kind: "document",
    title: "门户",
    blocks: [{ text: "一二 三" }, { text: "ping a\nping b" }, { text: "未闭合" }],
  });
});

it("reads plain text in paragraphs, in UTF-8 and in the GB18030 of old programs", async () => {
  const gbk = Uint8Array.from([0xb4, 0xf2, 0xd3, 0xa1, 0x0d, 0x0a, 0x0d, 0x0a, 0x56, 0x50, 0x4e]);

  for (const bytes of [utf8("打印\n\nVPN"), utf8("\uFEFF打印\r\n\r\nVPN"), gbk])
    expect(await parseDocument("a.txt", bytes)).toMatchObject({
      blocks: [{ text: "打印" }, { text: "VPN" }],
    });
});

it("reads a Word document with its headings and tables", async () => {
  expect(await parseDocument("a.docx", await fixture("jump-host.docx"))).toEqual({
    kind: "document",
    title: "堡垒机使用说明",
    blocks: [
      { heading: "堡垒机使用说明", level: 1 },
      { heading: "申请", level: 2 },
      { text: "在 OA 提交「堡垒机账号申请」，主管审批后 2 小时内开通。" },
      { heading: "报错", level: 2 },
      { text: "提示 | 处理" },
      { text: "ERR-4031 | 密码过期，先改域密码" },
    ],
  });
});

it("reads a sheet row by row, each cell with the head of its column", async () => {
  expect(await parseDocument("a.xlsx", await fixture("printers.xlsx"))).toEqual({
    kind: "document",
    title: null,
    blocks: [
      { heading: "打印机", level: 1 },
      { text: "楼层：3 楼；型号：理光 C3503；服务器：\\\\print01\\3F" },
      { text: "楼层：5 楼；型号：佳能 3525" },
    ],
  });
});

it("reads a sheet of questions and answers, and JSON lines of them", async () => {
  expect(await parseDocument("a.xlsx", await fixture("questions.xlsx"))).toEqual({
    kind: "qa",
    title: null,
    pairs: [{ question: "工牌丢了怎么办", answer: "到前台补办，工本费 20 元" }],
  });
  expect(await parseDocument("a.jsonl", utf8('{"question":"电话","answer":"8000"}\n\n'))).toMatchObject({
    pairs: [{ question: "电话", answer: "8000" }],
  });
});

it("reads the text of a PDF", async () => {
  const parsed = await parseDocument("a.pdf", await fixture("vpn.pdf"));

  expect(JSON.stringify(parsed)).toContain("错误 691 表示账号或密码不对");
});

it.each([
  ["a.docx", "not a zip"],
  ["a.xlsx", "not a zip"],
  ["a.pdf", "%PDF-1.4 broken"],
  ["a.jsonl", '{"question":"没有答案"}'],
  ["a.jsonl", "{"],
  ["a.exe", "MZ"],
])("says what is wrong with %s that is %s", async (name, text) => {
  await expect(parseDocument(name, utf8(text))).rejects.toMatchObject({ code: "document-unreadable" });
});
