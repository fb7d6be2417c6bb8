import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServiceProcess, startServiceProcess } from "../sandbox/demo/service-process.ts";
import type { BuyersPlan, BuyersReport } from "./buyers.ts";

const PLAN = { conversations: 50, toolShare: 0.3 };
const CONNECTED_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 50;

export type LoadedService = Awaited<ReturnType<typeof openLoadedService>>;

/**
 * The service as its user starts it, with buyers in a process of their own: whole turns over the WebSocket, everything
 * durable.
 *
 * @param database - absent: a libSQL file of its own
 * @param replicas - equal processes on that database
 */
export async function openLoadedService({
  settings = {},
  args = [],
  database,
  replicas = 1,
  dir = mkdtempSync(join(tmpdir(), "tianwang-bench-")),
}: {
  settings?: Record<string, string>;
  args?: string[];
  database?: string;
  replicas?: number;
  dir?: string;
} = {}) {
  const buyers = fork(new URL("./buyers.ts", import.meta.url), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [{ port }] = (await once(buyers, "message")) as [{ port: number }];
  const services: ServiceProcess[] = [];
  // NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…" profiles it.
  for (let n = 0; n < replicas; n += 1)
    services.push(
      await startServiceProcess(
        {
          DATA_DIR: dir,
          DATABASE_URL: database ?? `file:${dir}/app.db`,
          QINGJIAN_WS_URL: `ws://127.0.0.1:${port}`,
          QINGJIAN_PROFILE: "bench",
          MERGE_WINDOW_MS: "0",
          TIANWANG_CALLBACK_URL: "off",
          TUHUI_API_URL: "off",
          ...settings,
        },
        args,
      ),
    );
  await untilConnected(services);
  return {
    services,
    play: (plan: Pick<BuyersPlan, "turns" | "perSecond" | "names">) => play(buyers, { ...PLAN, ...plan }),
    rssMb: () => Math.max(...services.map(residentMb)),
    async stop() {
      for (const service of services) await service.stop();
      buyers.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

type Health = { components: { bridge: string } };

/** The one of them that has the bridge, once it is connected. */
export async function untilConnected(services: readonly ServiceProcess[]): Promise<ServiceProcess> {
  const until = performance.now() + CONNECTED_WITHIN_MS;
  while (performance.now() < until) {
    for (const service of services) {
      const { components } = await service.get<Health>("/api/health");
      if (components.bridge === "connected") return service;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  throw new Error("no process has connected to the bridge");
}

/** VmRSS of a service's process. */
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
