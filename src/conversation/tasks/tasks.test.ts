import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { receiveTask } from "../../domain/tasks/receive-task.ts";
import { taskRequestSchema } from "../../domain/tasks/task.ts";
import { aConversationService, type ConversationService } from "../../testing/conversation-harness.ts";
import { anInbound, CONVERSATION_ID } from "../../testing/test-store.ts";

let service: ConversationService;
beforeEach(async () => {
  service = await aConversationService();
  service.start();
});
afterEach(() => service.close());

const SEND = { type: "send_message", message: "测试消息" };

async function give(id: string, overrides: Record<string, unknown> = {}) {
  const request = taskRequestSchema.parse({
    task_id: id,
    type: "test",
    customer: { id: "u1" },
    trigger: { type: "customer_reply", keyword: "测试" },
    action: SEND,
    created_by: "测试",
    ...overrides,
  });
  return await service.store.transaction((tx) =>
    receiveTask(tx, request, service.clock.now(), service.rules),
  );
}

async function say(text: string, who = "u1") {
  await service.receive(
    anInbound({ text, customer: { id: who, name: null }, externalConversationId: who === "u1" ? "c1" : who }),
  );
  await service.jobs.idle();
}

async function statusOf(id: string) {
  const task = await service.store.tasks.find(id);
  return [task?.status, task?.fired_count, task?.error_message];
}

describe("customer_reply", () => {
  it("sends its message once when the customer says the keyword, before the agent answers", async () => {
    await give("t1");

    await say("你好");
    await say("我想测试一下");
    await say("再测试");

    expect(service.texts()).toEqual(["答：你好", "测试消息", "答：我想测试一下", "答：再测试"]);
    expect(await statusOf("t1")).toEqual(["completed", 1, null]);
    expect(service.asked[1]?.facts.fired_tasks).toEqual(["测试消息"]);
    expect(service.reported).toMatchObject([{ event: "task.completed", task_id: "t1", status: "completed" }]);
  });

  it("folds width, case and space, and also looks at a burst joined by line breaks", async () => {
    await service.close();
    service = await aConversationService({ mergeWindowMs: 1_000 });
    service.start();
    await give("exact", { trigger: { type: "customer_reply", keyword: "ＯＫ", match: "exact" } });
    await give("joined", { trigger: { type: "customer_reply", keyword: "a.*\nb", match: "regex" } });

    await service.receive(anInbound({ text: " ok " }));
    await service.receive(anInbound({ text: "a1" }));
    await service.receive(anInbound({ text: "b2" }));
    await service.advance(1_000);

    expect(await statusOf("exact")).toEqual(["completed", 1, null]);
    expect((await service.store.tasks.find("joined"))?.fired_count).toBe(1);
  });

  it.each([
    ["（退款", "你好（退款）", 1],
    ["要多少钱？", "我要多少", 0],
    ["要多少钱？", "要多少钱?", 1],
    ["^退(款|货)$", " 退货 ", 1],
    ["ＯＫ+", "okkk", 1],
  ])(
    "takes full-width signs of the pattern %s as characters: on %s it fires %i times",
    async (keyword, text, times) => {
      await give("t1", { trigger: { type: "customer_reply", keyword, match: "regex" } });

      await say(text);

      expect((await service.store.tasks.find("t1"))?.fired_count).toBe(times);
    },
  );

  it("fires several tasks on one message, by priority then age", async () => {
    for (const [id, priority] of [
      ["a", 1],
      ["b", 9],
      ["c", 9],
    ] as const)
      await give(id, { priority, action: { type: "send_message", message: id } });

    await say("测试");

    expect(service.texts().slice(0, 3)).toEqual(["b", "c", "a"]);
  });

  it("fires for any customer once, or once per customer when asked", async () => {
    await give("once", { customer: { id: "*" }, action: { type: "send_message", message: "一次" } });
    await give("each", {
      customer: { id: "*", per_customer: true },
      action: { type: "send_message", message: "每人" },
    });

    await say("测试", "u1");
    await say("测试", "u2");
    await say("测试", "u2");

    expect(service.texts().filter((text) => text === "一次")).toHaveLength(1);
    expect(service.texts().filter((text) => text === "每人")).toHaveLength(2);
    expect(await statusOf("each")).toEqual(["pending", 2, null]);
  });

  it("does not look at another customer's or another platform's messages", async () => {
    await give("other", { customer: { id: "u2" } });
    await give("taobao", { customer: { id: "u1", platform: "taobao" } });

    await say("测试");

    expect(service.texts()).toEqual(["答：测试"]);
  });

  it("does not fire while a person holds the conversation", async () => {
    await give("t1");
    await say("你好");
    await service.takeover.takeOver(CONVERSATION_ID, "阿明");
    service.sent.length = 0;

    await say("测试");

    expect(service.sent).toEqual([]);
    expect(await statusOf("t1")).toEqual(["pending", 0, null]);
  });

  it("lets a cancel that came first win", async () => {
    const { cancelTask } = await import("../../domain/tasks/receive-task.ts");
    await give("t1");
    await service.store.transaction((tx) => cancelTask(tx, "t1", "不用了", service.clock.now()));

    await say("测试");

    expect(service.texts()).toEqual(["答：测试"]);
    expect(await statusOf("t1")).toEqual(["cancelled", 0, null]);
  });
});

