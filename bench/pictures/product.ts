import { anyColour } from "./palette.ts";
import type { Random } from "./random.ts";
import { drawShape, drawWriting, ellipse, polygon, rectangle, SHAPES, type Size } from "./shape.ts";

const KINDS = ["bottle", "box", "shirt", "cup", "bag", "jar"] as const;

/** One thing on a light ground, as shops show it: the pictures that are most alike without being the same. */
export function drawProduct(random: Random, { width, height }: Size): string {
  const lightness = random.pick([100, 97, 93, 86]);
  const ground = `hsl(${random.whole(0, 359)},${random.pick([0, 8, 25])}%,${lightness}%)`;
  const x = random.between(0.4, 0.6) * width;
  const y = random.between(0.45, 0.55) * height;
  const size = Math.min(width, height) * random.between(0.55, 0.85);
  const label = {
    x: x - size * 0.16,
    y: y + size * random.between(-0.02, 0.12),
    size: size * random.between(0.06, 0.1),
    letters: random.whole(2, 4),
    fill: anyColour(random),
  };
  return [
    rectangle(0, 0, width, height, ground),
    ellipse(x + size * 0.05, y + size * 0.5, size * 0.4, size * 0.05, "#000", `opacity="0.18"`),
    drawBody(random, x, y, size),
    drawShape(random.pick(SHAPES), {
      x,
      y: y - size * 0.08,
      radius: size * random.between(0.07, 0.15),
      fill: anyColour(random),
    }),
    drawWriting(random, label),
  ].join("");
}

function drawBody(random: Random, x: number, y: number, size: number): string {
  const fill = anyColour(random);
  const second = anyColour(random);
  const wide = size * random.between(0.34, 0.6);
  const tall = size * random.between(0.7, 1);
  const [left, top] = [x - wide / 2, y - tall / 2];
  switch (random.pick(KINDS)) {
    case "bottle":
      return (
        rectangle(left, top + tall * 0.3, wide, tall * 0.7, fill, `rx="${wide * 0.18}"`) +
        rectangle(x - wide * 0.16, top, wide * 0.32, tall * 0.34, second, `rx="${wide * 0.05}"`)
      );
    case "box":
      return (
        rectangle(left, top + tall * 0.15, wide, tall * 0.85, fill) +
        polygon(
          [
            [left, top + tall * 0.15],
            [left + wide * 0.25, top],
            [left + wide * 1.25, top],
            [left + wide, top + tall * 0.15],
          ],
          second,
        )
      );
    case "shirt":
      return (
        polygon(
          [
            [left - wide * 0.4, top + tall * 0.35],
            [left, top],
            [left + wide, top],
            [left + wide * 1.4, top + tall * 0.35],
            [left + wide, top + tall * 0.42],
            [left + wide, top + tall],
            [left, top + tall],
            [left, top + tall * 0.42],
          ],
          fill,
        ) + ellipse(x, top, wide * 0.22, tall * 0.08, second)
      );
    case "cup":
      return (
        ellipse(
          left + wide,
          y,
          wide * 0.3,
          tall * 0.22,
          "none",
          `stroke="${second}" stroke-width="${wide * 0.1}"`,
        ) +
        polygon(
          [
            [left, top + tall * 0.2],
            [left + wide, top + tall * 0.2],
            [left + wide * 0.85, top + tall],
            [left + wide * 0.15, top + tall],
          ],
          fill,
        )
      );
    case "bag":
      return (
        ellipse(
          x,
          top + tall * 0.25,
          wide * 0.28,
          tall * 0.25,
          "none",
          `stroke="${second}" stroke-width="${wide * 0.07}"`,
        ) +
        polygon(
          [
            [left, top + tall * 0.25],
            [left + wide, top + tall * 0.25],
            [left + wide * 1.1, top + tall],
            [left - wide * 0.1, top + tall],
          ],
          fill,
        )
      );
    case "jar":
      return (
        rectangle(left, top + tall * 0.2, wide, tall * 0.8, fill, `rx="${wide * 0.3}"`) +
        rectangle(left + wide * 0.08, top, wide * 0.84, tall * 0.2, second, `rx="${wide * 0.05}"`)
      );
  }
}
