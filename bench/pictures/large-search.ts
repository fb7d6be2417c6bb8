import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decodeFingerprint, type Fingerprint } from "../../src/integrations/pictures/fingerprint.ts";
import { createGallery } from "../../src/integrations/pictures/gallery.ts";
import { quantile, table } from "../figures.ts";
import type { SetPicture } from "./gallery-set.ts";
import { createLagMeter } from "./lag.ts";
import { makeFingerprints, mutate, nearestDistances } from "./large-fingerprints.ts";

const COUNT = 100_000;
const MORE_REAL = 1_000;
const COMPARED = 100;
const BARS = { p95Ms: 300, lagMs: 50 };

type Real = { id: string; fingerprint: Fingerprint };
type LargeQuery = { source: SetPicture; bytes: Uint8Array };

/** The same search among a hundred thousand: the real pictures, more real ones, and mixtures of their fingerprints. */
export async function benchLargeGallery(
  test: readonly Real[],
  queries: readonly LargeQuery[],
): Promise<string> {
  const more = await makeFingerprints(MORE_REAL);
  const real = [...test.map(({ fingerprint }) => fingerprint), ...more];
  const mixtures = mutate(real);
  const gallery = createGallery({ items: [] });
  const add = (id: string, fingerprint: Fingerprint): void =>
    gallery.add({ id, title: `图片 ${id}`, tags: ["图库"], description: "", file: id, fingerprint });

  const bytesBefore = await heldBytes();
  let loadMs = 0;
  for (const { id, fingerprint } of test) add(id, fingerprint);
  for (const [at, fingerprint] of more.entries()) add(`more-${at}`, fingerprint);
  while (gallery.size() < COUNT) {
    const encoded = mixtures.next().value;
    const startedAt = performance.now();
    add(`mixed-${gallery.size()}`, decodeFingerprint(encoded));
    loadMs += performance.now() - startedAt;
  }
  const megabytes = ((await heldBytes()) - bytesBefore) / 1e6;

  const lag = createLagMeter();
  const times: number[] = [];
  let found = 0;
  for (const { source, bytes } of queries) {
    await lag.during(async () => {
      const startedAt = performance.now();
      const [best] = await gallery.searchByPicture(bytes, 5);
      times.push(performance.now() - startedAt);
      if (best?.item_id === source.id) found += 1;
    });
  }
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const figures = table(
    ["pictures", "queries", "recall@1", "p50", "p95", "event-loop lag p99", "longest", "load", "memory"],
    [
      [
        COUNT.toLocaleString("en"),
        queries.length,
        (found / queries.length).toFixed(3),
        ms(quantile(times, 0.5)),
        ms(quantile(times, 0.95)),
        ms(lag.p99Ms()),
        ms(lag.maxMs()),
        `${(loadMs / 1000).toFixed(1)} s`,
        `${megabytes.toFixed(0)} MB`,
      ],
      ["bar", "", "", "", `≤ ${BARS.p95Ms} ms`, `≤ ${BARS.lagMs} ms`, "", "", ""],
    ],
  );
  return `${figures}\n\n${describeSpread(test, more, mutate(real))} Load: decoding the rows and adding them to the gallery, words included, without reading the database.`;
}

function describeSpread(test: readonly Real[], more: Fingerprint[], mixtures: Generator<Uint8Array>): string {
  const wholes = test.slice(-COMPARED).map(({ fingerprint }) => fingerprint);
  const mixed = Array.from({ length: COMPARED }, () => decodeFingerprint(mixtures.next().value));
  const spread = (others: Fingerprint[]): string => {
    const distances = nearestDistances(wholes, others);
    return [0.01, 0.5].map((part) => quantile(distances, part)).join(" / ");
  };
  return `Of the ${COUNT.toLocaleString("en")}, ${test.length + more.length} fingerprints are of real pictures; the others are mixtures: hashes of one with the bits turned in which two more differ, thumbnail and colours blended of two and shifted. Bits of 256 between a whole picture and the nearest window of a stranger (1st percentile / median): ${spread(more.slice(0, COMPARED))} real, ${spread(mixed)} mixed.`;
}

/** What is held after a collection: the index is in array buffers, the rest on the heap. */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What the first one finds dead, its buffers are freed only after it.
  for (let round = 0; round < 3; round += 1) {
    collect();
    await setTimeout(50);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
