import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startWecom } from "../../sandbox/wecom/server.ts";
import { silentLog } from "../domain/log.ts";
import { openLibsqlStore } from "../store/store.ts";
import { wecomSettings } from "../testing/running-wecom.ts";

const MESSAGES = 200;
const PULLS = 3;

let wecom: Awaited<ReturnType<typeof startWecom>>;
let dir: string;
let port: number;
let children: ChildProcess[];

beforeEach(async () => {
  wecom = await startWecom();
  dir = mkdtempSync(join(tmpdir(), "tianwang-kf-"));
  port = await freePort();
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await wecom.close();
  rmSync(dir, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return free;
}

/** A service of its own process; resolves when it answers. */
async function start(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["src/server/main.ts", "--no-agent"], {
    env: {
      ...wecomSettings(wecom),
      HTTP_API_PORT: String(port),
      DATA_DIR: dir,
      DATABASE_URL: `file:${dir}/app.db`,
      QINGJIAN_WS_URL: "off",
      TUHUI_API_URL: "off",
      TIANWANG_CALLBACK_URL: "off",
      LOG_LEVEL: "silent",
    },
    stdio: "ignore",
  });
  children.push(child);
  const health = () =>
    fetch(`http://127.0.0.1:${port}/api/health`).then(
      (it) => it.ok,
      () => false,
    );
  await expect.poll(health, { timeout: 60_000, interval: 100 }).toBe(true);
  return child;
}

it("loses none of 200 messages over three pulls and meets none twice when killed between a pull and the store", async () => {
  wecom.knobs.kf.url = `http://127.0.0.1:${port}/wecom/kf`;
  // Nobody is there to hear it ring.
  const said = Array.from({ length: MESSAGES }, (_none, at) => `第 ${at} 条：打印机坏了`);
  for (const [at, text] of said.entries()) await wecom.kfSay({ externalUserid: `wm${at % 7}`, text });

  // Each pull is answered, and the process that asked is dead before it has stored that page: in turn the first, the
  // second and the third that it asks for.
  for (let pull = 1; pull <= PULLS; pull += 1) {
    // Pages without messages are pulls, too.
    wecom.knobs.kfLog.emptyPages = pull - 1;
    const known = wecom.countCalls("kf/sync_msg");
    const child = await start();
    await expect
      .poll(() => wecom.countCalls("kf/sync_msg"), { timeout: 30_000, interval: 1 })
      .toBeGreaterThanOrEqual(known + pull);
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  const last = await start();
  const { store } = await openLibsqlStore({
    file: `${dir}/app.db`,
    now: Date.now,
    random: Math.random,
    log: silentLog,
  });
  const stored = async () => {
    const talks = await store.conversations.list({ limit: 50 });
    const messages = await Promise.all(talks.map(({ id }) => store.messages.recent(id, 500)));
    return messages.flat().filter(({ direction }) => direction === "in");
  };
  await expect.poll(async () => (await stored()).length, { timeout: 60_000, interval: 250 }).toBe(MESSAGES);
  const texts = (await stored()).map(({ parts }) => (parts[0] as { text: string }).text);
  expect(texts.sort()).toEqual([...said].sort());

  // The cursor stands at the end: what comes next is all that is fetched.
  const end = await store.kfCursors.find("wk0001");
  await wecom.kfSay({ externalUserid: "wm0", text: "还有一件事" });
  await expect.poll(async () => (await stored()).length, { timeout: 30_000 }).toBe(MESSAGES + 1);
  const lastPull = wecom.calls.findLast(({ endpoint }) => endpoint === "kf/sync_msg");
  expect(lastPull?.body.cursor).toBe(end?.cursor);
  last.kill("SIGTERM");
  await once(last, "exit");
  await store.close();
}, 180_000);
