import { createNoise } from "./noise.ts";
import type { Random } from "./random.ts";
import { type Colour, mix, paintPixels, pickColour } from "./raw-picture.ts";
import type { Size } from "./shape.ts";

/** Like a photograph: clouds, ridges one behind the other in haze, rough ground, sometimes water that mirrors them. */
export async function paintLandscape(random: Random, size: Size): Promise<Buffer> {
  const noise = createNoise(random);
  const sky: [Colour, Colour] = [pickColour(random, 60, 200), pickColour(random, 150, 255)];
  const cloud = pickColour(random, 180, 255);
  const haze = pickColour(random, 120, 220);
  const ridges = Array.from({ length: random.whole(2, 5) }, (_, at) => ({
    top: 0.35 + at * random.between(0.08, 0.17) + random.between(-0.06, 0.06),
    height: random.between(0.06, 0.25),
    fineness: random.between(1.5, 5),
    colour: pickColour(random, 15, 150),
    seed: random.between(0, 50),
  }));
  const waterline = random.next() < 0.35 ? random.between(0.7, 0.85) : 1;
  const clouds = random.between(-0.2, 0.6);
  const cloudScale = random.between(2, 7);

  return await paintPixels(size, random, (x, y) => {
    const isWater = y > waterline;
    const up = isWater ? 2 * waterline - y + 0.01 * noise(x * 20, y * 60, 2) : y;
    let colour = mix(sky[0], sky[1], up * 1.6);
    colour = mix(colour, cloud, noise(x * cloudScale, up * cloudScale * 2, 5) + clouds);
    for (const [level, ridge] of ridges.entries()) {
      if (up < ridge.top - ridge.height * noise(x * ridge.fineness + ridge.seed, level, 5)) continue;
      const roughness = 60 * noise(x * 22 + ridge.seed, up * 30, 4);
      const ground = ridge.colour.map((value) => value + roughness) as Colour;
      colour = mix(ground, haze, 0.7 - (0.8 * (level + 1)) / ridges.length);
    }
    return isWater ? mix(colour, sky[0], 0.35) : colour;
  });
}
