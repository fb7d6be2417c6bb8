import { afterEach, expect, it } from "vitest";
import { queueDelivery } from "../domain/conversations/notify-buyer.ts";
import type { Store } from "../domain/records.ts";
import { receiveTask } from "../domain/tasks/receive-task.ts";
import { taskRequestSchema } from "../domain/tasks/task.ts";
import { aConversationService, type ConversationService } from "../testing/conversation-harness.ts";
import { anInbound, CONVERSATION_ID } from "../testing/test-store.ts";

// A process that stood still for longer than its leases: another has done its work when it goes on.

let open: ConversationService[] = [];
afterEach(async () => {
  for (const service of open) await service.close();
  open = [];
});

async function aService(options: Parameters<typeof aConversationService>[0]): Promise<ConversationService> {
  const service = await aConversationService(options);
  service.start();
  open.push(service);
  return service;
}

it("throws away the reply of a turn that another process has answered meanwhile", async () => {
  const service = await aService({
    answer: async () => {
      const [message] = await service.store.messages.pending(CONVERSATION_ID);
      if (message !== undefined)
        await service.store.messages.settleInbound([message.id], "answered", `t_${message.id}`);
      return {};
    },
  });

  await service.receive(anInbound({ text: "在吗" }));
  await service.jobs.idle();

  expect(service.texts()).toEqual([]);
});

it("answers what is left when another process has answered a part of the burst meanwhile", async () => {
  let times = 0;
  const service = await aService({
    mergeWindowMs: 1_500,
    answer: async () => {
      times += 1;
      const [first] = await service.store.messages.pending(CONVERSATION_ID);
      if (times === 1 && first !== undefined)
        await service.store.messages.settleInbound([first.id], "answered", `t_${first.id}`);
      return {};
    },
  });

  await service.receive(anInbound({ text: "一" }));
  await service.receive(anInbound({ text: "二" }));
  await service.advance(2_000);
  // Our own job is tried again; one whose lease is another's is not ours to try.
  await service.advance(2_000);

  expect(service.texts()).toEqual(["答：二"]);
});

it("answers a burst of which the buyer takes a part back meanwhile", async () => {
  const taken = anInbound({ text: "二" });
  const service = await aService({
    mergeWindowMs: 1_500,
    answer: async () => {
      await service.store.messages.recall({
        channel: "qingjian",
        externalConversationId: "c1",
        platformMessageId: taken.platformMessageId ?? "",
      });
      return {};
    },
  });

  await service.receive(anInbound({ text: "一" }));
  await service.receive(taken);
  await service.advance(2_000);

  expect(service.texts()).toEqual(["答：一｜二"]);
});

it("leaves a message alone that another process has sent meanwhile", async () => {
  const service = await aService({
    send: async ({ parts }) => {
      const unsent = await service.store.messages.unsent(CONVERSATION_ID);
      if (parts.some((part) => part.type === "text" && part.text === "先"))
        for (const { id } of unsent.slice(1))
          await service.store.messages.settleOutbound(id, { status: "sent", at: service.clock.now() });
      return { status: "acked" };
    },
  });
  await service.receive(anInbound({ text: "在吗" }));
  await service.jobs.idle();

  await service.store.transaction(async (tx) => {
    for (const [id, text] of [
      ["m_first", "先"],
      ["m_second", "后"],
    ] as const)
      await tx.messages.addOutbound({
        id,
        conversationId: CONVERSATION_ID,
        author: "system",
        parts: [{ type: "text", text }],
        fence: 1,
        at: service.clock.now(),
      });
    await tx.jobs.enqueue({
      kind: "deliver",
      key: `deliver:${CONVERSATION_ID}`,
      payload: { conversationId: CONVERSATION_ID },
    });
  });
  await service.jobs.idle();

  expect(service.texts()).toEqual(["答：在吗", "先"]);
  expect((await service.store.messages.find("m_second"))?.status).toBe("sent");
});

it("does not doubt a message that another process has seen acknowledged meanwhile", async () => {
  const service = await aService({
    dedupes: false,
    send: async ({ idempotencyKey }) => {
      await service.store.messages.settleOutbound(idempotencyKey, {
        status: "sent",
        at: service.clock.now(),
      });
      return { status: "dropped" };
    },
  });

  await service.receive(anInbound({ text: "在吗" }));
  await service.jobs.idle();

  expect(await service.store.messages.listOutbound("uncertain", 10)).toEqual([]);
  expect(await service.store.messages.listOutbound("sent", 10)).toHaveLength(1);
});

