import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuyersPlan, BuyersReport } from "./buyers.ts";

const PLAN = { conversations: 50, toolShare: 0.3 };

/** Whole turns over the WebSocket, everything durable: throughput with 50 conversations at once, latency at a rate. */
export async function measureService(rounds: number, turns: number) {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-"));
  const buyers = fork(new URL("./buyers.ts", import.meta.url), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [{ port }] = (await once(buyers, "message")) as [{ port: number }];
  const service = spawn(
    process.execPath,
    [
      ...(process.env.BENCH_NODE_ARGS?.split(" ") ?? []),
      new URL("../src/server/main.ts", import.meta.url).pathname,
      "--no-agent",
    ],
    {
      env: {
        ...process.env,
        HTTP_API_PORT: "0",
        DATA_DIR: dir,
        DATABASE_URL: `file:${dir}/app.db`,
        QINGJIAN_WS_URL: `ws://127.0.0.1:${port}`,
        QINGJIAN_PROFILE: "bench",
        MERGE_WINDOW_MS: "0",
        LOG_LEVEL: "error",
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  await once(service.stdout, "data");
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
    service.kill("SIGTERM");
    await once(service, "exit");
    buyers.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** VmRSS of the service's process. */
function residentMb(service: ChildProcess): number {
  const status = readFileSync(`/proc/${service.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/u.exec(status)?.[1] ?? 0) / 1024);
}

async function play(buyers: ChildProcess, plan: BuyersPlan): Promise<BuyersReport> {
  const answered = once(buyers, "message");
  buyers.send(plan);
  const [{ report }] = (await answered) as [{ report: BuyersReport }];
  if (report.doubled > 0) throw new Error(`${report.doubled} replies came twice`);
  return report;
}
