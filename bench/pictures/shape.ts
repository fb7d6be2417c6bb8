import type { Random } from "./random.ts";

export type Size = { width: number; height: number };
type Spot = { x: number; y: number; radius: number; fill: string };

export const svg = ({ width, height }: Size, content: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`,
  );

export const rectangle = (x: number, y: number, width: number, height: number, fill: string, extra = "") =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}" ${extra}/>`;

export const ellipse = (x: number, y: number, rx: number, ry: number, fill: string, extra = "") =>
  `<ellipse cx="${round(x)}" cy="${round(y)}" rx="${round(rx)}" ry="${round(ry)}" fill="${fill}" ${extra}/>`;

export const polygon = (points: readonly [number, number][], fill: string, extra = "") =>
  `<polygon points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ")}" fill="${fill}" ${extra}/>`;

export const SHAPES = ["disc", "square", "triangle", "star", "ring", "cross", "drop"] as const;
export type Shape = (typeof SHAPES)[number];

export function drawShape(shape: Shape, { x, y, radius, fill }: Spot, turn = 0): string {
  switch (shape) {
    case "disc":
      return ellipse(x, y, radius, radius, fill);
    case "ring":
      return ellipse(
        x,
        y,
        radius * 0.75,
        radius * 0.75,
        "none",
        `stroke="${fill}" stroke-width="${round(radius / 2)}"`,
      );
    case "square":
      return polygon(
        corners(4, x, y, () => radius, turn),
        fill,
      );
    case "triangle":
      return polygon(
        corners(3, x, y, () => radius, turn),
        fill,
      );
    case "star":
      return polygon(
        corners(10, x, y, (at) => (at % 2 === 0 ? radius : radius * 0.45), turn),
        fill,
      );
    case "cross":
      return polygon(
        corners(8, x, y, (at) => (at % 2 === 0 ? radius : radius * 0.3), turn),
        fill,
      );
    case "drop":
      return polygon(
        corners(24, x, y, (at) => radius * (0.5 + (0.5 * Math.abs(12 - at) ** 2) / 144), turn),
        fill,
      );
  }
}

/** Strokes that look like a line of writing; real letters would depend on the fonts of the machine. */
export function drawWriting(
  random: Random,
  spot: { x: number; y: number; size: number; letters: number; fill: string },
): string {
  const strokes = Array.from({ length: spot.letters }, (_, letter) => {
    const left = spot.x + letter * spot.size * 1.1;
    return Array.from({ length: random.whole(2, 5) }, () => {
      const [x, y] = [left + random.between(0, spot.size * 0.7), spot.y + random.between(0, spot.size * 0.8)];
      const isAcross = random.next() < 0.5;
      const [width, height] = isAcross
        ? [spot.size * 0.8, spot.size * 0.14]
        : [spot.size * 0.14, spot.size * 0.9];
      return rectangle(
        Math.min(x, left + spot.size - width),
        Math.min(y, spot.y + spot.size - height),
        width,
        height,
        spot.fill,
      );
    }).join("");
  });
  return strokes.join("");
}

function corners(
  count: number,
  x: number,
  y: number,
  radiusAt: (at: number) => number,
  turn: number,
): [number, number][] {
  return Array.from({ length: count }, (_, at): [number, number] => {
    const radians = turn + (2 * Math.PI * at) / count;
    return [x + radiusAt(at) * Math.cos(radians), y + radiusAt(at) * Math.sin(radians)];
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
