import { createNoise } from "./noise.ts";
import type { Random } from "./random.ts";
import { mix, paintPixels, pickColour } from "./raw-picture.ts";
import type { Size } from "./shape.ts";

/** A gradient between three colours, bent and stained by noise: marble, wood, paper, fog, light through glass. */
export async function paintTexture(random: Random, size: Size): Promise<Buffer> {
  const noise = createNoise(random);
  const [one, two, three] = [
    pickColour(random, 10, 250),
    pickColour(random, 10, 250),
    pickColour(random, 10, 250),
  ];
  const radians = random.between(0, 2 * Math.PI);
  const bend = random.between(0.1, 0.9);
  const scale = random.between(1.2, 6);
  const stretch = random.pick([1, 1, 4, 10]);
  const bands = random.pick([0, 0, random.between(2, 9)]);
  const stains = random.between(10, 70);
  const octaves = random.whole(2, 5);

  return await paintPixels(size, random, (x, y) => {
    const wave = noise(x * scale, y * scale * stretch, octaves);
    const along = (x - 0.5) * Math.cos(radians) + (y - 0.5) * Math.sin(radians) + 0.5 + bend * wave;
    const share = bands === 0 ? along : 0.5 + 0.5 * Math.sin(along * bands * Math.PI);
    const colour = share < 0.5 ? mix(one, two, share * 2) : mix(two, three, share * 2 - 1);
    const stain = stains * noise(x * 9 + 40, y * 9, 3);
    return [colour[0] + stain, colour[1] + stain, colour[2] + stain];
  });
}
