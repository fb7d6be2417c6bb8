import type { LanguageModelV4, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { silentLog } from "../domain/log.ts";
import { NO_FACTS } from "./case-prompt.ts";
import { createLadder } from "./ladder.ts";
import { createModelRung } from "./model-rung.ts";
import { createRulesRung } from "./rules/rules-rung.ts";
import { createServingAgent } from "./serving-agent.ts";

const USAGE = {
  inputTokens: { total: 7, noCache: 7, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 3, text: 3, reasoning: 0 },
};

/** A model that streams these words; an Error in their midst breaks it off. */
function streaming(words: (string | Error)[], pauseMs = 0): LanguageModelV4 {
  return {
    specificationVersion: "v4",
    provider: "test",
    modelId: "test",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("not used")),
    async doStream() {
      return {
        stream: new ReadableStream<LanguageModelV4StreamPart>({
          async start(controller) {
            controller.enqueue({ type: "stream-start", warnings: [] });
            controller.enqueue({ type: "text-start", id: "0" });
            for (const word of words) {
              if (word instanceof Error) {
                controller.error(word);
                return;
              }
              controller.enqueue({ type: "text-delta", id: "0", delta: word });
              await new Promise((resolve) => setTimeout(resolve, pauseMs));
            }
            controller.enqueue({ type: "text-end", id: "0" });
            controller.enqueue({
              type: "finish",
              usage: USAGE,
              finishReason: { unified: "stop", raw: undefined },
            });
            controller.close();
          },
        }),
      };
    },
  };
}

async function ask(model: LanguageModelV4, options: { signal?: AbortSignal; stopAfter?: number } = {}) {
  const heard: { text: string; at: number }[] = [];
  const begun = performance.now();
  const ladder = createLadder({
    rungs: [
      createModelRung({
        name: "model",
        agent: createServingAgent({ id: "helpdesk", model, tools: {}, instructions: () => "答" }),
        timeoutMs: 2_000,
      }),
      createRulesRung({ decide: () => ({ type: "say", text: "规则来答。" }), tools: {} }),
    ],
    guard: async (text) => (text.includes("已转人工") ? "已转人工" : null),
    versions: () => ({}),
    sorry: () => "抱歉",
    unknown: () => "不知道",
    log: silentLog,
  });
  const answering = ladder.answer({
    agent: "helpdesk",
    conversationId: "c",
    customerId: "u",
    platform: "p",
    turnId: "t",
    transcript: [],
    messages: ["问"],
    facts: NO_FACTS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onText: async (text) => {
      heard.push({ text, at: performance.now() - begun });
      if (heard.length === options.stopAfter) throw new Error("taken over");
    },
  });
  return { answering, heard, said: () => heard.map(({ text }) => text).join("") };
}

describe("an answer that is streamed", () => {
  it("comes a sentence at a time, while the model still writes, and is the answer", async () => {
    const { answering, heard, said } = await ask(streaming(["先打开", "盖子。", "再取", "纸。", "好了"], 40));
    const { text, usage, rung } = await answering;

    expect(heard.map((it) => it.text)).toEqual(["先打开盖子。", "再取纸。", "好了"]);
    expect((heard.at(-1)?.at ?? 0) - (heard[0]?.at ?? 0)).toBeGreaterThan(60);
    expect({ text, usage, rung }).toEqual({ text: said(), usage: { input: 7, output: 3 }, rung: "model" });
  });

  it("falls to the next rung as long as nothing was said: a fault, or a promise without its state", async () => {
    for (const words of [[new Error("away")], ["先", new Error("away")], ["已转人工。", "请稍等。"]]) {
      const { answering, said } = await ask(streaming(words));

      expect(await answering).toMatchObject({ rung: "rules", text: "规则来答。" });
      expect(said()).toBe("规则来答。");
    }
  });

  it("ends with an error when it breaks off after its first sentence, whatever the reason", async () => {
    for (const words of [
      ["先打开盖子。", "再", new Error("away")],
      ["先打开盖子。", "已转人工。"],
    ]) {
      const { answering, said } = await ask(streaming(words));

      await expect(answering).rejects.toMatchObject({ code: "answer-cut-off" });
      expect(said()).toBe("先打开盖子。");
    }
    const stopped = await ask(streaming(["一。", "二。", "三。"]), { stopAfter: 2 });
    await expect(stopped.answering).rejects.toMatchObject({ code: "answer-cut-off" });
    expect(stopped.said()).toBe("一。二。");
  });

  it("stops the model when nobody waits any more", async () => {
    const gone = new AbortController();
    const { answering, heard } = await ask(streaming(Array(50).fill("一。") as string[], 20), {
      signal: gone.signal,
    });
    setTimeout(() => gone.abort(), 120);

    await expect(answering).rejects.toMatchObject({ code: "answer-cut-off" });
    expect(heard.length).toBeLessThan(20);
  });
});
