import { afterAll, beforeAll, expect, it } from "vitest";
import { startEmbeddings } from "../../sandbox/embeddings.ts";
import { API_CHANNEL } from "../domain/conversations/agent-of.ts";
import { addVectors } from "../integrations/knowledge/add-vectors.ts";
import { createEmbedder } from "../integrations/knowledge/embedding.ts";
import { putDocuments } from "../testing/helpdesk-documents.ts";
import { aShop, type Shop } from "../testing/shop.ts";

const QUESTION = "vpn拨号报691，密码是对的";
let endpoint: Awaited<ReturnType<typeof startEmbeddings>>;
let shop: Shop;

beforeAll(async () => {
  endpoint = await startEmbeddings({ concepts: [["691"], ["卡纸"]] });
  shop = await aShop({
    settings: {
      EMBEDDING_MODEL: "bge",
      OPENAI_BASE_URL: endpoint.url,
      OPENAI_API_KEY: endpoint.key,
    },
  });
  const { store } = shop.service;
  await putDocuments(store);
  const embedder = createEmbedder({ baseUrl: endpoint.url, apiKey: endpoint.key, model: "bge" });
  await addVectors({ embedder, vectors: store.vectors, onProgress: () => {} });
});
afterAll(async () => {
  await shop.close();
  await endpoint.close();
});

async function ask(key: string): Promise<string> {
  const { text } = await shop.service.answerNow({
    message: {
      channel: API_CHANNEL,
      platform: "helpdesk",
      shop: { id: "t", name: null },
      externalConversationId: key,
      customer: { id: key, name: null },
      author: "buyer",
      platformMessageId: null,
      dedupeKey: key,
      parts: [{ type: "text", text: QUESTION }],
      at: shop.service.ambient.now(),
      context: null,
    },
    history: [],
  });
  return text;
}

it("asks for the vector of a question once, and answers whether or not there is one", async () => {
  endpoint.requests.length = 0;
  const withVector = await ask("c1");
  endpoint.knobs.mood = "broken";
  await shop.pass(60_000);
  const without = await ask("c2");

  expect(endpoint.requests.map(({ input }) => input)).toEqual([[QUESTION], [QUESTION]]);
  for (const text of [withVector, without]) expect(text).toContain("自助平台重置密码");
});
