import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EmbeddingsMood, startEmbeddings } from "../../../sandbox/embeddings.ts";
import type { Embedder } from "../../domain/knowledge/ports.ts";
import { fromVectorBytes } from "../../domain/knowledge/vector.ts";
import { createEmbedder } from "./embedding.ts";

const WITHIN_MS = 5_000;
let endpoint: Awaited<ReturnType<typeof startEmbeddings>>;
let embedder: Embedder;
beforeAll(async () => {
  endpoint = await startEmbeddings({ concepts: [["vpn", "拨号"], ["打印机"]] });
  embedder = createEmbedder({ baseUrl: endpoint.url, apiKey: endpoint.key, model: "bge" });
});
afterAll(() => endpoint.close());
beforeEach(() => {
  endpoint.knobs.mood = "well";
  endpoint.requests.length = 0;
});

const cosine = (one: Uint8Array | undefined, other: Uint8Array | undefined) => {
  const [left, right] = [one, other].map((bytes) => fromVectorBytes(bytes ?? new Uint8Array()));
  return left?.reduce((sum, number, at) => sum + number * (right?.[at] ?? 0), 0);
};

describe("the embedder", () => {
  it("gives vectors of length 1 in the order of the texts, near where they mean the same", async () => {
    const [vpn, printer, dialling] = await embedder.embed(["vpn 报错", "打印机", "拨号失败"], WITHIN_MS);

    expect(cosine(vpn, vpn)).toBeCloseTo(1, 5);
    expect(cosine(vpn, dialling)).toBeGreaterThan(0.9);
    expect(cosine(vpn, printer)).toBeLessThan(0.1);
    expect(endpoint.requests).toMatchObject([{ model: "bge", input: ["vpn 报错", "打印机", "拨号失败"] }]);
  });

  it("asks for ten texts at a time, and cuts long ones between characters", async () => {
    const texts = Array.from({ length: 21 }, (_none, n) => `${n}${"😀".repeat(3_000)}`);

    expect(await embedder.embed(texts, WITHIN_MS)).toHaveLength(21);

    expect(endpoint.requests.map(({ input }) => input.length)).toEqual([10, 10, 1]);
    expect(endpoint.requests[0]?.input[0]).toBe(`0${"😀".repeat(1_999)}`);
  });

  it("asks nothing about nothing", async () => {
    expect(await embedder.embed([], WITHIN_MS)).toEqual([]);
    expect(endpoint.requests).toEqual([]);
  });

  it.each<EmbeddingsMood>(["broken", "html", "endless", "empty", "short", { refuses: "秘密" }])(
    "fails with a reason that holds no text and no key when the endpoint is %j",
    async (mood) => {
      endpoint.knobs.mood = mood;

      const asked = embedder.embed(["秘密"], WITHIN_MS);

      await expect(asked).rejects.toMatchObject({
        code: "embedding-unavailable",
        message: expect.not.stringMatching(/秘密|embedding-key|127\.0\.0\.1/u) as string,
      });
    },
  );

  it("fails when the key is wrong, nobody is there, or no answer comes in time", async () => {
    const fails = { code: "embedding-unavailable" };
    const wrong = createEmbedder({ baseUrl: endpoint.url, apiKey: "sk-secret", model: "bge" });
    const nobody = createEmbedder({ baseUrl: "http://127.0.0.1:1/v1", apiKey: null, model: "bge" });

    await expect(wrong.embed(["问"], WITHIN_MS)).rejects.toMatchObject({ ...fails, message: "answered 401" });
    await expect(nobody.embed(["问"], WITHIN_MS)).rejects.toMatchObject(fails);
    endpoint.knobs.mood = "slow";
    await expect(embedder.embed(["问"], 50)).rejects.toMatchObject({ ...fails, message: "TimeoutError" });
  });
});
