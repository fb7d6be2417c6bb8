import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import { readBounded, safeReason, under } from "../json-answer.ts";

const ANSWER_WITHIN_MS = 4_000;
const MAX_BODY_BYTES = 2 * 1024 * 1024;
const MAX_URL_LENGTH = 2_048;
const MAX_TITLE_LENGTH = 200;
const MAX_WORDS_LENGTH = 200;

const answerSchema = z.object({
  results: z.array(z.unknown()),
  unresponsive_engines: z.array(z.unknown()).catch([]),
});

export type Searxng = {
  url: string;
  fetch?: typeof globalThis.fetch;
  timeoutMs?: number;
  log: Log;
};

/**
 * Asks a SearXNG of one's own, whose settings must allow the format json. What fails finds nothing, and the log says why.
 *
 * @param pick - what is used of its results, each of a form nobody has checked
 */
export function createSearxng<Found>(
  { url, fetch = globalThis.fetch, timeoutMs = ANSWER_WITHIN_MS, log }: Searxng,
  {
    category,
    pick,
  }: { category: "general" | "images"; pick: (results: unknown[], limit: number) => Found[] },
) {
  const endpoint = under(url, "search");
  return async function search(words: string, limit: number): Promise<Found[]> {
    const query = plainWords(words);
    if (query === "" || limit < 1) return [];
    try {
      return await ask(query, limit);
    } catch (error) {
      log.warn("web-search.failed", { reason: safeReason(error) });
      return [];
    }
  };

  async function ask(query: string, limit: number): Promise<Found[]> {
    const response = await fetch(addressOf(endpoint, query, category), {
      redirect: "error",
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new AppError("web-search-failed", `answered ${response.status}`);
    }
    const answer = parseAnswer(await readBounded(response, MAX_BODY_BYTES));
    const found = pick(answer.results, limit);
    // Its engines are often shut out by the sites they ask: nothing found then says nothing.
    if (found.length === 0 && answer.unresponsive_engines.length > 0)
      log.warn("web-search.engines-silent", { engines: answer.unresponsive_engines.length });
    return found;
  }
}

/** In SearXNG "!", "!!", ":" and "<" before a word are commands: another engine, a redirect, a language, a time limit. */
function plainWords(words: string): string {
  return [...words.replace(/[\p{Cc}\s]+/gu, " ")]
    .slice(0, MAX_WORDS_LENGTH)
    .join("")
    .split(" ")
    .map((word) => word.replace(/^[!:<]+/u, ""))
    .filter((word) => word !== "")
    .join(" ");
}

function addressOf(endpoint: URL, query: string, category: string): URL {
  const address = new URL(endpoint);
  address.search = new URLSearchParams({
    q: query,
    categories: category,
    format: "json",
    language: "zh-CN",
    safesearch: "2",
  }).toString();
  return address;
}

function parseAnswer(body: string): z.infer<typeof answerSchema> {
  try {
    return answerSchema.parse(JSON.parse(body));
  } catch {
    throw new AppError("web-search-failed", "not the JSON of a search");
  }
}

/** On one line and not too long. */
export function plainTitle(text: string | null | undefined, most = MAX_TITLE_LENGTH): string {
  return [...(text ?? "").replace(/[\p{Cc}\s]+/gu, " ").trim()].slice(0, most).join("");
}

/** The address in one form, or null when it is none on the web. Whether it may be fetched is the fetcher's to judge. */
export function webAddress(text: string | null | undefined): string | null {
  if (text == null || text.length > MAX_URL_LENGTH) return null;
  const whole = text.startsWith("//") ? `https:${text}` : text;
  if (!URL.canParse(whole)) return null;
  const url = new URL(whole);
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  if (url.username !== "" || url.password !== "") return null;
  url.hash = "";
  return url.href;
}
