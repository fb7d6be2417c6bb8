import type { Random } from "./random.ts";

const LATTICE = 64;

/** Smooth noise of several octaves, about -1 to 1; each octave half as strong and twice as fine. */
export function createNoise(random: Random): (x: number, y: number, octaves: number) => number {
  const lattice = Float32Array.from({ length: LATTICE * LATTICE }, () => random.between(-1, 1));
  const at = (x: number, y: number): number =>
    lattice[(y & (LATTICE - 1)) * LATTICE + (x & (LATTICE - 1))] ?? 0;
  const smooth = (x: number, y: number): number => {
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const across = ease(x - left);
    const down = ease(y - top);
    const upper = at(left, top) * (1 - across) + at(left + 1, top) * across;
    const under = at(left, top + 1) * (1 - across) + at(left + 1, top + 1) * across;
    return upper * (1 - down) + under * down;
  };
  return (x, y, octaves) => {
    let sum = 0;
    let scale = 1;
    for (let octave = 0; octave < octaves; octave += 1, scale *= 2) {
      sum += smooth(x * scale + 17 * octave, y * scale + 31 * octave) / scale;
    }
    return sum / 1.6;
  };
}

function ease(share: number): number {
  return share * share * (3 - 2 * share);
}
