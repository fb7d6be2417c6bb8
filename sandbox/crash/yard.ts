import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import type { Trouble } from "../http-server.ts";
import { type FrameTrouble, startQingjian } from "../qingjian.ts";
import { pause, type Random, randomOf } from "../random.ts";
import { startTianwang } from "../tianwang.ts";
import { startTuhui } from "../tuhui.ts";
import type { Control } from "./controls.ts";
import { tormentedDatabase } from "./database.ts";
import { openFront } from "./front.ts";
import { createProcesses } from "./processes.ts";
import { openSharedClock } from "./shared-clock.ts";

const SECRET = `whsec_${Buffer.from("crash-secret-of-thirty-two-bytes").toString("base64")}`;
const MERGE_WINDOW_MS = 20;

export type YardOptions = {
  seed: number;
  replicas: number;
  /** Null: a libSQL file in the yard's own folder. */
  database: string | null;
  /** How its server is restarted, as a shell command. */
  restart?: string | null;
  control: Control | null;
};
/** Faults and what came of the run, counted by name. */
export type Tally = Map<string, number>;
export type Yard = Awaited<ReturnType<typeof openYard>>;

/** One data folder with its peers, its clock and its processes; several run beside each other and know nothing of it. */
export async function openYard({ seed, replicas, database, restart = null, control }: YardOptions) {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-crash-"));
  const random = randomOf(seed);
  const clockFile = join(dir, "clock");
  const clock = openSharedClock(clockFile);
  const tally: Tally = new Map();
  let calmAt: number | null = null;

  const qingjian = await startQingjian();
  qingjian.knobs.transferOk = false;
  qingjian.knobs.trouble = ({ kind }) => (kind === "reply" || kind === "ack" ? frameTrouble() : "none");
  const tianwang = await startTianwang({ secret: SECRET, now: clock.now });
  const tuhui = await startTuhui({ secret: SECRET, now: clock.now });
  const front = await openFront(() => random.pick(processes.live)?.url ?? null, httpTrouble("front"));
  tianwang.knobs.trouble = httpTrouble("天网");
  tuhui.knobs.trouble = httpTrouble("图绘");
  const processes = createProcesses({
    DATA_DIR: dir,
    DATABASE_URL: database ?? `file:${dir}/app.db`,
    QINGJIAN_WS_URL: qingjian.url,
    TIANWANG_CALLBACK_URL: tianwang.callbackUrl,
    TIANWANG_SECRET: SECRET,
    TUHUI_API_URL: tuhui.url,
    TUHUI_SECRET: SECRET,
    FILES_URL: front.url,
    MERGE_WINDOW_MS: String(MERGE_WINDOW_MS),
    CRASH_CLOCK: clockFile,
    // A start is most of what a kill costs: what was compiled once is not compiled again.
    NODE_COMPILE_CACHE: join(dir, "compiled"),
    ...(control === null ? {} : { CRASH_CONTROL: control }),
  });

  function count(what: string): void {
    tally.set(what, (tally.get(what) ?? 0) + 1);
  }

  function frameTrouble(): FrameTrouble {
    if (calmAt !== null || !random.chance(FRAME_TROUBLE)) return "none";
    const trouble = random.pick<FrameTrouble>(["cut", "cut-after", "ack-lost", "ack-lost"]) ?? "none";
    count(trouble === "ack-lost" ? "acks lost" : "connections cut");
    return trouble;
  }

  function httpTrouble(whose: string): () => Trouble {
    return () => {
      if (calmAt !== null || !random.chance(HTTP_TROUBLE)) return "none";
      count(`answers of ${whose} cut or 500`);
      return random.pick<Trouble>(["cut", "refused", "answer-cut", "answer-refused"]) ?? "none";
    };
  }

  return {
    dir,
    /** Null: a file of each process's own machine. */
    database: database === null ? null : tormentedDatabase(database, restart),
    replicas,
    random: random as Random,
    clock,
    tally,
    count,
    qingjian,
    tianwang,
    tuhui,
    processes,
    url: front.url,
    isTroubled: () => calmAt === null,
    /** For how long nothing has gone wrong, in ms. */
    calmFor: () => (calmAt === null ? 0 : performance.now() - calmAt),
    /** From now on nothing goes wrong any more. */
    calm(): void {
      calmAt = performance.now();
    },
    /** Whether some process, standing still perhaps, is in the middle of a write. */
    isLocked: () => database === null && ["app.db", "mastra.db"].some((file) => isLocked(join(dir, file))),
    async get<Answer>(path: string): Promise<Answer> {
      return await call(`${front.url}${path}`);
    },
    /** Asks again until there is an answer; false when the answer is that there is nothing (more) to do. */
    async insist(path: string, body: unknown): Promise<boolean> {
      for (;;) {
        try {
          await call(`${front.url}${path}`, postOf(body));
          return true;
        } catch (error) {
          if (error instanceof Refused && NOTHING_TO_DO.includes(error.status)) return false;
          if (error instanceof Refused && error.status < 500) throw error;
          await pause(AGAIN_MS);
        }
      }
    },
    async close({ keep }: { keep: boolean }): Promise<void> {
      await processes.close();
      for (const peer of [front, qingjian, tianwang, tuhui]) await peer.close();
      if (!keep) rmSync(dir, { recursive: true, force: true });
    },
  };
}

const FRAME_TROUBLE = 0.05;
const HTTP_TROUBLE = 0.06;

/** Unknown, or ended already. */
const NOTHING_TO_DO = [404, 409];
const AGAIN_MS = 100;

/** What an HTTP call was answered with, when that was no success. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(`answered ${status}: ${text}`);
    this.status = status;
  }
}

function isLocked(file: string): boolean {
  const database = new Database(file, { timeout: 0 });
  try {
    database.exec("begin immediate; rollback");
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
}

function postOf(body: unknown): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

async function call<Answer>(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Refused(response.status, (await response.text()).slice(0, 200));
  return (await response.json()) as Answer;
}
