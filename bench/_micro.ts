import { mkdtempSync } from "node:fs";
import { Mastra } from "@mastra/core/mastra";
import { silentLog } from "../src/domain/log.ts";
import { readEnv } from "../src/env.ts";
import { createFigures } from "../src/server/observe/figures.ts";
import { createTurnWatch } from "../src/server/observe/watch-turns.ts";
import { openMastraStorage } from "../src/server/open-mastra.ts";

const dir = mkdtempSync("/tmp/micro-");
const log = { ...silentLog, warn: (e: string, f: unknown) => console.log(e, f) };
const env = readEnv({ DATA_DIR: dir });
const s = openMastraStorage(env, { root: "/", log });
const mastra = new Mastra({ storage: s.storage, observability: s.observability!, logger: false });
const watch = createTurnWatch({ traces: s.observability!.getDefaultInstance()!, figures: createFigures() });
const N = 10000;
for (let round = 0; round < 3; round++) {
  const c = process.cpuUsage(),
    t = performance.now();
  for (let i = 0; i < N; i++) {
    const w = watch.begin({
      agent: "shop",
      conversationId: "c_01JDABCDEF",
      customerId: "x",
      platform: "taobao",
      turnId: `t_${i}`,
      transcript: [],
      messages: ["帮我把这张图放大到 3000 像素，谢谢 13800138000"],
      facts: {} as any,
    });
    if (i % 3 === 0)
      w.toolBegins("quote_price", { services: ["enhance"], pictures: 1 })("done", {
        status: "quoted",
        total_fen: 5000,
        tell: "一共 50 元",
      });
    w.end({
      text: "好的，放大一张 50 元，要做吗？",
      attachments: [],
      rung: "rules",
      tools: [],
      knowledge: {} as any,
      usage: { input: 0, output: 0 },
      versions: { prompt: "abcdefabcdef", replies: "abcdefabcdef", playbook: "abcdefabcdef" },
    });
    if (i % 10 === 0) await new Promise((r) => setImmediate(r));
  }
  await mastra.observability.flush();
  const u = process.cpuUsage(c);
  console.log(
    `${((u.user + u.system) / N).toFixed(1)} us cpu/turn, wall ${(((performance.now() - t) * 1000) / N).toFixed(1)}`,
  );
}
const obs = await s.storage.getStore("observability");
console.log(((await obs!.listTraces({ pagination: { page: 0, perPage: 1 } } as any)) as any).pagination);
process.exit(0);
