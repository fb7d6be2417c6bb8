import { anyColour, pickPalette } from "./palette.ts";
import type { Random } from "./random.ts";
import { ellipse, polygon, rectangle, type Size } from "./shape.ts";

/** A flat scene: sky, sun, hills, trees or houses, and one or two figures with faces. */
export function drawIllustration(random: Random, { width, height }: Size): string {
  const [sky, far, middle, near, dark] = pickPalette(random);
  const parts = [rectangle(0, 0, width, height, sky)];
  parts.push(
    ellipse(
      random.between(0.1, 0.9) * width,
      random.between(0.08, 0.4) * height,
      ...twice(random.between(0.04, 0.16) * width),
      anyColour(random),
    ),
  );
  for (const [level, fill] of [far, middle, near].entries()) {
    parts.push(
      drawHill(random, { width, height }, (0.42 + 0.17 * level + random.between(-0.07, 0.07)) * height, fill),
    );
  }
  const things = random.whole(2, 7);
  for (let thing = 0; thing < things; thing += 1) {
    const x = random.between(0.05, 0.95) * width;
    const foot = random.between(0.6, 0.95) * height;
    const size = random.between(0.08, 0.26) * height;
    parts.push(
      random.next() < 0.5 ? drawTree(random, x, foot, size, dark) : drawHouse(random, x, foot, size),
    );
  }
  const figures = random.whole(0, 2);
  for (let figure = 0; figure < figures; figure += 1) {
    parts.push(
      drawFigure(
        random,
        random.between(0.2, 0.8) * width,
        random.between(0.55, 0.75) * height,
        random.between(0.18, 0.42) * height,
      ),
    );
  }
  return parts.join("");
}

function twice(value: number): [number, number] {
  return [value, value];
}

function drawHill(random: Random, { width, height }: Size, top: number, fill: string): string {
  const points: [number, number][] = Array.from({ length: 9 }, (_, at): [number, number] => [
    (at * width) / 8,
    top + random.between(-0.09, 0.09) * height,
  ]);
  return polygon([[0, height], ...points, [width, height]], fill);
}

function drawTree(random: Random, x: number, foot: number, size: number, trunk: string): string {
  const crown = anyColour(random);
  const stem = rectangle(x - size * 0.06, foot - size * 0.5, size * 0.12, size * 0.5, trunk);
  if (random.next() < 0.5) return stem + ellipse(x, foot - size * 0.75, size * 0.35, size * 0.4, crown);
  return (
    stem +
    polygon(
      [
        [x - size * 0.4, foot - size * 0.35],
        [x, foot - size * 1.2],
        [x + size * 0.4, foot - size * 0.35],
      ],
      crown,
    )
  );
}

function drawHouse(random: Random, x: number, foot: number, size: number): string {
  const wide = size * random.between(0.7, 1.4);
  return [
    rectangle(x - wide / 2, foot - size * 0.7, wide, size * 0.7, anyColour(random)),
    polygon(
      [
        [x - wide * 0.6, foot - size * 0.7],
        [x, foot - size * 1.15],
        [x + wide * 0.6, foot - size * 0.7],
      ],
      anyColour(random),
    ),
    rectangle(x - wide * 0.1, foot - size * 0.35, wide * 0.2, size * 0.35, anyColour(random)),
    rectangle(x + wide * 0.2, foot - size * 0.55, wide * 0.18, wide * 0.18, anyColour(random)),
  ].join("");
}

function drawFigure(random: Random, x: number, y: number, size: number): string {
  const head = size * random.between(0.2, 0.32);
  const eye = head * random.between(0.1, 0.25);
  return [
    polygon(
      [
        [x - size * 0.35, y + size * 0.8],
        [x, y - size * 0.1],
        [x + size * 0.35, y + size * 0.8],
      ],
      anyColour(random),
    ),
    ellipse(x, y - head * 0.8, head * 1.15, head * 1.2, anyColour(random)),
    ellipse(x, y - head * 0.6, head, head, `hsl(28,${random.whole(30, 70)}%,${random.whole(50, 85)}%)`),
    ellipse(x - head * 0.4, y - head * 0.6, eye, eye, "#222"),
    ellipse(x + head * 0.4, y - head * 0.6, eye, eye, "#222"),
    ellipse(x, y - head * 0.15, head * 0.3, head * random.between(0.04, 0.15), "#a33"),
  ].join("");
}
