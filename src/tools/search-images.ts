import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { Ambient } from "../domain/clock.ts";
import { type Candidate, candidateSchema } from "../domain/orders/order.ts";
import type {
  FileStore,
  Gallery,
  GalleryMatch,
  ImageEngine,
  WebImageSearch,
} from "../domain/pictures/ports.ts";
import { type PictureDoor, takePicture } from "../domain/pictures/take-picture.ts";
import type { Store } from "../domain/records.ts";
import { readTurn } from "./turn-context.ts";

const MOST_CANDIDATES = 3;
/** Words alone prove little. */
const WEB_SCORE = 0.3;

type SearchImagesDeps = {
  store: Store;
  gallery: Gallery;
  files: FileStore;
  engine: ImageEngine;
  ambient: Ambient;
  /** Null: only the shop's own gallery is searched. */
  webImages: WebImageSearch | null;
  /** How a picture from the web comes in. */
  door: Pick<PictureDoor, "fetcher" | "inspector">;
};

export function createSearchImagesTool(deps: SearchImagesDeps) {
  return createTool({
    id: "search-images",
    description:
      "在本店图库里找图：按买家发来的图片（picture_ids）和/或文字描述（words）。只查找，不下单、不报价。" +
      "最多返回 3 个候选，预览图会自动随回复发给买家。找到后用 update-order 的 open_find 建立找图订单。",
    inputSchema: z.object({
      picture_ids: z.array(z.string()).max(10).default([]).describe("买家图片的 id，取自案情 pictures"),
      words: z.string().max(200).optional().describe("要找的图的文字描述"),
    }),
    outputSchema: z.object({
      status: z.enum(["found", "none"]),
      candidates: z.array(candidateSchema).describe("按相似度从高到低"),
    }),
    execute: async ({ picture_ids, words }, { requestContext }) => {
      const turn = await readTurn(requestContext, deps.store, deps.ambient.now());
      const candidates = await findCandidates(deps, picture_ids, words);
      for (const [index, candidate] of candidates.entries()) {
        const bytes = await deps.files.get(candidate.file);
        if (bytes === null) continue;
        const preview = await deps.engine.preview(bytes, `预览 ${index + 1}`);
        turn.attachments.push({
          type: "image",
          file: await deps.files.put(preview),
          name: `候选${index + 1}`,
        });
      }
      return { status: candidates.length > 0 ? ("found" as const) : ("none" as const), candidates };
    },
  });
}

/**
 * Up to three pictures that may be meant; never one that the search itself calls "none". The web is only asked when
 * the gallery has nothing.
 */
export async function findCandidates(
  deps: Omit<SearchImagesDeps, "engine">,
  pictureIds: readonly string[],
  words: string | undefined,
): Promise<Candidate[]> {
  const { store, gallery, files } = deps;
  const matches: GalleryMatch[] = [];
  for (const id of pictureIds) {
    const picture = await store.pictures.find(id);
    const bytes = picture === null ? null : await files.get(picture.id);
    if (bytes !== null) matches.push(...(await gallery.searchByPicture(bytes, MOST_CANDIDATES)));
  }
  if (matches.every((match) => match.band === "none") && words !== undefined && words.trim() !== "")
    matches.push(...(await gallery.searchByWords(words, MOST_CANDIDATES)));
  const best = new Map<string, GalleryMatch>();
  for (const match of matches) {
    const known = best.get(match.item_id);
    if (match.band !== "none" && (known === undefined || known.score < match.score))
      best.set(match.item_id, match);
  }
  if (best.size === 0 && words !== undefined && words.trim() !== "") return await findOnWeb(deps, words);
  const sorted = [...best.values()].sort((a, b) => b.score - a.score);
  const same = sorted.filter((match) => match.band === "same");
  // A sure hit is shown alone: lookalikes beside it would only confuse.
  return (same.length > 0 ? same : sorted).slice(0, MOST_CANDIDATES);
}

/** What the web shows for the words, taken in by the one door; what cannot be fetched is passed over. */
async function findOnWeb(
  { webImages, door, store, files, ambient }: Omit<SearchImagesDeps, "engine">,
  words: string,
): Promise<Candidate[]> {
  const found = webImages === null ? [] : await webImages.search(words, 2 * MOST_CANDIDATES);
  const candidates: Candidate[] = [];
  for (const { title, imageUrl } of found) {
    if (candidates.length === MOST_CANDIDATES) break;
    const taken = await takePicture({ ...door, pictures: store.pictures, files, ambient }, { url: imageUrl });
    if (!taken.ok || candidates.some(({ file }) => file === taken.value.id)) continue;
    candidates.push({
      item_id: `web:${taken.value.id}`,
      title: title.slice(0, 100),
      file: taken.value.id,
      score: WEB_SCORE,
      band: "similar",
    });
  }
  return candidates;
}
