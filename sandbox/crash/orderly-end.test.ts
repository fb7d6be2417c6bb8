import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startServiceProcess } from "../demo/service-process.ts";
import { startQingjian } from "../qingjian.ts";

/** What whoever ends us waits for, before it kills. */
const ENDS_WITHIN_MS = 20_000;

let dir: string;
let qingjian: Awaited<ReturnType<typeof startQingjian>>;
let model: { server: Server; url: string; asked: number };

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "tianwang-end-"));
  qingjian = await startQingjian();
  // A model that takes every question and answers none.
  const server = createServer((request) => {
    request.resume();
    model.asked += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  model = { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked: 0 };
});
afterEach(async () => {
  model.server.closeAllConnections();
  model.server.close();
  await qingjian.close();
  rmSync(dir, { recursive: true, force: true });
});

function start(settings: Record<string, string> = {}) {
  return startServiceProcess({
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: qingjian.url,
    TIANWANG_CALLBACK_URL: "off",
    TUHUI_API_URL: "off",
    MERGE_WINDOW_MS: "0",
    ...settings,
  });
}

it("ends in time while a model keeps a turn waiting, and the next start answers that turn once", {
  timeout: 120_000,
}, async () => {
  const service = await start({ MODEL: "slow", OPENAI_BASE_URL: model.url, MODEL_TIMEOUT_MS: "300000" });
  await qingjian.connected();
  await qingjian.say({ conversation: "c1" }, "在吗");
  await expect.poll(() => model.asked, { timeout: 20_000 }).toBeGreaterThan(0);

  const begun = performance.now();
  await service.stop();
  expect(performance.now() - begun).toBeLessThan(ENDS_WITHIN_MS);
  expect(qingjian.replies("c1")).toEqual([]);

  const next = await start();
  await qingjian.waitForReply("c1", () => true, 60_000);
  await next.stop();
  expect(qingjian.replies("c1")).toHaveLength(1);
});

it("says what is on its way before it ends", { timeout: 120_000 }, async () => {
  const service = await start({ MODEL: "slow", OPENAI_BASE_URL: model.url, MODEL_TIMEOUT_MS: "3000" });
  await qingjian.connected();
  await qingjian.say({ conversation: "c1" }, "在吗");
  await expect.poll(() => model.asked, { timeout: 20_000 }).toBeGreaterThan(0);

  // The model is given up meanwhile, the rules answer, and the bridge is there until that is out.
  await service.stop();

  expect(qingjian.replies("c1")).toHaveLength(1);
});
