import { anyColour, pickPalette } from "./palette.ts";
import type { Random } from "./random.ts";
import { drawShape, drawWriting, polygon, rectangle, SHAPES, type Size } from "./shape.ts";

/** Bands, large shapes and lines of writing on a coloured ground. */
export function drawPoster(random: Random, { width, height }: Size): string {
  const [ground, light, middle, deep, dark] = pickPalette(random);
  const parts = [rectangle(0, 0, width, height, random.pick([ground, light, dark, deep]))];
  if (random.next() < 0.6) {
    const from = random.between(0, 0.8) * height;
    const slope = random.between(-0.25, 0.25) * height;
    const thickness = random.between(0.1, 0.35) * height;
    parts.push(
      polygon(
        [
          [0, from],
          [width, from + slope],
          [width, from + slope + thickness],
          [0, from + thickness],
        ],
        middle,
      ),
    );
  }
  const shapes = random.whole(1, 6);
  for (let at = 0; at < shapes; at += 1) {
    const spot = {
      x: random.between(0.05, 0.95) * width,
      y: random.between(0.05, 0.95) * height,
      radius: random.between(0.04, 0.3) * width,
      fill: anyColour(random),
    };
    parts.push(drawShape(random.pick(SHAPES), spot, random.between(0, Math.PI)));
  }
  const lines = random.whole(1, 4);
  for (let line = 0; line < lines; line += 1) {
    const size = random.between(0.04, 0.16) * height;
    const letters = random.whole(2, Math.max(2, Math.floor((0.7 * width) / (size * 1.1))));
    const y = random.between(0.05, 0.85) * height;
    parts.push(
      drawWriting(random, {
        x: random.between(0.04, 0.2) * width,
        y,
        size,
        letters,
        fill: anyColour(random),
      }),
    );
  }
  return parts.join("");
}
