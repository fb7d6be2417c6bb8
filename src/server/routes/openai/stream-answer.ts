import type { Context } from "hono";
import { stream } from "hono/streaming";
import type { TextSink, TokenUsage } from "../../../agents/answer.ts";
import { type Completion, createTokenLimit, type Finish } from "./completion.ts";
import { failureOf } from "./errors.ts";

/** A comment keeps proxies from closing a connection on which nothing is said; begun only after that much silence. */
const PING_AFTER_MS = 10_000;

export type Answering = (options: { onText?: TextSink; signal: AbortSignal }) => Promise<{
  text: string;
  usage: TokenUsage;
}>;

type Wanted = {
  completion: Completion;
  mostTokens: number | null;
  answering: Answering;
  onFailure: (error: unknown) => void;
};

/** The answer as server-sent events: its role at once, its words as they come (protocols §5.1). */
export function streamAnswer(c: Context, { completion, mostTokens, answering, onFailure }: Wanted): Response {
  c.header("content-type", "text/event-stream; charset=utf-8");
  c.header("cache-control", "no-cache, no-transform");
  c.header("x-accel-buffering", "no");
  return stream(c, async (out) => {
    const gone = new AbortController();
    out.onAbort(() => gone.abort(new Error("the caller has gone")));
    let lastAt = performance.now();
    const write = async (text: string) => {
      lastAt = performance.now();
      await out.write(text);
    };
    const ping = setInterval(() => {
      if (performance.now() - lastAt >= PING_AFTER_MS) write(": ping\n\n").catch(() => {});
    }, PING_AFTER_MS);
    const limit = createTokenLimit(mostTokens);
    try {
      await write(completion.opening());
      const { usage } = await answering({
        signal: gone.signal,
        onText: async (words) => {
          const fits = limit.take(words);
          if (fits !== "") await write(completion.words(fits));
        },
      });
      await write(completion.ending(finishOf(limit), usage));
    } catch (error) {
      if (gone.signal.aborted) return;
      onFailure(error);
      await write(completion.broken(failureOf(error).error));
    } finally {
      clearInterval(ping);
    }
  });
}

/** The answer as one JSON object. */
export async function wholeAnswer(
  c: Context,
  { completion, mostTokens, answering, onFailure }: Wanted,
): Promise<Response> {
  try {
    const { text, usage } = await answering({ signal: c.req.raw.signal });
    const limit = createTokenLimit(mostTokens);
    return c.json(completion.whole(limit.take(text), finishOf(limit), usage));
  } catch (error) {
    onFailure(error);
    const failure = failureOf(error);
    if (failure.status === 503) c.header("retry-after", "5");
    return c.json({ error: failure.error }, failure.status);
  }
}

function finishOf(limit: ReturnType<typeof createTokenLimit>): Finish {
  return limit.isReached() ? "length" : "stop";
}