describe("time", () => {
  it("fires at its instant, in the customer's conversation", async () => {
    await say("你好");
    await give("t1", { trigger: { type: "time", delay_seconds: 60 } });

    await service.advance(59_000);
    expect(await statusOf("t1")).toEqual(["pending", 0, null]);
    await service.advance(2_000);

    expect(service.texts().at(-1)).toBe("测试消息");
    expect(await statusOf("t1")).toEqual(["completed", 1, null]);
  });

  it("fails with customer_unreachable when no channel has met the customer", async () => {
    await give("t1", { trigger: { type: "immediate" } });
    await service.jobs.idle();

    expect(await statusOf("t1")).toEqual(["failed", 1, "customer_unreachable"]);
    expect(service.reported).toMatchObject([{ event: "task.failed", error_message: "customer_unreachable" }]);
  });

  it("fires what was missed by less than its catch-up, and expires what was missed by more", async () => {
    await say("你好");
    await give("soon", { trigger: { type: "time", delay_seconds: 60, catch_up_seconds: 3600 } });
    await give("late", { trigger: { type: "time", delay_seconds: 60, catch_up_seconds: 10 } });

    await service.advance(30 * 60_000);

    expect(await statusOf("soon")).toEqual(["completed", 1, null]);
    expect((await statusOf("late"))[0]).toBe("expired");
    expect((await statusOf("late"))[2]).toContain("1740 s");
  });

  it("fires a cron once for all the slots that were missed and says how many it skipped", async () => {
    await say("你好");
    await give("cron", { trigger: { type: "time", cron: "0 * * * *" } });

    await service.advance(5 * 3_600_000);
    await service.advance(3_600_000);

    expect(service.texts().filter((text) => text === "测试消息")).toHaveLength(2);
    expect(await statusOf("cron")).toEqual(["pending", 2, null]);
    expect((await service.store.tasks.findWithHistory("cron"))?.history.map((row) => row.detail)).toContain(
      "skipped 4 missed slots",
    );
  });

  it("waits until the person gives the conversation back", async () => {
    await say("你好");
    await service.takeover.takeOver(CONVERSATION_ID, "阿明");
    await give("t1", { trigger: { type: "time", delay_seconds: 1 } });
    service.sent.length = 0;

    await service.advance(5_000);
    expect(service.sent).toEqual([]);
    await service.takeover.release(CONVERSATION_ID);
    await service.jobs.idle();

    expect(service.texts()).toEqual(["测试消息"]);
    expect(await statusOf("t1")).toEqual(["completed", 1, null]);
  });

  it("can be cancelled, or expire, while it waits for the person, and then says nothing", async () => {
    const { cancelTask } = await import("../../domain/tasks/receive-task.ts");
    await say("你好");
    await service.takeover.takeOver(CONVERSATION_ID, "阿明");
    const inOneSecond = { trigger: { type: "time", delay_seconds: 1 } };
    await give("cancelled", inOneSecond);
    await give("expired", {
      ...inOneSecond,
      expires_at: new Date(service.clock.now() + 60_000).toISOString(),
    });
    await service.advance(5_000);
    service.sent.length = 0;

    const cancelled = await service.store.transaction((tx) =>
      cancelTask(tx, "cancelled", "不用了", service.clock.now()),
    );
    await service.advance(60_000);
    service.jobs.wake("task-expire", 0);
    await service.jobs.idle();
    await service.takeover.release(CONVERSATION_ID);
    await service.jobs.idle();

    expect(cancelled).toMatchObject({ ok: true });
    expect((await statusOf("cancelled"))[0]).toBe("cancelled");
    expect((await statusOf("expired"))[0]).toBe("expired");
    expect(service.texts()).toEqual([]);
  });

  it("expires at expires_at when it has not fired", async () => {
    await give("t1", { expires_at: new Date(service.clock.now() + 10_000).toISOString() });

    service.clock.advance(11_000);
    service.jobs.wake("task-expire", 0);
    await service.jobs.idle();

    expect((await statusOf("t1"))[0]).toBe("expired");
  });
});

describe("no_reply", () => {
  it("fires when the customer stays silent after our last message, and not when they write", async () => {
    await give("t1", { trigger: { type: "no_reply", after_seconds: 600 } });
    await say("你好");

    await service.advance(500_000);
    await say("等下");
    await service.advance(200_000);
    expect(await statusOf("t1")).toEqual(["pending", 0, null]);
    await service.advance(500_000);

    expect(await statusOf("t1")).toEqual(["completed", 1, null]);
  });
});

describe("receive", () => {
  it("knows the same content again and refuses other content under the same id", async () => {
    const first = await give("t1");
    const again = await give("t1");
    const other = await give("t1", { action: { type: "send_message", message: "别的" } });

    expect(first).toMatchObject({ ok: true, value: { duplicate: false } });
    expect(again).toMatchObject({ ok: true, value: { duplicate: true } });
    expect(other).toEqual({ ok: false, refusal: "conflict" });
  });

  it.each([
    ["trigger.cron", { trigger: { type: "time", cron: "99 * * * *" } }],
    ["trigger.cron", { trigger: { type: "time", cron: "* * * *  *", timezone: "Mars/Olympus" } }],
    ["trigger.keyword", { trigger: { type: "customer_reply", keyword: "(a)\\1", match: "regex" } }],
    ["trigger.keyword", { trigger: { type: "customer_reply", keyword: "(.*){999}b", match: "regex" } }],
    [
      "trigger.keywords",
      {
        trigger: {
          type: "customer_reply",
          keywords: Array.from({ length: 50 }, (_none, n) => `(a|b){20}${n}`),
          match: "regex",
        },
      },
    ],
    ["expires_at", { expires_at: "2020-01-01T00:00:00Z" }],
  ])("refuses with %s when it cannot work", async (path, overrides) => {
    expect(await give("bad", overrides)).toMatchObject({
      ok: false,
      refusal: "invalid",
      problems: [{ path }],
    });
  });
});
