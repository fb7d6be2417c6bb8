import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { silentLog } from "../src/domain/log.ts";
import { foldText, matchReply } from "../src/domain/tasks/matching.ts";
import { taskRequestSchema } from "../src/domain/tasks/task.ts";
import { createSafeRegex } from "../src/integrations/tasks/safe-regex.ts";
import { openLibsqlStore } from "../src/store/store.ts";
import { quantile, table } from "./figures.ts";

const PENDING = 1_000_000;
const CUSTOMERS = 200_000;
const FOR_ANYONE = 20;
const MESSAGES = 2_000;

/** One customer's message against a million pending customer_reply tasks. */
export async function benchMatch(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-match-"));
  const file = join(dir, "app.db");
  const open = () => openLibsqlStore({ file, now: Date.now, random: Math.random, log: silentLog });
  await (await open()).store.close();
  fill(file);
  const { store } = await open();
  const regex = createSafeRegex();
  const times: number[] = [];
  let found = 0;
  for (let n = 0; n < MESSAGES; n += 1) {
    const customer = { id: `u${(n * 7919) % CUSTOMERS}`, platform: "pinduoduo", shopId: "s1" };
    const startedAt = performance.now();
    const texts = [foldText(`你好，我想测试${n % 5}一下`)];
    for (const { request } of await store.tasks.pendingFor("customer_reply", customer))
      if (request.trigger.type === "customer_reply" && matchReply(request.trigger, texts, regex) >= 0)
        found += 1;
    times.push(performance.now() - startedAt);
  }
  await store.close();
  rmSync(dir, { recursive: true, force: true });
  if (found === 0) throw new Error("nothing matched: the bench measures nothing");
  const ms = (share: number) => `${quantile(times, share).toFixed(3)} ms`;
  return table(
    ["pending tasks", "messages", "median", "p95", "p99", "bar"],
    [[PENDING.toLocaleString("en"), MESSAGES, ms(0.5), ms(0.95), ms(0.99), "< 1 ms"]],
  );
}

function fill(file: string): void {
  const database = new Database(file);
  database.exec("pragma journal_mode=WAL; pragma synchronous=OFF");
  const insert = database.prepare(
    `insert into tasks(task_id, type, customer_id, trigger_type, created_by, priority, request, status, created_at)
     values (?, 'bench', ?, 'customer_reply', 'bench', 5, ?, 'pending', 0)`,
  );
  const template = JSON.stringify(
    taskRequestSchema.parse({
      task_id: "ID",
      type: "bench",
      customer: { id: "CUSTOMER" },
      trigger: { type: "customer_reply", keyword: "KEYWORD" },
      action: { type: "send_message", message: "测试消息" },
      created_by: "bench",
    }),
  );
  database.exec("begin");
  for (let n = 0; n < PENDING; n += 1) {
    const customer = n < FOR_ANYONE ? "*" : `u${n % CUSTOMERS}`;
    const request = template
      .replace("ID", `t${n}`)
      .replace("CUSTOMER", customer)
      .replace("KEYWORD", `测试${Math.floor(n / CUSTOMERS)}`);
    insert.run([`t${n}`, customer, request]);
  }
  database.exec("commit");
  database.close();
}
