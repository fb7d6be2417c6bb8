import type { Random } from "./random.ts";

export type Palette = [string, string, string, string, string];

/** Five colours that go together: one hue and its neighbours, or two hues that face each other, light to dark. */
export function pickPalette(random: Random): Palette {
  const hue = random.between(0, 360);
  const spread = random.pick([20, 45, 120, 180]);
  const saturation = random.between(15, 85);
  const colour = (turns: number, lightness: number) =>
    hsl(hue + spread * turns, saturation * random.between(0.6, 1.1), lightness + random.between(-8, 8));
  return [colour(0, 88), colour(0.5, 68), colour(1, 50), colour(1, 34), colour(0, 18)];
}

export function anyColour(random: Random): string {
  return hsl(random.between(0, 360), random.between(0, 95), random.between(12, 90));
}

function hsl(hue: number, saturation: number, lightness: number): string {
  const clamp = (value: number): number => Math.round(Math.min(97, Math.max(3, value)));
  return `hsl(${Math.round(hue % 360)},${clamp(saturation)}%,${clamp(lightness)}%)`;
}
