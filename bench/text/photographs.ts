import { globSync, realpathSync } from "node:fs";
import sharp from "sharp";
import type { Random } from "./random.ts";

const FOLDERS = ["/usr/share/backgrounds", "/usr/share/wallpapers"];
/** Looked at one by one: these are photographs, and nothing is written on them. */
const PHOTOGRAPHS =
  /\/(Aqua|Blinds|Dune|FreshFlower|Garden|GreenMeadow|LadyBird|RainDrops|Storm|TwoWings|Wood|YellowFlower|BytheWater|ColdRipple|ColorfulCups|DarkestHour|EveningGlow|FallenLeaf|Grey|Kite|OneStandsOut|Path|summer_1am)(\.|\/)/u;
/** Letters, logos or icons are on these; the screenshots are the same pictures again, small. */
const LETTERED =
  /screenshot|MATE-Stripes|Float-into-MATE|GreenTraditional|FlyingKonqui|\/pixels-|\/symbolic-|\/vnc-/u;
const CROP_SIDE = 1000;

export type Photographs = { photographs: string[]; drawn: string[] };

/** The pictures that desktops bring, those without letters, each once. */
export function findPhotographs(): Photographs {
  const patterns = FOLDERS.map((folder) => `${folder}/**/*.{jpg,jpeg,png,webp}`);
  const files = [...new Set(globSync(patterns).map((file) => realpathSync(file)))].sort();
  const clean = files.filter((file) => !LETTERED.test(file));
  return {
    photographs: clean.filter((file) => PHOTOGRAPHS.test(file)),
    drawn: clean.filter((file) => !PHOTOGRAPHS.test(file)),
  };
}

/** A piece whose longer side is at most 1000 px, from anywhere in the picture. */
export async function cropPhotograph(file: string, random: Random): Promise<Buffer> {
  const { width, height } = await sharp(file).metadata();
  const scale = random.between(0.5, 1);
  const size = {
    width: Math.min(width, Math.round(CROP_SIDE / scale)),
    height: Math.min(height, Math.round((CROP_SIDE * random.between(0.6, 1)) / scale)),
  };
  return await sharp(file)
    .extract({
      left: random.integer(0, width - size.width),
      top: random.integer(0, height - size.height),
      ...size,
    })
    .resize(CROP_SIDE, CROP_SIDE, { fit: "inside", withoutEnlargement: true })
    .flatten({ background: "#ffffff" })
    .png({ compressionLevel: 1 })
    .toBuffer();
}
