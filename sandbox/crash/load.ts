import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { type ServiceProcess, startServiceProcess } from "../demo/service-process.ts";
import { startQingjian, textOf } from "../qingjian.ts";
import { startTianwang } from "../tianwang.ts";
import type { History } from "./history.ts";

const CONVERSATIONS = 8;
const SAY_EVERY_MS = 25;
const REDELIVER_EVERY_MS = 300;
const SETTLE_WITHIN_MS = 45_000;
const SECRET = `whsec_${Buffer.from("crash-secret-of-thirty-two-bytes").toString("base64")}`;

/**
 * Kills a real service process at seeded random points while buyers write and 天网 gives tasks, as a real platform and
 * a real task system would: what is not acknowledged comes again. Returns what was promised and what was seen.
 */
export async function killAgainAndAgain({ kills, seed }: { kills: number; seed: number }): Promise<History> {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-crash-"));
  const qingjian = await startQingjian();
  const tianwang = await startTianwang({ secret: SECRET });
  const settings = {
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: qingjian.url,
    TIANWANG_CALLBACK_URL: tianwang.callbackUrl,
    TIANWANG_SECRET: SECRET,
    MERGE_WINDOW_MS: "20",
  };
  const random = randomOf(seed);
  const said: { conversation: string; messageId: string; frame: Record<string, unknown> }[] = [];
  const given = new Map<string, string>();
  let service = await startServiceProcess(settings);
  let isLoading = true;

  const loading = load();
  const redelivering = setInterval(redeliver, REDELIVER_EVERY_MS);
  for (let kill = 0; kill < kills; kill += 1) {
    await wait(30 + random() * 400);
    await service.kill();
    service = await startServiceProcess(settings);
  }
  isLoading = false;
  await loading;
  await settle(service);
  clearInterval(redelivering);
  const history = await read();
  await service.stop();
  history.stored = storedMessages(join(dir, "app.db"));
  await qingjian.close();
  await tianwang.close();
  rmSync(dir, { recursive: true, force: true });
  return history;

  async function load(): Promise<void> {
    const giving: Promise<void>[] = [];
    for (let n = 1; isLoading; n += 1) {
      const who = n % CONVERSATIONS;
      const conversation = `c${who}`;
      const messageId = `m${n}`;
      const frame = qingjian.sayNow({ conversation, buyer: `u${who}`, messageId }, `你好 ${n}`);
      said.push({ conversation, messageId, frame });
      if (n % 5 === 0) giving.push(give(n, `u${who}`));
      await wait(SAY_EVERY_MS);
    }
    await Promise.all(giving);
  }

  async function give(n: number, customer: string): Promise<void> {
    const triggers = [
      { type: "customer_reply", keyword: "你好" },
      { type: "time", delay_seconds: 0.2 },
      { type: "immediate" },
    ];
    const task = {
      task_id: `t${n}`,
      type: "crash",
      customer: { id: customer },
      trigger: triggers[n % triggers.length],
      action: { type: "send_message", message: `任务${n}` },
      created_by: "crash",
    };
    // Like 天网: the same task again until somebody says that it is stored.
    for (;;) {
      try {
        await service.post("/api/task/receive", task);
        given.set(task.task_id, task.action.message);
        return;
      } catch {
        await wait(100);
      }
    }
  }

  function ackedFrames(): Set<string> {
    return new Set(
      qingjian.received.filter((frame) => frame.kind === "ack").map((frame) => String(frame.ref)),
    );
  }

  function redeliver(): void {
    const acked = ackedFrames();
    for (const { frame } of said) if (!acked.has(String(frame.id))) qingjian.redeliver(frame);
  }

  /** Until everything is acknowledged and no job is left; what never settles is for the checker to tell. */
  async function settle(from: ServiceProcess): Promise<void> {
    const until = Date.now() + SETTLE_WITHIN_MS;
    while (Date.now() < until) {
      await wait(300);
      const { components } = await from.get<{ components: { jobs: Record<string, number> } }>("/api/health");
      const isIdle = Object.values(components.jobs).every((count) => count === 0);
      const acked = ackedFrames();
      if (isIdle && said.every(({ frame }) => acked.has(String(frame.id)))) return;
    }
  }

  async function read(): Promise<History> {
    const acked = ackedFrames();
    const tasks: History["tasks"] = [];
    for (const [id, text] of given) {
      const { status } = await service
        .get<{ status: string }>(`/api/task/status/${id}`)
        .catch(() => ({ status: "missing" }));
      tasks.push({ id, text, status });
    }
    return {
      acked: said
        .filter(({ frame }) => acked.has(String(frame.id)))
        .map(({ conversation, messageId }) => ({ conversation, messageId })),
      stored: [],
      shown: qingjian.shown.map((reply) => ({
        conversation: reply.conversation.id,
        key: reply.idempotency_key,
        inReplyTo: reply.in_reply_to ?? null,
        text: textOf(reply),
      })),
      tasks,
      reports: tianwang.reports.map(({ task_id, id }) => ({ taskId: task_id, webhookId: id })),
    };
  }
}

function storedMessages(file: string): History["stored"] {
  const database = new Database(file, { readonly: true });
  const rows = database
    .prepare("select platform_message_id as id, status from messages where direction = 'in' order by seq")
    .all([]) as { id: string; status: string }[];
  database.close();
  return rows.map(({ id, status }) => ({
    messageId: id,
    isSettled: status === "answered" || status === "held",
  }));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
