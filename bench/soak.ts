import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { quantile, table } from "./figures.ts";
import { openLoadedService } from "./loaded-service.ts";
import { writeSection } from "./write-section.ts";

// `npm run soak [-- --minutes 20 --per-second 50]`: whole turns for a while, and what is left of them in memory.
// Exit 1 when the heap grew by more than it may, or the event loop stood still for too long.

const MOST_GROWTH_MB = 16;
const MOST_LAG_MS = 100;
/** Caches fill in the first minutes: what counts is what grows after that. */
const WARM_SHARE = 0.15;
const SLICE_S = 15;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    "per-second": { type: "string", default: "50" },
  },
});
const minutes = Number(values.minutes);
const perSecond = Number(values["per-second"]);
if (!(minutes > 0 && perSecond > 0)) {
  console.error("--minutes and --per-second are numbers above 0");
  process.exit(1);
}

type Sample = { minute: number; heapMb: number; rssMb: number; lagP99Ms: number; p95Ms: number };

const service = await openLoadedService({
  args: ["--no-agent"],
  // The probe answers a signal with the heap after a collection and the lag since the last answer.
  settings: { NODE_OPTIONS: "--expose-gc --import=./bench/heap-probe.ts" },
});
const samples: Sample[] = [];
try {
  await service.play({ turns: 500, perSecond });
  await probe();
  const begun = performance.now();
  const end = begun + minutes * 60_000;
  while (performance.now() < end) {
    const { latenciesMs, doubled } = await service.play({ turns: perSecond * SLICE_S, perSecond });
    if (doubled > 0) throw new Error(`${doubled} replies came twice`);
    const { heapMb, lagP99Ms } = await probe();
    const sample = {
      minute: (performance.now() - begun) / 60_000,
      heapMb,
      lagP99Ms,
      rssMb: service.rssMb(),
      p95Ms: quantile(latenciesMs, 0.95),
    };
    samples.push(sample);
    console.log(
      `${sample.minute.toFixed(1)} min: heap ${heapMb.toFixed(1)} MB, RSS ${sample.rssMb} MB, loop lag p99 ${lagP99Ms.toFixed(1)} ms, turn p95 ${sample.p95Ms.toFixed(0)} ms`,
    );
  }
} finally {
  await service.stop();
}

const warm = samples.filter(({ minute }) => minute >= WARM_SHARE * minutes);
const early = average(warm.slice(0, 4).map(({ heapMb }) => heapMb));
const late = average(warm.slice(-4).map(({ heapMb }) => heapMb));
const lag = Math.max(...samples.map(({ lagP99Ms }) => lagP99Ms));
const result = table(
  ["", `${minutes} min at ${perSecond} turns/s`, "bar"],
  [
    [
      "heap after a collection grows by",
      `${(late - early).toFixed(1)} MB (${early.toFixed(1)} → ${late.toFixed(1)})`,
      `≤ ${MOST_GROWTH_MB} MB`,
    ],
    ["event-loop lag p99, worst slice", `${lag.toFixed(1)} ms`, `≤ ${MOST_LAG_MS} ms`],
    ["RSS at the end", `${samples.at(-1)?.rssMb ?? 0} MB`, ""],
  ],
);
console.log(`\n${result}`);
writeSection("Soak", result);
process.exit(late - early <= MOST_GROWTH_MB && lag <= MOST_LAG_MS ? 0 : 1);

async function probe(): Promise<{ heapMb: number; lagP99Ms: number }> {
  const [target] = service.services;
  if (target === undefined) throw new Error("no service");
  const file = join(tmpdir(), `tianwang-heap-${target.pid}.json`);
  const before = read(file);
  process.kill(target.pid, "SIGUSR2");
  for (let tries = 0; tries < 200; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const after = read(file);
    if (after !== null && after.asked !== before?.asked) return after;
  }
  throw new Error("the probe did not answer");
}

function read(file: string): { asked: number; heapMb: number; lagP99Ms: number } | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { asked: number; heapMb: number; lagP99Ms: number };
  } catch {
    return null;
  }
}

function average(numbers: number[]): number {
  return numbers.reduce((sum, it) => sum + it, 0) / numbers.length;
}
