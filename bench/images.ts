import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { table } from "./figures.ts";
import { HOSTILE_PICTURES, type Hostile } from "./hostile-pictures.ts";
import type { Look, Seen } from "./look-at-picture.ts";

const RISE_BAR_MB = 150;
const TIME_LIMIT_MS = 20_000;
const PROGRAM = new URL("./look-at-picture.ts", import.meta.url);
const WORDS = z
  .object({ texts: z.record(z.string(), z.string()) })
  .parse(parse(readFileSync(new URL("../config/replies.yaml", import.meta.url), "utf8"))).texts;

type Row = { form: string; isLarge: boolean; door: Seen; problem: string | null; stock: Seen };

/** Hostile and odd pictures at our door, beside sharp with its defaults; every look in a process of its own. */
export async function benchImages(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tianwang-bench-images-"));
  try {
    const rows: Row[] = [];
    for (const hostile of HOSTILE_PICTURES) rows.push(await measure(hostile, folder));
    return tell(rows);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The worst of a form's files stands for all of them. */
async function measure(hostile: Hostile, folder: string): Promise<Row> {
  const files = await hostile.make();
  const looks: Row[] = [];
  for (const [at, bytes] of files.entries()) {
    const path = join(folder, `file-${at}`);
    const cleanPath = join(folder, `clean-${at}`);
    await writeFile(path, bytes);
    const door = await look({ path, with: "door", cleanPath });
    const problem = await judge(hostile, door, cleanPath);
    const stock = await look({ path, with: "sharp", cleanPath });
    looks.push({ form: hostile.form, isLarge: hostile.isLarge === true, door, problem, stock });
  }
  const [worst] = looks.sort((a, b) => badness(b) - badness(a));
  if (worst === undefined) throw new Error(`${hostile.form}: no file`);
  return worst;
}

function badness({ problem, door }: Row): number {
  return (problem === null ? 0 : 1e6) + (door.riseMb ?? 0);
}

async function judge(hostile: Hostile, { outcome }: Seen, cleanPath: string): Promise<string | null> {
  if (outcome.status === "refused")
    return hostile.refused?.some((refusal) => refusal === outcome.why) === true
      ? null
      : `refused: ${outcome.why}`;
  const { taken } = hostile;
  if (taken === undefined) return "taken";
  if (outcome.width !== taken.width || outcome.height !== taken.height)
    return `not ${taken.width}×${taken.height}`;
  return (await hostile.check?.(await readFile(cleanPath))) ?? null;
}

/** A process that takes too long is stopped; one that dies says so. */
async function look(request: Look): Promise<Seen> {
  const child = fork(PROGRAM, { execArgv: [], stdio: ["ignore", "ignore", "ignore", "ipc"] });
  const { promise, resolve } = Promise.withResolvers<Seen>();
  const startedAt = performance.now();
  const giveUp = (why: string): void =>
    resolve({
      outcome: { status: "refused", why },
      ms: performance.now() - startedAt,
      riseMb: peakOf(child.pid),
    });
  const timer = setTimeout(() => giveUp(`no end within ${TIME_LIMIT_MS / 1000} s`), TIME_LIMIT_MS);
  child.once("message", (seen: Seen) => resolve(seen));
  child.once("exit", (code, signal) => giveUp(`the process ended (${signal ?? code})`));
  child.send(request);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}

/** The whole peak of a process that could not tell its rise. */
function peakOf(pid: number | undefined): number | null {
  try {
    const peakKb = /VmHWM:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return peakKb === undefined ? null : Number(peakKb) / 1024;
  } catch {
    return null;
  }
}

function tell(rows: readonly Row[]): string {
  const sum = (name: string, its: readonly Row[]): (string | number)[] => {
    const rises = its.map(({ door }) => door.riseMb ?? Number.NaN);
    return [
      name,
      `${its.filter(({ problem }) => problem === null).length} of ${its.length}`,
      `${Math.round(Math.max(...rises))} MB`,
      rises.filter((rise) => !(rise <= RISE_BAR_MB)).length,
    ];
  };
  const isLarge = (row: Row): boolean => row.isLarge;
  return [
    table(
      ["our door", "right", "RSS rise at most", "over the bar"],
      [
        sum(
          "hostile, broken, odd",
          rows.filter((row) => !isLarge(row)),
        ),
        sum("whole pictures of 49 megapixels", rows.filter(isLarge)),
        ["bar", "all", `≤ ${RISE_BAR_MB} MB`, 0],
      ],
    ),
    table(
      ["form", "our door", "right?", "ms", "RSS rise", "stock sharp", "ms", "RSS rise"],
      rows.map(({ form, door, problem, stock }) => [
        form,
        tellDoor(door),
        problem === null ? "yes" : `**no**: ${problem}`,
        ...tellCost(door),
        tellStock(stock),
        ...tellCost(stock),
      ]),
    ),
  ].join("\n\n");
}

function tellDoor({ outcome }: Seen): string {
  if (outcome.status === "taken") return `${outcome.format} ${outcome.width}×${outcome.height}`;
  return `refused: ${WORDS[`picture_${outcome.why}`] ?? outcome.why}`;
}

function tellStock({ outcome }: Seen): string {
  if (outcome.status === "taken") return `${outcome.format} ${outcome.width}×${outcome.height}`;
  const why = outcome.why.split("\n")[0] ?? "";
  return `refused: ${why.replaceAll("|", "/").trim().slice(0, 60)}`;
}

function tellCost({ ms, riseMb }: Seen): [string, string] {
  return [
    ms < 10 ? ms.toFixed(1) : String(Math.round(ms)),
    riseMb === null ? "?" : `${Math.round(riseMb)} MB`,
  ];
}
