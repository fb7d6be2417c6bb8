import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from "@ai-sdk/provider";
import { NO_FACTS, readCaseFacts } from "../case-prompt.ts";
import { exchangesOf, type NextStep, type Situation, type ToolUse } from "./situation.ts";

const NO_USAGE: LanguageModelV4Usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
};

/**
 * The rules as a language model: reads the same messages and tool list as any other, and answers with tool calls
 * or words, deterministically and without a network. Default without a key, and the ladder's last rung.
 */
export function createRulesModel(decide: (situation: Situation) => NextStep): LanguageModelV4 {
  function answer({ prompt, tools }: LanguageModelV4CallOptions): {
    content: LanguageModelV4Content[];
    finishReason: LanguageModelV4FinishReason;
  } {
    const situation = readSituation(prompt);
    const step = decide(situation);
    if (step.type === "call" && tools?.some((tool) => tool.name === step.tool) === true)
      return {
        content: [
          {
            type: "tool-call",
            toolCallId: `rules-${situation.done.length + 1}`,
            toolName: step.tool,
            input: JSON.stringify(step.input),
          },
        ],
        finishReason: { unified: "tool-calls", raw: "tool-calls" },
      };
    return {
      content: [{ type: "text", text: step.type === "say" ? step.text : "" }],
      finishReason: { unified: "stop", raw: "stop" },
    };
  }

  return {
    specificationVersion: "v4",
    provider: "tianwang",
    modelId: "rules",
    supportedUrls: {},
    async doGenerate(options) {
      return { ...answer(options), usage: NO_USAGE, warnings: [] };
    },
    async doStream(options) {
      const { content, finishReason } = answer(options);
      return {
        stream: new ReadableStream<LanguageModelV4StreamPart>({
          start(controller) {
            controller.enqueue({ type: "stream-start", warnings: [] });
            for (const part of content) {
              if (part.type === "text") {
                controller.enqueue({ type: "text-start", id: "0" });
                controller.enqueue({ type: "text-delta", id: "0", delta: part.text });
                controller.enqueue({ type: "text-end", id: "0" });
              } else if (part.type === "tool-call") controller.enqueue(part);
            }
            controller.enqueue({ type: "finish", usage: NO_USAGE, finishReason });
            controller.close();
          },
        }),
      };
    },
  };
}

/** What the prompt says: the facts, the buyer's words since our last reply, the tools used since then. */
function readSituation(prompt: LanguageModelV4Prompt): Situation {
  const system = prompt.flatMap((message) => (message.role === "system" ? [message.content] : [])).join("\n");
  const lastReply = prompt.findLastIndex(
    (message) => message.role === "assistant" && message.content.every((part) => part.type !== "tool-call"),
  );
  const messages: string[] = [];
  const inputs = new Map<string, Record<string, unknown>>();
  const done: ToolUse[] = [];
  for (const message of prompt.slice(lastReply + 1)) {
    if (message.role === "user")
      for (const part of message.content) if (part.type === "text") messages.push(part.text);
    if (message.role === "assistant")
      for (const part of message.content)
        if (part.type === "tool-call") inputs.set(part.toolCallId, part.input as Record<string, unknown>);
    if (message.role === "tool")
      for (const part of message.content)
        if (part.type === "tool-result")
          done.push({
            tool: part.toolName,
            input: inputs.get(part.toolCallId) ?? {},
            output: "value" in part.output ? part.output.value : undefined,
          });
  }
  const earlier = exchangesOf(
    prompt
      .slice(0, lastReply + 1)
      .flatMap((message) =>
        message.role === "user"
          ? message.content.flatMap((part) =>
              part.type === "text" ? [{ role: "user", text: part.text }] : [],
            )
          : message.role === "assistant"
            ? message.content.flatMap((part) =>
                part.type === "text" ? [{ role: "assistant", text: part.text }] : [],
              )
            : [],
      ),
  );
  return { facts: readCaseFacts(system) ?? NO_FACTS, messages, earlier, done };
}
