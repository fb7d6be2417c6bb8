import { compilePattern, compileWords } from "./lexicon-pattern.ts";
import type { NormalText } from "./normalise.ts";
import { parseNumber } from "./numbers.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import { createTextPattern } from "./text-pattern.ts";
import type { Slots } from "./understanding.ts";

type Measures = Pick<Slots, "scale" | "size" | "ratio" | "dpi" | "format" | "rotate_degrees" | "flip">;
type Length = { value: number; unit: "px" | "cm" | "mm" };

// Without a unit, "3比4" is a ratio and "800x600" is a size: nobody orders a picture of 30 pixels.
const SMALLEST_BARE_PIXELS = 31;

/** Reads sizes, ratios, factors, resolution, format and turning. */
export function createMeasureReader(lexicon: PlaybookLexicon): (text: NormalText) => Measures {
  const units = compileWords(Object.keys(lexicon.units))?.source ?? "(?!)";
  const compile = (source: string) => compilePattern(source, lexicon.words);
  const { slots } = lexicon;
  // 1米5 is one and a half: the digit after the unit belongs to the length.
  const length = `({数})(${units})?(\\d(?!\\d))?`;
  const between = compile(`${length}(?:${slots.size_between})${length}`);
  const width = compile(`(?:${slots.width})${length}`);
  const height = compile(`(?:${slots.height})${length}`);
  const single = compile(`({数})(${units})(\\d(?!\\d))?`);
  const ratio = compile(`(\\d{1,2}|{数})(?:${slots.ratio_between})(\\d{1,2}|{数})(?!\\d)`);
  const scale = compile(slots.scale);
  const dpi = slots.dpi.map(compile);
  const degrees = compile(slots.degrees);
  const counterClockwise = createTextPattern(slots.counter_clockwise, lexicon);
  const namedSizes = longestFirst(lexicon.sizes);
  const namedRatios = longestFirst(lexicon.ratios);
  const formats = compileWords(Object.keys(lexicon.formats));
  const format = formats && new RegExp(`(?<![a-z])(?:${formats.source})(?![a-z])`, "u");
  const rotations = lexicon.rotations.map(({ match, degrees: turn }) => ({
    match: createTextPattern(match, lexicon),
    turn,
  }));
  const horizontal = createTextPattern(lexicon.flips.horizontal, lexicon);
  const vertical = createTextPattern(lexicon.flips.vertical, lexicon);

  function toLength(
    amount: string | undefined,
    unitWord: string | undefined,
    tail: string | undefined,
  ): Length | null {
    const value = parseNumber(`${amount ?? ""}`, lexicon.numbers);
    if (value === null || value <= 0) return null;
    const unit = unitWord ? lexicon.units[unitWord] : undefined;
    if (!unit) return { value: tail ? Number(`${value}${tail}`) : value, unit: "px" };
    return { value: (value + (tail ? Number(tail) / 10 : 0)) * unit.factor, unit: unit.unit };
  }

  function readSize(line: string): Slots["size"] {
    const pair = between.exec(line);
    if (pair) {
      const second = toLength(pair[4], pair[5], pair[6]);
      // In 60x90cm the unit is said once and means both.
      const first = toLength(pair[1], pair[2] ?? pair[5], pair[3]);
      if (first && second && isSize(first, second, Boolean(pair[2] ?? pair[5]))) {
        return { width: round(first.value), height: round(second.value), unit: second.unit };
      }
    }
    const named = namedSizes.find(([name]) => line.includes(name));
    if (named) return named[1];
    const [wide, high] = [width.exec(line), height.exec(line)].map(
      (found) => found && toLength(found[1], found[2], found[3]),
    );
    if (wide || high) {
      return {
        ...(wide ? { width: round(wide.value) } : {}),
        ...(high ? { height: round(high.value) } : {}),
        unit: (wide ?? high)?.unit ?? "px",
      };
    }
    const one = single.exec(line);
    const alone = one && toLength(one[1], one[2], one[3]);
    return alone ? { width: round(alone.value), unit: alone.unit } : undefined;
  }

  function readRatio(line: string): Slots["ratio"] {
    const found = ratio.exec(line);
    const [w, h] = [found?.[1], found?.[2]].map((part) => parseNumber(part ?? "", lexicon.numbers));
    if (w && h) return { w, h };
    return namedRatios.find(([name]) => line.includes(name))?.[1];
  }

  return (text) => {
    const line = text.squeezed;
    const found: Measures = {};
    const size = readSize(line);
    if (size) found.size = size;
    const shape = size?.height === undefined ? readRatio(line) : undefined;
    if (shape) found.ratio = shape;

    const factor = scale.exec(line)?.slice(1).find(Boolean);
    const times = factor ? parseNumber(factor, lexicon.numbers) : null;
    // 放大一倍 is twice as large.
    if (times) found.scale = times === 1 ? 2 : times;

    const resolution = dpi.map((pattern) => Number(pattern.exec(line)?.[1])).find((value) => value > 0);
    if (resolution) found.dpi = resolution;
    const written = format?.exec(line)?.[0];
    const output = written ? lexicon.formats[written] : undefined;
    if (output) found.format = output;

    const turn = parseNumber(degrees.exec(line)?.[1] ?? "", lexicon.numbers);
    if (turn !== null) found.rotate_degrees = counterClockwise.matches(text) ? -turn : turn;
    else {
      const said = rotations.find(({ match }) => match.matches(text));
      if (said) found.rotate_degrees = said.turn;
    }
    if (horizontal.matches(text)) found.flip = "horizontal";
    else if (vertical.matches(text)) found.flip = "vertical";
    return found;
  };
}

function isSize(first: Length, second: Length, unitSaid: boolean): boolean {
  return unitSaid || Math.min(first.value, second.value) >= SMALLEST_BARE_PIXELS;
}

function longestFirst<Value>(entries: Record<string, Value>): [string, Value][] {
  return Object.entries(entries).sort(([a], [b]) => b.length - a.length);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
