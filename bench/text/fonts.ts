import { execFileSync } from "node:child_process";
import type { Phrase } from "./phrases.ts";
import type { Random } from "./random.ts";

const FONT_LIST = "fc-list";
const CHINESE = [
  "Noto Sans CJK SC",
  "Noto Sans CJK SC Bold",
  "Noto Serif CJK SC",
  "Noto Serif CJK SC Bold",
  "WenQuanYi Zen Hei",
  "WenQuanYi Micro Hei",
  "AR PL UKai CN",
  "AR PL UMing CN",
];
const LATIN = ["DejaVu Sans", "DejaVu Serif", "Liberation Sans", "Liberation Serif", "Liberation Sans Bold"];

export type Fonts = { names: string[]; choose(random: Random, script: Phrase["script"]): string };

/** The fonts of the lists that this machine has. Throws when none of them can write Chinese. */
export function findFonts(): Fonts {
  const installed = execFileSync(FONT_LIST, [":", "family"], { encoding: "utf8" });
  const has = (font: string): boolean => installed.includes(font.replace(/ Bold$/u, ""));
  const chinese = CHINESE.filter(has);
  const latin = LATIN.filter(has);
  if (chinese.length === 0) throw new Error(`no Chinese font: install one of ${CHINESE.join(", ")}`);
  return {
    names: [...chinese, ...latin],
    choose: (random, script) => random.pick(script === "latin" ? [...chinese, ...latin] : chinese),
  };
}
