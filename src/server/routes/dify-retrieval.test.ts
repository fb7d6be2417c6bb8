import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { KnowledgeBase } from "../../domain/knowledge/knowledge.ts";
import { silentLog } from "../../domain/log.ts";
import { createDifyRetrievalRoutes } from "./dify-retrieval.ts";

const KEY = "dk-12345678";
let isAway = false;
const knowledge: KnowledgeBase = {
  async search(_query, topK) {
    if (isAway) throw new Error("secret place of the database");
    const chunks = [
      {
        id: "a#0",
        text: "重置密码",
        score: 0.9,
        answers: true,
        source: { document_id: "a.md", title: "VPN" },
      },
      {
        id: "b#0",
        text: "卡纸",
        score: 0.4,
        answers: false,
        source: { document_id: "b.md", title: "打印机", url: "https://it.example/b" },
      },
    ];
    return { status: "ok", chunks: chunks.slice(0, topK) };
  },
};
let app: ReturnType<typeof createDifyRetrievalRoutes>;

beforeAll(() => {
  app = createDifyRetrievalRoutes({ key: KEY, knowledge, log: silentLog });
});
beforeEach(() => {
  isAway = false;
});

async function retrieve(
  body: Record<string, unknown> = {},
  { key = `Bearer ${KEY}`, by = app }: { key?: string; by?: typeof app } = {},
) {
  const response = await by.request("/retrieval", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: key },
    body: JSON.stringify({
      knowledge_id: "helpdesk",
      query: "VPN",
      retrieval_setting: { top_k: 3, score_threshold: 0 },
      ...body,
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const where = (comparison_operator: string, value: unknown, logical_operator = "and") => ({
  metadata_condition: {
    logical_operator,
    conditions: [
      { name: "title", comparison_operator, value },
      { name: "document_id", comparison_operator: "is", value: "b.md" },
    ],
  },
});
const titles = ({ body }: Awaited<ReturnType<typeof retrieve>>) =>
  (body.records as { title: string }[]).map(({ title }) => title);

describe("our knowledge for a Dify", () => {
  it("gives passages in Dify's form, best first", async () => {
    expect(await retrieve()).toEqual({
      status: 200,
      body: {
        records: [
          { content: "重置密码", score: 0.9, title: "VPN", metadata: { document_id: "a.md" } },
          {
            content: "卡纸",
            score: 0.4,
            title: "打印机",
            metadata: { document_id: "b.md", url: "https://it.example/b" },
          },
        ],
      },
    });
  });

  it("keeps to the threshold and to how many are wanted, and gives an empty list for none", async () => {
    expect(titles(await retrieve({ retrieval_setting: { top_k: 3, score_threshold: 0.5 } }))).toEqual([
      "VPN",
    ]);
    expect(titles(await retrieve({ retrieval_setting: { top_k: 1, score_threshold: 0 } }))).toEqual(["VPN"]);
    expect(titles(await retrieve({ retrieval_setting: { top_k: 1, score_threshold: 1 } }))).toEqual([]);
  });

  it("takes conditions together or one of them, as they are joined", async () => {
    expect(titles(await retrieve(where("contains", "打印")))).toEqual(["打印机"]);
    expect(titles(await retrieve(where("contains", "VPN")))).toEqual([]);
    expect(titles(await retrieve(where("contains", "VPN", "or")))).toEqual(["VPN", "打印机"]);
    expect(titles(await retrieve(where("in", ["打印机", "别的"])))).toEqual(["打印机"]);
    expect(titles(await retrieve(where("no such operator", "打印机")))).toEqual([]);
  });

  it("refuses with Dify's numbers", async () => {
    const off = createDifyRetrievalRoutes({ key: null, knowledge, log: silentLog });
    expect(await retrieve({}, { key: "" })).toMatchObject({ status: 403, body: { error_code: 1001 } });
    expect(await retrieve({}, { key: "Bearer wrong" })).toMatchObject({
      status: 403,
      body: { error_code: 1002 },
    });
    expect(await retrieve({}, { by: off })).toMatchObject({ status: 403, body: { error_code: 1002 } });
    expect(await retrieve({ knowledge_id: "other" })).toMatchObject({
      status: 404,
      body: { error_code: 2001 },
    });
    expect(await retrieve({ query: 5 })).toMatchObject({ status: 400 });
  });

  it("tells nothing of the inside when it fails", async () => {
    isAway = true;
    const { status, body } = await retrieve();

    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("secret");
  });
});
