import sharp from "sharp";
import type { Fingerprint } from "../../src/integrations/pictures/fingerprint.ts";
import type { EditableGallery } from "../../src/integrations/pictures/gallery.ts";
import { table } from "../figures.ts";
import { countWronglySame } from "./answers.ts";
import type { SetPicture } from "./gallery-set.ts";

type Copy = [name: string, make: (bytes: Buffer) => Promise<Buffer>];
export type Indexed = SetPicture & { fingerprint: Fingerprint };

const COPIES: Copy[] = [
  ["as it is", async (bytes) => bytes],
  ["resized to 0.8, JPEG 85", (bytes) => resize(bytes, 0.8, 85)],
  ["resized to 0.5, JPEG 60", (bytes) => resize(bytes, 0.5, 60)],
];

/** Light copies of every picture of a series: its own band, and that of its likes when it is not in the gallery itself. */
export async function seriesTable(pictures: readonly Indexed[], gallery: EditableGallery): Promise<string> {
  const members = pictures.filter(({ series }) => series !== null);
  const rows: (string | number)[][] = [];
  for (const [name, copy] of COPIES) {
    let same = 0;
    const present = [];
    const absent = [];
    for (const source of members) {
      const bytes = await copy(source.read());
      const matches = await gallery.searchByPicture(bytes, 5);
      if (matches.some((it) => it.item_id === source.id && it.band === "same")) same += 1;
      present.push({ source, matches });
      gallery.remove(source.id);
      absent.push({ source, matches: await gallery.searchByPicture(bytes, 5) });
      gallery.add({ ...source, title: source.id, tags: [], description: "", file: source.id });
    }
    rows.push([name, members.length, same, countWronglySame(present), countWronglySame(absent)]);
  }
  rows.push(["bar", "", "", 0, 0]);
  return table(
    [
      "copy of a picture of a series",
      "queries",
      "called same",
      "another called same",
      "another called same, the source not there",
    ],
    rows,
  );
}

async function resize(bytes: Buffer, share: number, quality: number): Promise<Buffer> {
  const { width } = await sharp(bytes).metadata();
  return await sharp(bytes)
    .resize(Math.round(width * share))
    .jpeg({ quality })
    .toBuffer();
}
