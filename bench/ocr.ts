import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { silentLog } from "../src/domain/log.ts";
import type { TextReader } from "../src/domain/pictures/ports.ts";
import { createPictureInspector } from "../src/integrations/pictures/inspector.ts";
import { createTextReader } from "../src/integrations/pictures/ocr/reader.ts";
import { median, quantile, table } from "./figures.ts";
import { findTesseract, readWithTesseract } from "./peers/tesseract.ts";
import { drawTextPictures, type TextPicture } from "./text-pictures.ts";

const LAG_PICTURES = 40;
const LAG_RESOLUTION_MS = 1;

/** What one engine said about one picture; unsure when only the upper bound says text. */
type Reading = { picture: TextPicture; lower: number; upper: number; ms: number };

/** Text or no text, and how many characters: our reader beside Debian's tesseract on the same pictures. */
export async function benchOcr(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tianwang-bench-ocr-"));
  try {
    const set = await drawTextPictures("test", folder);
    const ours = await readAll(set.pictures);
    const tesseract = findTesseract();
    const theirs = "version" in tesseract ? await readAllWithTesseract(set.pictures) : null;
    const engines = [
      { name: "tianwang-cs (PP-OCRv4, own process)", readings: ours.readings },
      ...(theirs === null ? [] : [{ name: "tesseract", readings: theirs }]),
    ];
    return [
      `${set.pictures.length} pictures drawn from the test seed in ${set.fonts.length} fonts; ${count(set.pictures, "photograph")} crops of ${set.photographFiles} photographs and ${count(set.pictures, "desktop drawing")} of ${set.drawnFiles} desktop drawings among them. Tesseract: ${"version" in tesseract ? `${tesseract.version}, chi_sim, psm 11, one thread, two pictures at a time` : tesseract.missing}. One textless picture is ${share(1, set.pictures.filter(isTextless).length)}: the bar of 0.5 % means none.`,
      tellVerdicts(engines),
      tellKinds(engines),
      tellProcess(ours),
    ].join("\n\n");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readAll(pictures: readonly TextPicture[]) {
  const reader = createTextReader({ log: silentLog, idleMs: 60_000 });
  try {
    const [first] = pictures;
    if (first === undefined) throw new Error("no pictures");
    const startedAt = performance.now();
    await readOne(reader, first);
    const startMs = performance.now() - startedAt;
    const idle = await measureLag(() => wait(3_000));
    const step = Math.floor(pictures.length / LAG_PICTURES);
    const watched = pictures.filter((_, at) => at % step === 0).slice(0, LAG_PICTURES);
    const readings = new Map<TextPicture, Reading>();
    const inspector = createPictureInspector();
    const busy = await measureLag(async () => {
      for (const picture of watched) {
        const inspected = await inspector.inspect(await readFile(picture.path));
        if (!inspected.ok) throw new Error(`the door refused ${picture.kind}: ${inspected.refusal}`);
        readings.set(picture, await readOne(reader, picture));
      }
    });
    for (const picture of pictures)
      if (!readings.has(picture)) readings.set(picture, await readOne(reader, picture));
    return { readings: [...readings.values()], startMs, idle, busy, peakMb: workerPeakMb() };
  } finally {
    await reader.close();
  }
}

async function readOne(reader: TextReader, picture: TextPicture): Promise<Reading> {
  const bytes = await readFile(picture.path);
  const startedAt = performance.now();
  const evidence = await reader.read(bytes);
  if (evidence.failed) throw new Error(`OCR failed on ${picture.kind}: the bench measures nothing`);
  return {
    picture,
    lower: evidence.chars_lower,
    upper: evidence.chars_upper,
    ms: performance.now() - startedAt,
  };
}

/** Two pictures at a time, or it would take longer than all the rest. */
async function readAllWithTesseract(pictures: readonly TextPicture[]): Promise<Reading[]> {
  const waiting = [...pictures];
  const readings: Reading[] = [];
  const readWaiting = async (): Promise<void> => {
    for (let picture = waiting.shift(); picture !== undefined; picture = waiting.shift()) {
      const startedAt = performance.now();
      const counts = await readWithTesseract(picture.path);
      readings.push({ picture, ...counts, ms: performance.now() - startedAt });
    }
  };
  await Promise.all([readWaiting(), readWaiting()]);
  return readings;
}

/** How long the event loop of this process let a timer wait, the timer's own 1 ms included. */
async function measureLag(work: () => Promise<unknown>): Promise<{ p99Ms: number; maxMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delay.enable();
  await work();
  delay.disable();
  return { p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 };
}

/** The most memory that the OCR process ever held, or null where the system does not say. */
function workerPeakMb(): number | null {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
    const worker = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("worker.ts"));
    const peakKb = /VmHWM:\s+(\d+)/u.exec(readFileSync(`/proc/${worker}/status`, "utf8"))?.[1];
    return peakKb === undefined ? null : Math.round(Number(peakKb) / 1024);
  } catch {
    return null;
  }
}

