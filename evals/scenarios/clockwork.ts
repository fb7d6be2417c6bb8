import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { startTuhui } from "../../sandbox/tuhui.ts";
import { JOB_KINDS } from "../../src/domain/jobs/jobs.ts";
import { silentLog } from "../../src/domain/log.ts";
import { readEnv } from "../../src/env.ts";
import { createApp } from "../../src/server/app.ts";
import type { Outside } from "../../src/server/outside.ts";
import { wire } from "../../src/server/wire.ts";
import { createPlatform } from "./platform.ts";

export type Clockwork = Awaited<ReturnType<typeof openClockwork>>;

/**
 * A whole service in this process with records of its own in a folder, a clock that only goes on when told to, and
 * stand-ins for the customers' platforms and 图绘. Nothing in it depends on how fast the machine is.
 *
 * @param settings - more of the environment; what is said here anyway wins
 * @param at - where the clock begins, UTC ms
 */
export async function openClockwork({
  dir,
  settings,
  at,
  rulesOnly,
  around,
}: {
  dir: string;
  settings: Record<string, string>;
  at: number;
  rulesOnly: boolean;
  around: (outside: Outside) => Outside;
}) {
  let clock = at;
  let ownUrl = "";
  const tuhui = await startTuhui({ now: () => clock });
  const env = readEnv({
    ...settings,
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: "off",
    TIANWANG_CALLBACK_URL: "off",
    TUHUI_API_URL: tuhui.url,
    TRACES: "off",
  });
  const service = await wire(env, {
    root: process.cwd(),
    version: "eval",
    log: silentLog,
    rulesOnly,
    ownUrl: () => ownUrl,
    ambient: { now: () => clock, newId: (prefix) => `${prefix}_${randomUUID().replaceAll("-", "")}` },
    around,
  });
  const app = createApp(service);
  // 图绘 calls back over the network.
  const http = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await once(http, "listening");
  ownUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  async function idle(): Promise<void> {
    for (const kind of JOB_KINDS) service.jobs.wake(kind, 0);
    await service.jobs.idle();
  }

  return {
    service,
    tuhui,
    platform: createPlatform(service),
    idle,
    /** From now on what is due is done. */
    async start(): Promise<void> {
      service.startJobs();
      await idle();
    },
    now: () => clock,
    /** The clock goes on, and what is due by then is done. It never goes back. */
    async goTo(until: number): Promise<void> {
      clock = Math.max(clock, until);
      await idle();
    },
    /** The clock goes on, and nothing is waited for. */
    skip(ms: number): number {
      clock += ms;
      return clock;
    },
    async upload(bytes: Uint8Array): Promise<string> {
      const response = await app.request("/api/operations/pictures", {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
        body: bytes as BodyInit,
      });
      const kept = (await response.json()) as { picture: { id: string } };
      return kept.picture.id;
    },
    request: async (path: string, body: unknown) =>
      await app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    async close(): Promise<void> {
      http.close();
      await service.stop();
      await tuhui.close();
    },
  };
}
