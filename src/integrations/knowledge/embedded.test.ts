import { beforeAll, describe, expect, it } from "vitest";
import type { KnowledgeBase } from "../../domain/knowledge/knowledge.ts";
import { aClock, aStore } from "../../testing/test-store.ts";
import { createWordCutter, createWordTagger, withCharacters } from "../chinese-words.ts";
import { createEmbeddedKnowledge } from "./embedded.ts";
import { indexDocument } from "./index-document.ts";
import { createSynonyms } from "./synonyms.ts";

const DOCUMENTS = {
  "vpn.md":
    "# VPN 报错\n\n## 691\n\n提示 691 时，说明账号或密码不对，或者账号已被锁定。先在自助平台重置密码，再重新拨号。",
  "printer.md": "# 打印机卡纸\n\n打开前盖，双手把卡住的纸慢慢抽出来，合上前盖后打印机会自检。",
  "mail.md": "# 邮箱容量\n\n邮箱超过 10 GB 就不能再发信，请归档旧邮件。",
  "windows-update.md":
    "# Windows 更新失败\n\n更新无法连接服务器、连接失败、无法访问更新页面，或者设置打不开、补丁进不去时，等网络恢复后重试。",
  "vpn-setup.md": "# VPN 安装\n\n下载客户端，填 vpn.example.com。连不上时先看能不能上外网。",
  "qa.jsonl": '{"question":"服务台电话多少","answer":"服务台电话是 8000，工作日 8:30 到 18:30。"}\n',
};

let knowledge: KnowledgeBase;
beforeAll(async () => {
  const { store } = await aStore(aClock());
  const cut = withCharacters(createWordCutter());
  for (const [id, text] of Object.entries(DOCUMENTS)) {
    const { document, chunks } = await indexDocument({ id, bytes: new TextEncoder().encode(text) }, cut);
    await store.knowledge.putDocument(document, chunks, 0);
  }
  const synonyms = createSynonyms({
    groups: [
      ["卡纸", "夹纸", "拽不出来"],
      ["连不上", "无法连接", "连接失败", "进不去", "打不开", "无法访问"],
    ],
  });
  knowledge = createEmbeddedKnowledge({
    store: store.knowledge,
    cut,
    tag: createWordTagger(),
    synonyms: () => synonyms,
  });
});

describe("the embedded knowledge", () => {
  it("finds what a question asks for, and that it answers", async () => {
    const [best] = (await knowledge.search("vpn拨号报691，密码是对的", 3)).chunks;

    expect(best).toMatchObject({ answers: true, source: { document_id: "vpn.md", title: "VPN 报错" } });
    expect(best?.text).toContain("自助平台重置密码");
  });

  it("puts a written question before documents", async () => {
    const [best] = (await knowledge.search("服务台的电话是多少", 3)).chunks;

    expect(best).toMatchObject({ answers: true, text: expect.stringContaining("8000") as string });
  });

  it("finds by other words for the same", async () => {
    const [best] = (await knowledge.search("打印机里的纸拽不出来", 3)).chunks;

    expect(best?.source.document_id).toBe("printer.md");
  });

  it("counts all the ways to say one thing as that one thing", async () => {
    const [best] = (await knowledge.search("vpn连不上", 3)).chunks;

    expect(best?.source.document_id).toBe("vpn-setup.md");
  });

  it.each(["怎么办呢", "", "？？", "拽"])("finds nothing in %j, and does not stumble", async (question) => {
    const { status, chunks } = await knowledge.search(question, 3);

    expect(status).toBe("ok");
    expect(chunks.filter(({ answers }) => answers)).toEqual([]);
    for (const { score } of chunks) expect(score).not.toBeNaN();
  });

  it.each(["PLM登不上去，密码不对", "3d打印机怎么预约", "邮箱能订机票吗"])(
    "does not take what is near for an answer: %s",
    async (question) => {
      const { chunks } = await knowledge.search(question, 3);

      expect(chunks.filter(({ answers }) => answers)).toEqual([]);
    },
  );

  it("takes a very long question by its first words", async () => {
    const [best] = (await knowledge.search(`打印机卡纸 ${"还有别的事要说 ".repeat(2_000)}`, 1)).chunks;

    expect(best?.source.document_id).toBe("printer.md");
  });
});
