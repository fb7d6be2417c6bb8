import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Log, silentLog } from "../domain/log.ts";
import { readEnv } from "../env.ts";
import { startService } from "../server/start.ts";
import { aDatabase } from "./test-database.ts";

/** The whole service with its HTTP on a free port, on the rules path and with no system beside it; a store of its own. */
export async function aRunningService(settings: Record<string, string> = {}, log: Log = silentLog) {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-service-"));
  const database = await aDatabase(dir);
  const env = readEnv({
    HTTP_API_PORT: "0",
    DATA_DIR: dir,
    DATABASE_URL: database.url,
    QINGJIAN_WS_URL: "off",
    TUHUI_API_URL: "off",
    TRACES: "off",
    TIANWANG_CALLBACK_URL: "off",
    ...settings,
  });
  const { service, url, stop } = await startService(env, {
    root: process.cwd(),
    version: "test",
    log,
    rulesOnly: true,
  });
  return {
    service,
    url,
    async stop(): Promise<void> {
      await stop();
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
export type RunningTestService = Awaited<ReturnType<typeof aRunningService>>;
