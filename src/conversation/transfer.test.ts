import { expect, it } from "vitest";
import type { MessageSender } from "../domain/conversations/sender.ts";
import { requestHandoff } from "../domain/handoffs/request-handoff.ts";
import { againAt } from "../domain/jobs/jobs.ts";
import { aClock, anInbound, aStore, CONVERSATION_ID } from "../testing/test-store.ts";
import { createTransferHandler } from "./transfer.ts";

it("passes the chat on only after the turn that asked for it has spoken, but does not wait for ever", async () => {
  const clock = aClock();
  const { store } = await aStore(clock);
  const message = anInbound({ text: "转人工" });
  const conversation = await store.conversations.upsert(message, clock.now());
  await store.messages.addInbound(message, {
    id: "m1",
    conversationId: CONVERSATION_ID,
    status: "pending",
    fence: 1,
  });
  const { handoff } = await store.transaction((tx) =>
    requestHandoff(tx, clock, { conversation, reason: "customer_asked", summary: "转人工" }),
  );
  let transfers = 0;
  const sender = {
    transfer: async () => {
      transfers += 1;
      return false;
    },
  } as unknown as MessageSender;
  const { run } = createTransferHandler({
    store,
    ambient: clock,
    senders: new Map([["qingjian", sender]]),
    takeover: {} as never,
  });
  const transfer = () =>
    run({ id: "1", kind: "transfer", payload: { handoffId: handoff.id }, attempt: 1, maxAttempts: 3 });

  // The turn is still at work.
  expect(await transfer()).toEqual(againAt(clock.now() + 100));
  await store.messages.settleInbound(["m1"], "answered", "t1");
  await store.messages.addOutbound({
    id: "out1",
    conversationId: CONVERSATION_ID,
    author: "bot",
    parts: [{ type: "text", text: "已为您转接人工客服" }],
    fence: 1,
    at: clock.now(),
  });
  // Its words are not out yet.
  expect(await transfer()).toEqual(againAt(clock.now() + 100));
  expect(transfers).toBe(0);

  await store.messages.settleOutbound("out1", { status: "sent", at: clock.now() });
  await transfer();
  expect(transfers).toBe(1);

  await store.messages.addOutbound({
    id: "out2",
    conversationId: CONVERSATION_ID,
    author: "bot",
    parts: [{ type: "text", text: "请稍等" }],
    fence: 1,
    at: clock.now(),
  });
  clock.advance(10_000);
  await transfer();
  expect(transfers).toBe(2);
  await store.close();
});
