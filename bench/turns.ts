import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServiceProcess, startServiceProcess } from "../sandbox/demo/service-process.ts";
import type { BuyersPlan, BuyersReport } from "./buyers.ts";
import { median, quantile, table } from "./figures.ts";
import { measureStock } from "./stock-mastra.ts";

const ROUNDS = 3;
const TURNS = 3_000;
const PLAN = { conversations: 50, toolShare: 0.3 };

/** Our service beside a stock Mastra agent with Memory, on the same rules model, in turn. */
export async function benchTurns(): Promise<string> {
  const ours = await measureService(ROUNDS, TURNS);
  const stock = await measureStock(ROUNDS, TURNS / 3);
  const rate = (reports: readonly { turns: number; seconds: number }[]) =>
    median(reports.map((report) => report.turns / report.seconds));
  const mine = rate(ours.fast);
  const theirs = rate(stock);
  const p95 = (latencies: number[]) => `${Math.round(quantile(latencies, 0.95))} ms`;
  return table(
    ["", "turns/s, 50 at once", "p95 at 50 turns/s", "p95 at full load", "RSS after"],
    [
      [
        "tianwang-cs: WebSocket, durable inbox and outbox",
        Math.round(mine),
        p95(ours.steady.latenciesMs),
        p95(ours.fast.flatMap((report) => report.latenciesMs)),
        `${ours.rssMb} MB`,
      ],
      [
        "stock Mastra agent, Memory on libSQL, in process",
        Math.round(theirs),
        "-",
        p95(stock.flatMap((it) => it.latenciesMs)),
        "-",
      ],
      ["ratio", `${(mine / theirs).toFixed(1)}×`, "", "", ""],
      ["bar", "≥ 300", "≤ 150 ms", "", ""],
    ],
  );
}

/** Whole turns over the WebSocket, everything durable: throughput with 50 conversations at once, latency at a rate. */
async function measureService(rounds: number, turns: number) {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-"));
  const buyers = fork(new URL("./buyers.ts", import.meta.url), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [{ port }] = (await once(buyers, "message")) as [{ port: number }];
  // NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…" profiles it.
  const service = await startServiceProcess(
    {
      DATA_DIR: dir,
      DATABASE_URL: `file:${dir}/app.db`,
      QINGJIAN_WS_URL: `ws://127.0.0.1:${port}`,
      QINGJIAN_PROFILE: "bench",
      MERGE_WINDOW_MS: "0",
    },
    ["--no-agent"],
  );
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  try {
    await play(buyers, { ...PLAN, turns: 500, perSecond: 0 });
    const fast: BuyersReport[] = [];
    for (let round = 0; round < rounds; round += 1)
      fast.push(await play(buyers, { ...PLAN, turns, perSecond: 0 }));
    const steady = await play(buyers, { ...PLAN, turns: 500, perSecond: 50 });
    const rssMb = residentMb(service);
    return { fast, steady, rssMb };
  } finally {
    await service.stop();
    buyers.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** VmRSS of the service's process. */
function residentMb({ pid }: ServiceProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/u.exec(status)?.[1] ?? 0) / 1024);
}

async function play(buyers: ChildProcess, plan: BuyersPlan): Promise<BuyersReport> {
  const answered = once(buyers, "message");
  buyers.send(plan);
  const [{ report }] = (await answered) as [{ report: BuyersReport }];
  if (report.doubled > 0) throw new Error(`${report.doubled} replies came twice`);
  return report;
}
