import { pickPalette } from "./palette.ts";
import type { Random } from "./random.ts";
import { drawShape, rectangle, SHAPES, type Size } from "./shape.ts";

/** Repeated motifs, as on cloth or wrapping paper: two motifs in turn, or stripes with a motif between them. */
export function drawPattern(random: Random, { width, height }: Size): string {
  const [ground, light, middle, deep, dark] = pickPalette(random);
  const step = width / random.between(2.5, 9);
  const [one, other] = [random.pick(SHAPES), random.pick(SHAPES)];
  const radius = step * random.between(0.22, 0.48);
  const turn = random.between(0, Math.PI);
  const isStaggered = random.next() < 0.5;
  const parts = [rectangle(0, 0, width, height, ground)];
  if (random.next() < 0.4) parts.push(drawStripes(random, { width, height }, step, light));
  // Cloth is never cut at the same place: the phase belongs to the picture.
  const [shiftX, shiftY] = [random.between(-1, 0) * step, random.between(-1, 0) * step];
  for (let row = 0; shiftY + row * step < height + step; row += 1) {
    for (let column = 0; shiftX + column * step < width + step; column += 1) {
      const isOdd = (row + column) % 2 === 1;
      const x = shiftX + column * step + (isStaggered && row % 2 === 1 ? step / 2 : 0);
      const spot = {
        x,
        y: shiftY + row * step,
        radius: isOdd ? radius : radius * 0.7,
        fill: isOdd ? middle : deep,
      };
      parts.push(drawShape(isOdd ? one : other, spot, turn + row * 0.3));
      if (random.next() < 0.12) parts.push(drawShape("disc", { ...spot, radius: radius * 0.35, fill: dark }));
    }
  }
  return parts.join("");
}

function drawStripes(random: Random, { width, height }: Size, step: number, fill: string): string {
  const degrees = random.pick([0, 30, 45, 90, 135]);
  const thickness = step * random.between(0.2, 0.6);
  const reach = width + height;
  const count = Math.ceil((2 * reach) / step);
  const stripes = Array.from({ length: count }, (_, at) =>
    rectangle(-reach + at * step, -reach, thickness, 3 * reach, fill),
  );
  return `<g transform="rotate(${degrees} ${width / 2} ${height / 2})">${stripes.join("")}</g>`;
}
