import type { Gallery, GalleryMatch } from "../../domain/pictures/ports.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { createPictureIndex, type PictureMatch } from "./picture-index.ts";
import { readQuery } from "./picture-query.ts";
import { createWordSearch } from "./word-search.ts";

export type GalleryItem = {
  id: string;
  title: string;
  tags: string[];
  description: string;
  /** Content-addressed id of the picture's file. */
  file: string;
  fingerprint: Fingerprint;
};

export type EditableGallery = Gallery & { add(item: GalleryItem): void; remove(id: string): void };

// Measured on generated series whose pictures differ in one mark of 5 to 20 % of the width, in place, shape or colour:
// those that reach detail 0.82 stray by 49 levels at least. A copy that was cropped, turned or marked does not reach it
// either and is "similar": a wrong "same" is worse.
const SAME = { ncc: 0.97, detail: 0.82, stray: 18, colour: 0.78 };
const SIMILAR_SCORE = 0.46;
const SIMILAR_WORD_SCORE = 0.5;

/** The shop's pictures in memory. Adding an id again replaces it. */
export function createGallery({ items }: { items: GalleryItem[] }): EditableGallery {
  const byId = new Map<string, Omit<GalleryItem, "fingerprint">>();
  const pictures = createPictureIndex();
  const words = createWordSearch();
  for (const item of items) add(item);

  return {
    add,

    remove(id) {
      byId.delete(id);
      pictures.remove(id);
      words.remove(id);
    },

    async searchByPicture(bytes, topK) {
      const found = await pictures.search(await readQuery(bytes), topK);
      return found.flatMap((match, rank) => describe(match.id, match.score, bandOf(match, rank)));
    },

    async searchByWords(query, topK) {
      // Words never prove that it is the same picture.
      return words
        .search(query, topK)
        .flatMap(({ id, score }) => describe(id, score, score >= SIMILAR_WORD_SCORE ? "similar" : "none"));
    },

    size: () => byId.size,
  };

  function add({ fingerprint, ...item }: GalleryItem): void {
    byId.set(item.id, item);
    pictures.add(item.id, fingerprint);
    words.add(item.id, [
      { text: item.tags.join(" "), weight: 1 },
      { text: item.title, weight: 1 },
      { text: item.description, weight: 0.6 },
    ]);
  }

  function describe(id: string, score: number, band: GalleryMatch["band"]): GalleryMatch[] {
    const item = byId.get(id);
    return item === undefined ? [] : [{ item_id: id, title: item.title, file: item.file, score, band }];
  }
}

/** At most the first is the same: whatever is as near as the first but another item is another of its series. */
function bandOf(match: PictureMatch, rank: number): GalleryMatch["band"] {
  if (rank === 0 && isSame(match)) return "same";
  return match.score >= SIMILAR_SCORE ? "similar" : "none";
}

function isSame({ ncc, detail, stray, colour }: PictureMatch): boolean {
  return ncc >= SAME.ncc && detail >= SAME.detail && stray <= SAME.stray && colour >= SAME.colour;
}
