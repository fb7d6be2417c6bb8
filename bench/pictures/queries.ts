import { DISTORTIONS } from "./distortions.ts";
import type { PictureSet, SetPicture } from "./gallery-set.ts";
import { createRandom } from "./random.ts";

export type Query = { distortion: string; source: SetPicture; bytes: Buffer };

const SEED = 7;

/** So many changed copies by each distortion, of pictures drawn from the whole set, one after the other. */
export async function* makeQueries({ pictures }: PictureSet, perDistortion: number): AsyncGenerator<Query> {
  const random = createRandom(SEED);
  for (const [distortion, distort] of Object.entries(DISTORTIONS)) {
    for (const source of random.shuffle(pictures).slice(0, perDistortion)) {
      yield { distortion, source, bytes: await distort(source.read(), random) };
    }
  }
}
