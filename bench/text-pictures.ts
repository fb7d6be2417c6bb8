import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFonts } from "./text/fonts.ts";
import { type Background, drawLettered } from "./text/lettering.ts";
import { cropPhotograph, findPhotographs } from "./text/photographs.ts";
import { createRandom } from "./text/random.ts";
import { drawTextless, TEXTLESS_KINDS } from "./text/textless.ts";

export type TextPicture = {
  path: string;
  kind: string;
  /** Countable characters on it; 1 is one stray character and not text. */
  characters: number;
  /** What is written, to look into a miss. */
  texts: string[];
};
export type TextPictures = {
  pictures: TextPicture[];
  fonts: string[];
  photographFiles: number;
  drawnFiles: number;
};

/** Thresholds and preprocessing may be chosen on "tuning" only; reported is "test". Their photographs differ too. */
export const SEEDS = { tuning: 41, test: 20_260_405 } as const;

const LETTERED = 150;
const PER_TEXTLESS_KIND = 8;
const PHOTOGRAPH_CROPS = 36;
const DRAWN_CROPS = 18;
const VERTICAL_EVERY = 8;
const BACKGROUNDS: readonly Background[] = ["white", "colour", "photo", "photo", "illustration"];

/** Draws the set into a folder, about half of it with text; the same part gives the same pictures. */
export async function drawTextPictures(part: keyof typeof SEEDS, folder: string): Promise<TextPictures> {
  const random = createRandom(SEEDS[part]);
  const fonts = findFonts();
  const found = findPhotographs();
  const photographs = ofPart(found.photographs, part);
  const drawn = ofPart(found.drawn, part);
  const pictures: TextPicture[] = [];

  const add = async (kind: string, bytes: Buffer, characters = 0, texts: string[] = []): Promise<void> => {
    const path = join(
      folder,
      `${String(pictures.length).padStart(3, "0")}.${bytes[0] === 0xff ? "jpg" : "png"}`,
    );
    await writeFile(path, bytes);
    pictures.push({ path, kind, characters, texts });
  };

  for (let at = 0; at < LETTERED; at += 1) {
    const isVertical = at % VERTICAL_EVERY === 0;
    const background = random.pick(BACKGROUNDS);
    const lettered = await drawLettered(random, { background, isVertical, fonts, photographs });
    if (lettered.characters < 2) throw new Error("a lettered picture without letters");
    const kind = `${isVertical ? "vertical" : "horizontal"} on ${background}`;
    await add(kind, lettered.bytes, lettered.characters, lettered.texts);
  }
  for (const kind of TEXTLESS_KINDS)
    for (let at = 0; at < PER_TEXTLESS_KIND; at += 1)
      await add(kind, await drawTextless(kind, random, fonts), kind === "one stray character" ? 1 : 0);
  if (photographs.length > 0)
    for (let at = 0; at < PHOTOGRAPH_CROPS; at += 1)
      await add("photograph", await cropPhotograph(pickInTurn(photographs, at), random));
  if (drawn.length > 0)
    for (let at = 0; at < DRAWN_CROPS; at += 1)
      await add("desktop drawing", await cropPhotograph(pickInTurn(drawn, at), random));
  return { pictures, fonts: fonts.names, photographFiles: photographs.length, drawnFiles: drawn.length };
}

/** Every second file each, so that no photograph is in both parts. */
function ofPart(files: readonly string[], part: keyof typeof SEEDS): string[] {
  return files.filter((_, at) => at % 2 === (part === "test" ? 1 : 0));
}

function pickInTurn(files: readonly string[], at: number): string {
  const file = files[at % files.length];
  if (file === undefined) throw new Error("no file to crop");
  return file;
}
