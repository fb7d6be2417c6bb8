import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DifyMood, startDify } from "../../../sandbox/dify.ts";
import { type RagflowMood, startRagflow } from "../../../sandbox/ragflow.ts";
import type { KnowledgeBase } from "../../domain/knowledge/knowledge.ts";
import type { Log } from "../../domain/log.ts";
import { createDifyKnowledge } from "./dify-dataset.ts";
import { createRagflowKnowledge } from "./ragflow.ts";
import { createKnowledgeSources } from "./sources.ts";

const TIMEOUT_MS = 150;
let ragflow: Awaited<ReturnType<typeof startRagflow>>;
let dify: Awaited<ReturnType<typeof startDify>>;
let clock = 0;
let warned: unknown[] = [];
const log: Log = { debug() {}, info() {}, error() {}, warn: (_event, fields) => void warned.push(fields) };

beforeAll(async () => {
  ragflow = await startRagflow({
    chunks: [{ id: "r1", content: "VPN 报错 691：重置密码", document: "vpn.pdf", similarity: 0.8 }],
  });
  dify = await startDify({
    datasets: {
      "it 一": [{ id: "d1", content: "打印机卡纸", document: "printer.md", score: 0.4 }],
      "it 二": [{ id: "d2", content: "打印配额", answer: "每月 300 页", document: "quota.md", score: 0.9 }],
    },
  });
});
afterAll(async () => {
  await ragflow.close();
  await dify.close();
});
beforeEach(() => {
  ragflow.knobs.mood = "well";
  dify.knobs.mood = "well";
  clock += 60_000;
  warned = [];
});

const embedded: KnowledgeBase = {
  search: async (query) => ({
    status: "ok",
    chunks: query.includes("工牌")
      ? [
          {
            id: "e1",
            text: "补办 20 元",
            score: 1,
            answers: true,
            source: { document_id: "qa", title: "qa" },
          },
        ]
      : [],
  }),
};

function open() {
  return createKnowledgeSources({
    sources: [
      {
        name: "ragflow",
        base: createRagflowKnowledge({
          url: ragflow.url,
          key: "ragflow-key",
          datasetIds: ["ds1"],
          timeoutMs: TIMEOUT_MS,
        }),
      },
      {
        name: "dify",
        base: createDifyKnowledge({
          url: dify.url,
          key: "dataset-key",
          datasetIds: ["it 一", "it 二"],
          timeoutMs: TIMEOUT_MS,
        }),
      },
      { name: "embedded", base: embedded },
    ],
    now: () => clock,
    log,
  });
}

describe("several sources of knowledge", () => {
  it("answer from the first that knows something", async () => {
    const sources = open();

    expect(await sources.search("VPN", 3)).toEqual({
      status: "ok",
      chunks: [
        {
          id: "r1",
          answers: true,
          text: "VPN 报错 691：重置密码",
          score: 0.8,
          source: { document_id: "doc-vpn.pdf", title: "vpn.pdf" },
        },
      ],
    });
    expect((await sources.search("打印", 3)).chunks).toMatchObject([
      { id: "d2", text: "打印配额\n每月 300 页", score: 0.9 },
      { id: "d1", score: 0.4 },
    ]);
    expect((await sources.search("工牌", 3)).chunks).toMatchObject([{ id: "e1" }]);
    expect(await sources.search("天气", 3)).toEqual({ status: "ok", chunks: [] });
    expect(warned).toEqual([]);
  });

  it.each<[RagflowMood, DifyMood]>([
    ["code", "down"],
    ["slow", "slow"],
    ["broken", "other-form"],
    ["html", "down"],
    ["other-form", "slow"],
  ])("go on to the next when they fail (%s, %s), and a miss is an error then", async (one, other) => {
    ragflow.knobs.mood = one;
    dify.knobs.mood = other;
    const sources = open();
    const begun = performance.now();

    expect(await sources.search("工牌", 3)).toMatchObject({ status: "ok", chunks: [{ id: "e1" }] });
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(await sources.search("天气", 3)).toEqual({ status: "failed", chunks: [] });
    expect(warned).toMatchObject([{ source: "ragflow" }, { source: "dify" }]);
    expect(JSON.stringify(warned)).not.toContain("工牌");
  });

  it("leave a failed source alone for half a minute, then ask it again", async () => {
    ragflow.knobs.mood = "code";
    const sources = open();
    await sources.search("VPN", 3);
    ragflow.knobs.mood = "well";

    expect((await sources.search("VPN", 3)).chunks).toEqual([]);
    clock += 31_000;
    expect((await sources.search("VPN", 3)).chunks).toMatchObject([{ id: "r1" }]);
  });

  it("cut a long question for Dify, and ask RAGFlow for as many as are wanted", async () => {
    const sources = open();
    await sources.search("😀".repeat(400), 7);

    expect(dify.queries.at(-1)).toBe("😀".repeat(250));
    expect(ragflow.requests.at(-1)).toMatchObject({ dataset_ids: ["ds1"], page_size: 7 });
  });
});