type Engine = { name: string; readings: readonly Reading[] };

function tellVerdicts(engines: readonly Engine[]): string {
  const row = (readings: readonly Reading[]): string[] => {
    const textless = readings.filter(({ picture }) => isTextless(picture));
    const lettered = readings.filter(({ picture }) => !isTextless(picture));
    const times = readings.map((it) => it.ms);
    return [
      ofAll(textless, isYes),
      ofAll(lettered, isNo),
      ofAll(lettered, isExact),
      ofAll(readings, isUnsure),
      `${Math.round(median(times))} ms`,
      `${Math.round(quantile(times, 0.95))} ms`,
    ];
  };
  return table(
    ["", "wrongful surcharge", "missed", "exact character count", "unsure", "median", "p95"],
    [
      ...engines.map(({ name, readings }) => [name, ...row(readings)]),
      ["bar", "≤ 0.5 %", "≤ 3 %", "≥ 90 %", "", "", ""],
    ],
  );
}

function tellKinds(engines: readonly Engine[]): string {
  const kinds = [...new Set(engines[0]?.readings.map((it) => it.picture.kind) ?? [])].sort();
  const textlessOf = (kind: string, { readings }: Engine): string => {
    const its = readings.filter(({ picture }) => picture.kind === kind);
    return its.every(({ picture }) => isTextless(picture))
      ? `${its.filter(isYes).length} charged, ${its.filter(isUnsure).length} unsure`
      : `${its.filter(isExact).length} exact, ${its.filter(isNo).length} missed, ${its.filter(isUnsure).length} unsure`;
  };
  return table(
    ["kind", "pictures", ...engines.map((it) => it.name)],
    kinds.map((kind) => [
      kind,
      engines[0]?.readings.filter(({ picture }) => picture.kind === kind).length ?? 0,
      ...engines.map((engine) => textlessOf(kind, engine)),
    ]),
  );
}

function tellProcess({ startMs, idle, busy, peakMb }: Awaited<ReturnType<typeof readAll>>): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return table(
    ["main process, timer of 1 ms", "event-loop p99", "max", "bar"],
    [
      ["idle", ms(idle.p99Ms), ms(idle.maxMs), ""],
      [`${LAG_PICTURES} pictures through the door and OCR`, ms(busy.p99Ms), ms(busy.maxMs), "p99 ≤ 50 ms"],
    ],
  ).concat(
    `\n\nOCR process: first picture after ${(startMs / 1000).toFixed(1)} s with the start, at most ${peakMb ?? "?"} MB.`,
  );
}

function isTextless(picture: TextPicture): boolean {
  return picture.characters < 2;
}

function isYes({ lower }: Reading): boolean {
  return lower >= 2;
}

function isNo({ upper }: Reading): boolean {
  return upper <= 1;
}

function isUnsure(reading: Reading): boolean {
  return !isYes(reading) && !isNo(reading);
}

function isExact({ lower, picture }: Reading): boolean {
  return lower === picture.characters;
}

function ofAll(readings: readonly Reading[], isSuch: (reading: Reading) => boolean): string {
  const such = readings.filter(isSuch).length;
  return `${share(such, readings.length)} (${such} of ${readings.length})`;
}

function share(some: number, all: number): string {
  return `${((some / all) * 100).toFixed(1)} %`;
}

function count(pictures: readonly TextPicture[], kind: string): number {
  return pictures.filter((picture) => picture.kind === kind).length;
}