/** A person takes the chat over before the next claim, and gives it back before anybody notes that it was refused. */
function heldForOneClaim(service: () => ConversationService, isFor: (messageId: string) => boolean) {
  let isDone = false;
  return (store: Store): Store => ({
    ...store,
    messages: {
      ...store.messages,
      async claimSend(message, ...rest) {
        if (isDone || !isFor(message.id)) return await store.messages.claimSend(message, ...rest);
        isDone = true;
        await service().takeover.takeOver(CONVERSATION_ID, "小王");
        const isClaimed = await store.messages.claimSend(message, ...rest);
        await service().takeover.release(CONVERSATION_ID);
        return isClaimed;
      },
    },
  });
}

it("tells a result whose claim a person refused, also when they gave the chat back before that was noted", async () => {
  const service: ConversationService = await aService({
    around: heldForOneClaim(
      () => service,
      (id) => id === "m_result",
    ),
  });
  await service.receive(anInbound({ text: "在吗" }));
  await service.jobs.idle();

  await service.store.transaction(async (tx) => {
    const conversation = await tx.conversations.find(CONVERSATION_ID);
    await tx.messages.addOutbound({
      id: "m_result",
      conversationId: CONVERSATION_ID,
      author: "system",
      parts: [{ type: "text", text: "做好了" }],
      fence: conversation?.fence ?? 0,
      at: service.clock.now(),
    });
    await queueDelivery(tx, CONVERSATION_ID);
  });
  await service.jobs.idle();

  expect(service.texts()).toEqual(["答：在吗", "做好了"]);
});

it("tells two results in their order when a person refused the claim of the first", async () => {
  const service: ConversationService = await aService({
    around: heldForOneClaim(
      () => service,
      (id) => id === "m_result_1",
    ),
  });
  await service.receive(anInbound({ text: "在吗" }));
  await service.jobs.idle();

  await service.store.transaction(async (tx) => {
    const conversation = await tx.conversations.find(CONVERSATION_ID);
    for (const n of [1, 2])
      await tx.messages.addOutbound({
        id: `m_result_${n}`,
        conversationId: CONVERSATION_ID,
        author: "system",
        parts: [{ type: "text", text: `第 ${n} 张` }],
        fence: conversation?.fence ?? 0,
        at: service.clock.now(),
      });
    await queueDelivery(tx, CONVERSATION_ID);
  });
  await service.jobs.idle();

  expect(service.texts()).toEqual(["答：在吗", "第 1 张", "第 2 张"]);
});

it("answers a message when the person gives the chat back while its turn looks who speaks", async () => {
  let isLooking = false;
  const service: ConversationService = await aService({
    mergeWindowMs: 3_000,
    around: (store) => ({
      ...store,
      messages: {
        ...store.messages,
        async pending(id) {
          const pending = await store.messages.pending(id);
          if (isLooking && pending.length > 0) {
            isLooking = false;
            // The turn has read meanwhile that a person holds the chat.
            await new Promise((resolve) => setTimeout(resolve, 30));
            await service.takeover.release(CONVERSATION_ID);
          }
          return pending;
        },
      },
    }),
  });
  await service.receive(anInbound({ text: "在吗" }));
  await service.takeover.takeOver(CONVERSATION_ID, "小王");
  isLooking = true;
  await service.advance(5_000);
  await service.advance(5_000);

  expect(service.texts()).toEqual(["答：在吗"]);
});

it("fires a task whose claim a person refused, also when they gave the chat back before that was noted", async () => {
  const service: ConversationService = await aService({
    around: heldForOneClaim(
      () => service,
      (id) => id.startsWith("m_f"),
    ),
  });
  await service.receive(anInbound({ text: "在吗" }));
  await service.jobs.idle();

  const request = taskRequestSchema.parse({
    task_id: "t1",
    type: "测试",
    customer: { id: "u1" },
    trigger: { type: "immediate" },
    action: { type: "send_message", message: "测试消息" },
    created_by: "测试",
  });
  await service.store.transaction((tx) => receiveTask(tx, request, service.clock.now(), service.rules));
  await service.jobs.idle();

  expect(service.texts()).toEqual(["答：在吗", "测试消息"]);
  expect((await service.store.tasks.find("t1"))?.status).toBe("completed");
});
