import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { Mastra } from "@mastra/core/mastra";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { createDecider } from "../src/agents/rules/decide.ts";
import { createRulesModel } from "../src/agents/rules/rules-model.ts";
import { silentLog } from "../src/domain/log.ts";
import { readEnv } from "../src/env.ts";
import { wire } from "../src/server/wire.ts";
import { PLAIN, TOOL } from "./words.ts";

const CONVERSATIONS = 50;

/** The same rules model, tools and mix of messages on an agent as Mastra's documentation builds it. */
export async function openStock() {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-stock-"));
  const service = await wire(
    readEnv({
      DATA_DIR: dir,
      DATABASE_URL: `file:${dir}/app.db`,
      QINGJIAN_WS_URL: "off",
      LOG_LEVEL: "silent",
      TRACES: "off",
    }),
    { root: process.cwd(), version: "bench", log: silentLog, rulesOnly: true, ownUrl: () => "" },
  );
  const storage = new LibSQLStore({ id: "stock", url: `file:${dir}/stock.db` });
  const model = createRulesModel(
    createDecider({
      understand: service.understand,
      say: () => service.config.rules().say,
      urgency: () => ({ hours: 2, times: 1.5 }),
    }),
  );
  const agent = new Agent({
    id: "stock",
    name: "stock",
    instructions: service.config.instructions.shop(),
    model: model as unknown as MastraModelConfig,
    tools: service.tools,
    memory: new Memory({ storage, options: { lastMessages: 20 } }),
  });
  const mastra = new Mastra({ agents: { stock: agent as unknown as Agent }, storage, logger: false });
  const stock = mastra.getAgent("stock");

  return {
    run,
    async stop() {
      await service.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };

  async function run(count: number) {
    const latenciesMs: number[] = [];
    const startedAt = performance.now();
    let sent = 0;
    await Promise.all(
      Array.from({ length: CONVERSATIONS }, async (_none, n) => {
        while (sent < count) {
          sent += 1;
          const words = (sent * 7) % 10 < 3 ? TOOL : PLAIN;
          const at = performance.now();
          await stock.generate(words[sent % words.length] ?? "在吗", {
            memory: { thread: `${startedAt}-${n}`, resource: `u${n}` },
          });
          latenciesMs.push(performance.now() - at);
        }
      }),
    );
    return { turns: latenciesMs.length, seconds: (performance.now() - startedAt) / 1000, latenciesMs };
  }
}
