import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCronClock } from "../../integrations/tasks/cron.ts";
import { createSafeRegex } from "../../integrations/tasks/safe-regex.ts";
import { aClock, aStore } from "../../testing/test-store.ts";
import { createTaskRoutes } from "./tasks.ts";

const TASK = {
  task_id: "TEST_001",
  type: "test",
  customer: { id: "test_001" },
  trigger: { type: "customer_reply", keyword: "测试" },
  action: { type: "send_message", message: "测试消息" },
  created_by: "测试",
};

function nested(levels: number): unknown {
  return JSON.parse("[".repeat(levels) + "]".repeat(levels)) as unknown;
}

async function anApi(apiKey?: string) {
  const ambient = aClock();
  const { store, jobs } = await aStore(ambient);
  const rules = { cron: createCronClock(), regex: createSafeRegex() };
  const app = createTaskRoutes({ store, jobs, rules, ambient, apiKey });
  return {
    store,
    app,
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
  };
}

let api: Awaited<ReturnType<typeof anApi>>;
beforeEach(async () => {
  api = await anApi();
});
afterEach(() => api.store.close());

describe("POST /receive", () => {
  it("stores the task of the specification and knows it again", async () => {
    const first = await api.post("/receive", TASK);
    const again = await api.post("/receive", { ...TASK, created_by: "测试" });

    expect([first.status, await first.json()]).toEqual([
      200,
      { success: true, task_id: "TEST_001", status: "pending", message: "任务已接收", duplicate: false },
    ]);
    expect(await again.json()).toMatchObject({ duplicate: true, status: "pending" });
  });

  it("answers 409 when the id comes with other content", async () => {
    await api.post("/receive", TASK);

    const other = await api.post("/receive", { ...TASK, type: "other" });

    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ success: false, error: { code: "conflict" } });
  });

  it("answers 400 naming each bad field, and never echoes the input", async () => {
    const answer = await api.post("/receive", {
      ...TASK,
      task_id: "",
      customer: {},
      trigger: { type: "time", at: "tomorrow <secret-text>" },
      priority: 12,
      callback_url: "javascript:alert(1)",
    });
    const text = await answer.text();

    expect(answer.status).toBe(400);
    const paths = (JSON.parse(text) as { error: { details: { path: string }[] } }).error.details.map(
      (it) => it.path,
    );
    expect(paths).toEqual(
      expect.arrayContaining(["task_id", "customer.id", "trigger.at", "priority", "callback_url"]),
    );
    expect(text).not.toContain("secret-text");
  });

  it.each([
    ["two keywords forms", { trigger: { type: "customer_reply", keyword: "a", keywords: ["b"] } }],
    ["no keyword", { trigger: { type: "customer_reply" } }],
    ["two times", { trigger: { type: "time", delay_seconds: 1, cron: "* * * * *" } }],
    ["an unknown trigger", { trigger: { type: "moon" } }],
    ["an unknown action", { action: { type: "dance" } }],
    ["a wrong type", { priority: "high" }],
    ["metadata over 8 KiB", { metadata: { text: "x".repeat(9000) } }],
    ["metadata that nests deeper than any walk can follow", { metadata: { a: nested(3_000) } }],
    ["a message of blanks", { action: { type: "send_message", message: " \n　" } }],
    ["an id that no URL can name", { task_id: ".." }],
    ["an id that is half a character", { task_id: "x\ud800" }],
    ["an id with a control character", { task_id: "x\u0000y" }],
    ["a customer that is half a character", { customer: { id: "x\ud800" } }],
    [
      "a workflow without anything to work on",
      { action: { type: "start_workflow", workflow: "find-image", input: {} } },
    ],
    ["any customer with a time", { customer: { id: "*" }, trigger: { type: "immediate" } }],
    ["no author", { created_by: undefined }],
  ])("answers 400 for %s", async (_what, overrides) => {
    expect((await api.post("/receive", { ...TASK, ...overrides })).status).toBe(400);
  });
});

describe("POST /cancel", () => {
  it("cancels once, answers 409 with the status afterwards and 404 for an unknown task", async () => {
    await api.post("/receive", TASK);

    expect((await api.post("/cancel", { task_id: "TEST_001" })).status).toBe(200);
    const again = await api.post("/cancel", { task_id: "TEST_001" });
    expect([again.status, await again.json()]).toMatchObject([
      409,
      { status: "cancelled", error: { code: "conflict" } },
    ]);
    expect((await api.post("/cancel", { task_id: "nobody" })).status).toBe(404);
  });
});

describe("GET /status and /list", () => {
  it("tells a task with its history", async () => {
    await api.post("/receive", TASK);

    const answer = await (await api.app.request("/status/TEST_001")).json();

    expect(answer).toMatchObject({
      task_id: "TEST_001",
      status: "pending",
      attempts: 0,
      fired_count: 0,
      error_message: null,
      triggered_at: null,
      history: [{ status: "pending", cause: "received" }],
    });
    expect((await api.app.request("/status/nobody")).status).toBe(404);
  });

  it("pages newest first, stable while tasks come in, with null at the end", async () => {
    for (let n = 0; n < 5; n += 1) await api.post("/receive", { ...TASK, task_id: `t${n}` });
    type Page = { tasks: { task_id: string }[]; next_cursor: string | null };

    const first = (await (await api.app.request("/list?limit=2")).json()) as Page;
    await api.post("/receive", { ...TASK, task_id: "late" });
    const second = (await (
      await api.app.request(`/list?limit=2&cursor=${first.next_cursor}`)
    ).json()) as Page;
    const third = (await (
      await api.app.request(`/list?limit=2&cursor=${second.next_cursor}`)
    ).json()) as Page;

    expect([first, second, third].flatMap((page) => page.tasks.map((task) => task.task_id))).toEqual([
      "t4",
      "t3",
      "t2",
      "t1",
      "t0",
    ]);
    expect(third.next_cursor).toBeNull();
  });

  it.each(["cursor=zzz", "limit=0", "limit=201", "status=sleeping"])("answers 400 for %s", async (query) => {
    expect((await api.app.request(`/list?${query}`)).status).toBe(400);
  });
});

describe("the API key", () => {
  it("is asked for when one is configured, in either header", async () => {
    const closed = await anApi("k-1");

    expect((await closed.post("/receive", TASK)).status).toBe(401);
    expect((await closed.post("/receive", TASK, { "x-api-key": "wrong" })).status).toBe(401);
    expect((await closed.post("/receive", TASK, { "x-api-key": "k-1" })).status).toBe(200);
    expect((await closed.post("/receive", TASK, { authorization: "Bearer k-1" })).status).toBe(200);
    await closed.store.close();
  });

  it.each([
    ["evil.example", 403],
    ["evil.example:5678", 403],
    ["127.0.0.1:5678", 404],
    ["localhost", 404],
    ["[::1]:5678", 404],
  ])(
    "without one, a request for %s gets %i: a page in a browser here must not speak for it",
    async (host, status) => {
      expect((await api.app.request("/status/none", { headers: { host } })).status).toBe(status);
    },
  );
});
