import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDify } from "../../sandbox/dify.ts";
import { type RagflowMood, startRagflow } from "../../sandbox/ragflow.ts";
import { API_CHANNEL } from "../domain/conversations/agent-of.ts";
import { putDocuments } from "../testing/helpdesk-documents.ts";
import { aShop, type Shop } from "../testing/shop.ts";

let ragflow: Awaited<ReturnType<typeof startRagflow>>;
let dify: Awaited<ReturnType<typeof startDify>>;
let shop: Shop;
let count = 0;

beforeAll(async () => {
  ragflow = await startRagflow({
    chunks: [{ id: "r1", content: "食堂 WiFi 叫 CX-Canteen", document: "wifi.pdf", similarity: 0.8 }],
  });
  dify = await startDify({
    datasets: { it: [{ id: "d1", content: "食堂 WiFi 叫 CX-Canteen", document: "wifi.md", score: 0.9 }] },
  });
  shop = await aShop({
    settings: {
      RAGFLOW_URL: ragflow.url,
      RAGFLOW_API_KEY: "ragflow-key",
      RAGFLOW_DATASET_IDS: "ds1",
      DIFY_URL: dify.url,
      DIFY_DATASET_KEY: "dataset-key",
      DIFY_DATASET_IDS: "it",
    },
  });
  await putDocuments(shop.service.store);
});
afterAll(async () => {
  await shop.close();
  await ragflow.close();
  await dify.close();
});
beforeEach(async () => {
  ragflow.knobs.mood = "well";
  dify.knobs.mood = "well";
  // One that failed is left alone for a while.
  await shop.pass(60_000);
});

async function ask(question: string) {
  count += 1;
  const { text, knowledge } = await shop.service.answerNow({
    message: {
      channel: API_CHANNEL,
      platform: "helpdesk",
      shop: { id: "t", name: null },
      externalConversationId: `c${count}`,
      customer: { id: `u${count}`, name: null },
      author: "buyer",
      platformMessageId: null,
      dedupeKey: `sources:${count}`,
      parts: [{ type: "text", text: question }],
      at: shop.service.ambient.now(),
      context: null,
    },
    history: [],
  });
  return { text, status: knowledge?.status };
}

describe("the IT desk with RAGFlow and Dify before its own knowledge", () => {
  it("answers from the first that has an answer", async () => {
    expect(await ask("食堂的 WiFi 叫什么")).toMatchObject({
      text: expect.stringContaining("（来源：《wifi.pdf》）") as string,
      status: "hit",
    });
  });

  it.each<RagflowMood>(["slow", "code", "broken", "html", "other-form"])(
    "goes on to the next when RAGFlow is %s",
    async (mood) => {
      ragflow.knobs.mood = mood;
      expect(await ask("食堂的 WiFi 叫什么")).toMatchObject({
        text: expect.stringContaining("（来源：《wifi.md》）") as string,
        status: "hit",
      });
    },
  );

  it("answers from its own when both are away, and what that does not know is an error, not a miss", async () => {
    ragflow.knobs.mood = "slow";
    dify.knobs.mood = "slow";
    expect(await ask("vpn拨号报691，密码是对的")).toMatchObject({
      text: expect.stringContaining("自助平台重置密码") as string,
      status: "hit",
    });
    const unknown = await ask("食堂今天有红烧肉吗");

    expect(unknown.status).toBe("error");
    expect(unknown.text).not.toContain("不在服务业务范围");
  });
});
