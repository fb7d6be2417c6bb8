import { randomUUID } from "node:crypto";
import type { TokenUsage } from "../../../agents/answer.ts";
import type { OpenAiError } from "./errors.ts";

export type Finish = "stop" | "length";

/** Writes one completion, whole or as chunks, in OpenAI's form (protocols §5.1). */
export function createCompletion({
  model,
  includeUsage,
  now,
}: {
  /** As the caller named it, with nothing secret in it. */
  model: string;
  includeUsage: boolean;
  now: () => number;
}) {
  const id = `chatcmpl-${randomUUID().replaceAll("-", "")}`;
  const created = Math.floor(now() / 1_000);

  function chunk(delta: Record<string, unknown>, finish: Finish | null): string {
    return event({
      id,
      object: "chat.completion.chunk",
      created,
      model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      // With include_usage every chunk has it, null until the last; else none has.
      ...(includeUsage ? { usage: null } : {}),
    });
  }

  return {
    whole: (text: string, finish: Finish, usage: TokenUsage) => ({
      id,
      object: "chat.completion" as const,
      created,
      model,
      choices: [
        {
          index: 0,
          message: { role: "assistant" as const, content: text, refusal: null },
          logprobs: null,
          finish_reason: finish,
        },
      ],
      usage: usageOf(usage),
    }),

    opening: () => chunk({ role: "assistant", content: "" }, null),
    words: (text: string) => chunk({ content: text }, null),
    ending: (finish: Finish, usage: TokenUsage) =>
      [
        chunk({}, finish),
        ...(includeUsage
          ? [
              event({
                id,
                object: "chat.completion.chunk",
                created,
                model,
                choices: [],
                usage: usageOf(usage),
              }),
            ]
          : []),
        "data: [DONE]\n\n",
      ].join(""),
    broken: (error: OpenAiError) => event({ error }),
  };
}
export type Completion = ReturnType<typeof createCompletion>;

function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function usageOf({ input, output }: TokenUsage) {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

const HAN = /\p{Script=Han}/u;
/** Latin text has about four characters to a token, Chinese one. */
const LETTERS_PER_TOKEN = 4;

/** Lets through what fits into so many tokens, roughly counted: models count each in their own way. */
export function createTokenLimit(most: number | null) {
  let used = 0;
  return {
    isReached: () => most !== null && used >= most,
    take(text: string): string {
      if (most === null) return text;
      let fits = "";
      for (const character of text) {
        const cost = HAN.test(character) ? 1 : 1 / LETTERS_PER_TOKEN;
        if (used + cost > most) {
          used = most;
          break;
        }
        used += cost;
        fits += character;
      }
      return fits;
    },
  };
}
