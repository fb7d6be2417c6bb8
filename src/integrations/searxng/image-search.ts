import { z } from "zod";
import type { WebImage, WebImageSearch } from "../../domain/pictures/ports.ts";
import { createSearxng, plainTitle, type Searxng, webAddress } from "./searxng.ts";

const textSchema = z.string().nullish().catch(null);
/** One bad result costs only itself. */
const resultSchema = z
  .object({ url: textSchema, title: textSchema, img_src: textSchema, thumbnail_src: textSchema })
  .nullable()
  .catch(null);

/** Pictures from a SearXNG. */
export function createSearxngImageSearch(searxng: Searxng): WebImageSearch {
  return { search: createSearxng(searxng, { category: "images", pick: pickImages }) };
}

function pickImages(results: unknown[], limit: number): WebImage[] {
  const found = new Map<string, WebImage>();
  for (const given of results) {
    if (found.size >= limit) break;
    const result = resultSchema.parse(given);
    const imageUrl = webAddress(result?.img_src) ?? webAddress(result?.thumbnail_src);
    if (imageUrl === null || found.has(imageUrl)) continue;
    found.set(imageUrl, {
      title: plainTitle(result?.title),
      imageUrl,
      pageUrl: webAddress(result?.url) ?? "",
    });
  }
  return [...found.values()];
}
