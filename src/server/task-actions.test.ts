import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aPhoto } from "../../sandbox/pictures.ts";
import { startQingjian, textOf } from "../../sandbox/qingjian.ts";
import { startTianwang } from "../../sandbox/tianwang.ts";
import { startTuhui } from "../../sandbox/tuhui.ts";
import { aRunningService, type RunningTestService } from "../testing/running-service.ts";

const SECRET = `whsec_${Buffer.from("a test's secret of thirty-two by").toString("base64")}`;

let qingjian: Awaited<ReturnType<typeof startQingjian>>;
let tuhui: Awaited<ReturnType<typeof startTuhui>>;
let tianwang: Awaited<ReturnType<typeof startTianwang>>;
let running: RunningTestService;

beforeAll(async () => {
  [qingjian, tuhui, tianwang] = [
    await startQingjian(),
    await startTuhui({ secret: SECRET }),
    await startTianwang({ secret: SECRET }),
  ];
  running = await aRunningService({
    QINGJIAN_WS_URL: qingjian.url,
    TUHUI_API_URL: tuhui.url,
    TUHUI_SECRET: SECRET,
    TIANWANG_CALLBACK_URL: tianwang.callbackUrl,
    TIANWANG_SECRET: SECRET,
    MERGE_WINDOW_MS: "0",
  });
  await qingjian.connected();
});
afterAll(async () => {
  await running.stop();
  for (const peer of [qingjian, tuhui, tianwang]) await peer.close();
});

/** A buyer who has spoken once; the conversation's name is the customer's. */
async function met(name: string) {
  const buyer = { conversation: name, id: name };
  await qingjian.say(buyer, "你好");
  await qingjian.waitForReply(name, () => true);
  return buyer;
}

async function give(task_id: string, customer: string, rest: Record<string, unknown>) {
  const { status, body } = await tianwang.client(running.url).receive({
    task_id,
    type: "test",
    customer: { id: customer },
    trigger: { type: "immediate" },
    created_by: "测试",
    ...rest,
  });
  expect([status, body]).toEqual([200, expect.objectContaining({ success: true })]);
}

const statusOf = async (id: string) => (await tianwang.client(running.url).status(id)).body;
const ordersOf = (customer: string) => running.service.store.orders.ofCustomer(customer, 10);

describe("what a 天网 task can do", () => {
  it("start_workflow: opens the order it names, searches and tells the buyer, and reports the order", async () => {
    await met("find-by-task");

    await give("wf", "find-by-task", {
      action: { type: "start_workflow", workflow: "find-image", input: { words: "一只橘猫的插画" } },
    });
    const report = await tianwang.waitFor("wf", "task.completed");

    const [order] = await ordersOf("find-by-task");
    expect(order?.kind).toBe("find");
    expect(report).toMatchObject({ isSigned: true, result: { image_task_id: order?.id } });
    // The gallery is empty: the workflow has searched it, and says so.
    const { say } = running.service.config.rules();
    await qingjian.waitForReply("find-by-task", (text) => text === say("find_none", { yuan: "10" }));
  });

  it("transfer_to_human: opens a handoff that gives the person the task's reason", async () => {
    const buyer = await met("to-a-person");

    await give("transfer", "to-a-person", {
      action: { type: "transfer_to_human", reason: "老客户，价格要人谈", group: "售后" },
    });
    await tianwang.waitFor("transfer", "task.completed");

    const handoffs = await running.service.store.handoffs.list({ limit: 10 });
    const handoff = handoffs.find(
      (it) => it.customer_id === buyer.id || it.conversation_id.includes("to-a-person"),
    );
    expect(handoff).toMatchObject({ card: { summary: "老客户，价格要人谈" } });
  });

  it("run_agent: the agent writes what the case asks for, in the buyer's conversation", async () => {
    await met("agent-writes");

    await give("agent", "agent-writes", {
      action: { type: "run_agent", prompt: "问问这位买家还需要什么帮助" },
    });
    await tianwang.waitFor("agent", "task.completed");

    const words = qingjian.replies("agent-writes").map((reply) => textOf(reply));
    expect(words).toHaveLength(2);
    expect(words[1]).not.toBe("");
    expect(await statusOf("agent")).toMatchObject({
      status: "completed",
      fired_count: 1,
      error_message: null,
    });
  });

  it("dispatch: places one order at 图绘 with the task's requirements, and ends when 图绘 took it", async () => {
    await met("designed");

    await give("dispatch", "designed", {
      action: { type: "dispatch", requirements: ["海报尺寸 60×90 厘米", "主标题用红色"], priority: "high" },
    });
    await tianwang.waitFor("dispatch", "task.completed");

    expect(tuhui.orders).toHaveLength(1);
    expect(JSON.stringify(tuhui.orders[0]?.request)).toContain("主标题用红色");
    const [order] = await ordersOf("designed");
    expect(order).toMatchObject({ status: "dispatched", dispatch_no: tuhui.orders[0]?.order_no });
  });

  it("image_task: fires when that customer's order gets there, and not for another customer's", async () => {
    await met("waits-for-delivery");
    await met("somebody-else");
    const tell = { type: "send_message", message: "图做好啦，请查收" };
    await give("delivered", "waits-for-delivery", {
      trigger: { type: "image_task", event: "delivered" },
      action: tell,
    });
    await give("other", "somebody-else", {
      trigger: { type: "image_task", event: "delivered" },
      action: tell,
    });
    await give("design", "waits-for-delivery", {
      action: { type: "dispatch", requirements: ["画一张年画"] },
    });
    await tianwang.waitFor("design", "task.completed");
    const [order] = await ordersOf("waits-for-delivery");

    await tuhui.deliver(order?.dispatch_no ?? "", [await aPhoto(7)]);
    await tianwang.waitFor("delivered", "task.completed");

    const said = (name: string) => qingjian.replies(name).map((reply) => textOf(reply));
    expect(said("waits-for-delivery").filter((text) => text === tell.message)).toHaveLength(1);
    expect(said("somebody-else")).not.toContain(tell.message);
    expect(await statusOf("other")).toMatchObject({ status: "pending", fired_count: 0 });
  });

  it("reports a cancelled and an expired task, and a picture that may not be fetched as a failure", async () => {
    await met("endings");
    const never = {
      trigger: { type: "customer_reply", keyword: "永远不会说" },
      action: { type: "send_message", message: "x" },
    };
    await give("gone", "endings", never);
    await give("stale", "endings", { ...never, expires_at: new Date(Date.now() + 1_500).toISOString() });
    await give("hostile", "endings", {
      max_attempts: 1,
      action: { type: "dispatch", requirements: ["画"], images: ["http://169.254.169.254/latest/meta-data"] },
    });

    // 图绘's own API is trusted with its deliveries only.
    await give("inside", "endings", {
      max_attempts: 1,
      action: { type: "dispatch", requirements: ["画"], images: [`${tuhui.url}/api/orders/TH000001`] },
    });

    expect((await tianwang.client(running.url).cancel("gone")).status).toBe(200);
    expect(await tianwang.waitFor("gone", "task.cancelled")).toMatchObject({
      status: "cancelled",
      isSigned: true,
    });
    expect(await tianwang.waitFor("stale", "task.expired")).toMatchObject({ status: "expired" });
    for (const id of ["hostile", "inside"])
      expect(await tianwang.waitFor(id, "task.failed")).toMatchObject({
        error_message: expect.stringContaining("address-not-allowed") as string,
      });
    expect((await tianwang.client(running.url).cancel("gone")).status).toBe(409);
  });
});
