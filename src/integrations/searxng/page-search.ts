import { z } from "zod";
import type { WebPage, WebSearch } from "../../domain/knowledge/web-search.ts";
import { createSearxng, plainTitle, type Searxng, webAddress } from "./searxng.ts";

const MAX_TEXT_LENGTH = 500;

const textSchema = z.string().nullish().catch(null);
/** One bad result costs only itself. */
const resultSchema = z
  .object({ url: textSchema, title: textSchema, content: textSchema })
  .nullable()
  .catch(null);

/** Pages from a SearXNG. */
export function createSearxngPageSearch(searxng: Searxng): WebSearch {
  return { search: createSearxng(searxng, { category: "general", pick: pickPages }) };
}

function pickPages(results: unknown[], limit: number): WebPage[] {
  const found = new Map<string, WebPage>();
  for (const given of results) {
    if (found.size >= limit) break;
    const result = resultSchema.parse(given);
    const url = webAddress(result?.url);
    if (url === null || found.has(url)) continue;
    found.set(url, {
      url,
      title: plainTitle(result?.title),
      text: plainTitle(result?.content, MAX_TEXT_LENGTH),
    });
  }
  return [...found.values()];
}
