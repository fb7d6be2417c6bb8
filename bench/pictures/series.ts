import sharp from "sharp";
import { makePicture } from "./make-picture.ts";
import { createRandom } from "./random.ts";
import { drawShape, SHAPES, svg } from "./shape.ts";

const KINDS = ["another place", "another shape and colour", "another colour"] as const;
/** By member: no two of a series may be alike by chance, in colour or in grey. */
const LIGHTNESS = [32, 74, 46, 60];

/**
 * At most four pictures that share everything but one mark of 5 to 20 % of the width, which has another place, another
 * shape and colour, or only another colour.
 */
export async function makeSeries(seed: number, members: number): Promise<Buffer[]> {
  const ground = await makePicture(seed);
  const { width, height } = await sharp(ground).metadata();
  const random = createRandom(seed ^ 0x5e71e5);
  const kind = random.pick(KINDS);
  const hue = random.between(0, 360);
  const place = (member: number) => ({
    x: ((member % 2) / 2 + random.between(0.1, 0.4)) * width,
    y: (Math.floor(member / 2) / 2 + random.between(0.1, 0.4)) * height,
  });
  const colour = (member: number) =>
    `hsl(${Math.round(hue + (member * 360) / members)},75%,${LIGHTNESS[member] ?? 50}%)`;
  const shapes = random.shuffle(SHAPES);
  const shared = { ...place(random.whole(0, 3)), radius: random.between(0.025, 0.1) * width };
  return await Promise.all(
    Array.from({ length: members }, (_, member) => {
      const fill = colour(kind === "another place" ? 0 : member);
      const spot = kind === "another place" ? { ...shared, ...place(member) } : shared;
      const shape = shapes[kind === "another shape and colour" ? member : 0] ?? "disc";
      const mark = svg({ width, height }, drawShape(shape, { ...spot, fill }));
      return sharp(ground)
        .composite([{ input: mark }])
        .png({ compressionLevel: 1 })
        .toBuffer();
    }),
  );
}
