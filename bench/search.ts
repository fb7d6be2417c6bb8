import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fingerprintPicture } from "../src/integrations/pictures/fingerprint.ts";
import { createGallery } from "../src/integrations/pictures/gallery.ts";
import { median, quantile, table } from "./figures.ts";
import { createPhashSearch } from "./peers/phash.ts";
import { createPlainSearch } from "./peers/plain-search.ts";
import { type Answer, bandTable, recallTable } from "./pictures/answers.ts";
import { makePictureSet, type PictureSet, type SetPicture } from "./pictures/gallery-set.ts";
import { createLagMeter } from "./pictures/lag.ts";
import { benchLargeGallery } from "./pictures/large-search.ts";
import { makeQueries, type Query } from "./pictures/queries.ts";
import { type Indexed, seriesTable } from "./pictures/series-bands.ts";

const PICTURES = 1_000;
const PER_DISTORTION = 200;
const TOP = 5;
/** Every so many queries is asked again among a hundred thousand. */
const ASKED_AGAIN = 10;
const BARS = { recall: 0.93, p95Ms: 120 };

/** Changed copies of pictures, looked for among a thousand and among a hundred thousand. */
export async function benchSearch(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tianwang-bench-search-"));
  try {
    return await measure(await makePictureSet("test", PICTURES, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(set: PictureSet): Promise<string> {
  const searches = {
    gallery: createGallery({ items: [] }),
    plain: createPlainSearch(),
    phash: createPhashSearch(),
  };
  const { indexed, indexTimes } = await index(set.pictures, searches);
  const answers: Answer[] = [];
  const again: Query[] = [];
  const lag = createLagMeter();
  for await (const query of makeQueries(set, PER_DISTORTION)) {
    const { bytes, distortion, source } = query;
    const { matches, ms } = await lag.during(async () => {
      const startedAt = performance.now();
      const found = await searches.gallery.searchByPicture(bytes, TOP);
      return { matches: found, ms: performance.now() - startedAt };
    });
    const peers = { plain: await searches.plain.search(bytes), phash: await searches.phash.search(bytes) };
    if (answers.length % ASKED_AGAIN === 0) again.push(query);
    answers.push({ distortion, source, ms, matches, ...peers });
  }
  if (answers.length === 0) throw new Error("nothing was asked: the bench measures nothing");

  const times = answers.map(({ ms }) => ms);
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const timeTable = table(
    [
      "pictures",
      "query p50, decoding included",
      "p95",
      "event-loop lag p99",
      "longest",
      "to index one, median",
    ],
    [
      [
        set.pictures.length.toLocaleString("en"),
        ms(median(times)),
        ms(quantile(times, 0.95)),
        ms(lag.p99Ms()),
        ms(lag.maxMs()),
        ms(median(indexTimes)),
      ],
      ["bar", "", `≤ ${BARS.p95Ms} ms`, "", "", ""],
    ],
  );
  return [
    describeSet(set),
    recallTable(answers, BARS.recall),
    bandTable(answers),
    await seriesTable(indexed, searches.gallery),
    timeTable,
    await benchLargeGallery(indexed, again),
  ].join("\n\n");
}

type Searches = {
  gallery: ReturnType<typeof createGallery>;
  plain: ReturnType<typeof createPlainSearch>;
  phash: ReturnType<typeof createPhashSearch>;
};

async function index(pictures: readonly SetPicture[], { gallery, plain, phash }: Searches) {
  const indexed: Indexed[] = [];
  const indexTimes: number[] = [];
  for (const picture of pictures) {
    const { id } = picture;
    const bytes = picture.read();
    const startedAt = performance.now();
    const fingerprint = await fingerprintPicture(bytes);
    gallery.add({ id, title: id, tags: [], description: "", file: id, fingerprint });
    indexTimes.push(performance.now() - startedAt);
    indexed.push({ ...picture, fingerprint });
    await plain.add(id, bytes);
    await phash.add(id, bytes);
  }
  return { indexed, indexTimes };
}

function describeSet({ pictures, photos, pieces }: PictureSet): string {
  const inSeries = pictures.filter(({ series }) => series !== null).length;
  return `${pictures.length} pictures made by seed: ${inSeries} in series of four that differ in one mark, ${pieces} pieces of ${photos} photographs and wallpapers of this machine, the rest drawn and painted. ${PER_DISTORTION} queries per distortion; right is only the source itself, not another of its series. Weights were chosen on other pictures than these.`;
}
