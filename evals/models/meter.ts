import { z } from "zod";
import { listen } from "../../sandbox/http-server.ts";

/** What a model's endpoint may cost and take. */
export type Terms = {
  /** The endpoint's address up to /v1. */
  baseUrl: string;
  apiKey: string | null;
  /** Calls at a time. */
  concurrency: number;
  /** Tries of a call that the endpoint refuses for now (429, 5xx) or does not answer. */
  tries: number;
  timeoutMs: number;
  /** Money per million tokens, in whatever currency the budget is. */
  pricePerMillion: { input: number; output: number };
  /** Null: no limit. */
  budget: number | null;
};

export type Bill = {
  calls: number;
  retries: number;
  failed: number;
  refused_over_budget: number;
  tokens: { input: number; output: number };
  cost: number;
  latency_ms: { median: number; p95: number } | null;
};

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 20_000;
const usageSchema = z.object({
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }),
});

export type Meter = Awaited<ReturnType<typeof openMeter>>;

/**
 * Stands between the services that are played and a model's endpoint: asks it so many at a time, again when it is busy,
 * counts tokens, money and time, and refuses every call once the budget is spent. Several processes share it.
 */
export async function openMeter(terms: Terms) {
  const latencies: number[] = [];
  const bill = { calls: 0, retries: 0, failed: 0, refused: 0, input: 0, output: 0 };
  const waiting: (() => void)[] = [];
  let running = 0;

  const server = await listen(0, async ({ method, path, body }) => {
    if (isSpent()) {
      bill.refused += 1;
      return { status: 402, body: { error: { message: "the budget of this run is spent" } } };
    }
    await begin();
    try {
      return await ask(method, path, body);
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  });

  async function begin(): Promise<void> {
    if (running >= terms.concurrency) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
  }

  async function ask(method: string, path: string, body: string) {
    const startedAt = performance.now();
    bill.calls += 1;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await once(method, path, body);
      if (answer !== null && answer.status < 400) {
        latencies.push(performance.now() - startedAt);
        note(answer.text);
        return { status: answer.status, bytes: Buffer.from(answer.text), type: answer.type };
      }
      const mayPass = answer === null || answer.status === 429 || answer.status >= 500;
      if (!mayPass || attempt >= terms.tries) {
        bill.failed += 1;
        return answer === null
          ? { status: 504, body: { error: { message: "the model did not answer in time" } } }
          : { status: answer.status, bytes: Buffer.from(answer.text), type: answer.type };
      }
      bill.retries += 1;
      await pause(answer?.retryAfterMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)));
    }
  }

  async function once(method: string, path: string, body: string) {
    try {
      const response = await fetch(`${terms.baseUrl}${path.replace(/^\/v1/u, "")}`, {
        method,
        headers: {
          "content-type": "application/json",
          ...(terms.apiKey === null ? {} : { authorization: `Bearer ${terms.apiKey}` }),
        },
        ...(body === "" ? {} : { body }),
        signal: AbortSignal.timeout(terms.timeoutMs),
      });
      const seconds = Number(response.headers.get("retry-after"));
      return {
        status: response.status,
        text: await response.text(),
        type: response.headers.get("content-type") ?? "application/json",
        retryAfterMs: seconds > 0 ? Math.min(LONGEST_WAIT_MS, seconds * 1_000) : null,
      };
    } catch {
      return null;
    }
  }

  function note(text: string): void {
    const parsed = usageSchema.safeParse(parseJson(text));
    if (!parsed.success) return;
    bill.input += parsed.data.usage.prompt_tokens;
    bill.output += parsed.data.usage.completion_tokens;
  }

  function cost(): number {
    const { input, output } = terms.pricePerMillion;
    return (bill.input * input + bill.output * output) / 1_000_000;
  }

  function isSpent(): boolean {
    return terms.budget !== null && cost() >= terms.budget;
  }

  return {
    url: `${server.url}/v1`,
    isSpent,
    bill: (): Bill => ({
      calls: bill.calls,
      retries: bill.retries,
      failed: bill.failed,
      refused_over_budget: bill.refused,
      tokens: { input: bill.input, output: bill.output },
      cost: cost(),
      latency_ms: spreadOf(latencies),
    }),
    close: () => server.close(),
  };
}

function spreadOf(values: readonly number[]): Bill["latency_ms"] {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { median: at(0.5), p95: at(0.95) };
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
