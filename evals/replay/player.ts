import type { Conversation } from "../../src/domain/conversations/conversation.ts";
import type { SaidMessage } from "../../src/domain/conversations/message.ts";
import type { ImageOrder } from "../../src/domain/orders/order.ts";
import type { FileStore } from "../../src/domain/pictures/ports.ts";
import type { Clockwork } from "../scenarios/clockwork.ts";
import type { Act } from "./history.ts";
import type { WorkGate } from "./work-gate.ts";

/** A burst is said in one moment and answered in the next. */
export const MERGE_WINDOW_MS = 1;
export const SETTLES_MS = 10_000;
const PERSON = "replay";
const MOST_ORDERS = 1_000;

/** Does again, in this service, what came from outside: words, a person's decisions, a designer's work, 天网's tasks. */
export function createPlayer(
  { service, tuhui, platform, idle, goTo, now, request }: Clockwork,
  gate: WorkGate,
  source: { files: FileStore },
) {
  const { store } = service;

  async function letWork(isMeant: (orderId: string) => boolean): Promise<void> {
    await gate.letThrough(store.jobs, isMeant, idle);
  }

  async function hear(
    {
      channel,
      platform: of,
      shop_id,
      shop_name,
      external_id,
      customer_id,
      customer_name,
      context,
    }: Conversation,
    { id, parts, author, at }: SaidMessage,
  ): Promise<void> {
    await service.receiveMessage({
      channel,
      platform: of,
      shop: { id: shop_id, name: shop_name },
      externalConversationId: external_id,
      customer: { id: customer_id, name: customer_name },
      author: author === "person" ? "person" : "buyer",
      platformMessageId: id,
      dedupeKey: id,
      parts,
      at,
      // Only its last state is recorded; a platform's payment is an act of its own.
      context: context?.goods === undefined ? null : { goods: context.goods },
    });
  }

  async function give(conversationId: string, to: "bot" | "human"): Promise<void> {
    const holder = (await store.conversations.find(conversationId))?.holder ?? "bot";
    if (holder === to) return;
    if (to === "human") await service.takeover.takeOver(conversationId, PERSON);
    else await service.takeover.release(conversationId);
  }

  async function orderAt(conversationId: string, place: number): Promise<ImageOrder> {
    const orders = (await store.orders.ofConversation(conversationId, MOST_ORDERS)).reverse();
    const order = orders[place];
    if (order === undefined) throw new Error(`there is no order ${place + 1}`);
    return order;
  }

  async function designOf(conversationId: string, place: number): Promise<string> {
    const { dispatch_no } = await orderAt(conversationId, place);
    if (dispatch_no === null) throw new Error(`no designer has order ${place + 1}`);
    return dispatch_no;
  }

  async function decide(conversationId: string, act: Extract<Act, { does: "decides" }>): Promise<void> {
    const { id } = await orderAt(conversationId, act.order);
    const response = await request(`/api/operations/orders/${id}/${act.verb}`, {
      by: act.by,
      ...(act.yuan === null ? {} : { yuan: act.yuan }),
      ...(act.verb === "deliver" ? { pictures: act.files } : {}),
      ...(act.verb === "reject" ? { reason: "" } : {}),
    });
    await accepted(response);
  }

  async function accepted(response: Response): Promise<void> {
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  }

  async function bytesOf(file: string): Promise<Uint8Array> {
    const bytes = await source.files.get(file);
    if (bytes === null) throw new Error(`the file ${file} is gone`);
    return bytes;
  }

  /** What 天网 does. */
  async function actOfAll(done: Act): Promise<void> {
    if (done.does === "takes a task back")
      return await accepted(await request("/api/task/cancel", { task_id: done.taskId }));
    if (done.does !== "gives a task") return;
    // It has heard of this one.
    const { callback_url: _callback, ...task } = done.request;
    await accepted(await request("/api/task/receive", task));
  }

  async function act(conversation: Conversation, done: Act): Promise<void> {
    const { id } = conversation;
    switch (done.does) {
      case "says":
        await give(id, "bot");
        await gate.hearAll(store.jobs, async () => {
          for (const message of done.messages) await hear(conversation, message);
        });
        return await goTo(now() + MERGE_WINDOW_MS);
      case "says to a person":
        await give(id, "human");
        return await hear(conversation, done.message);
      case "answers as a person":
        return await hear(conversation, done.message);
      case "decides":
        return await decide(id, done);
      case "designs": {
        const no = await designOf(id, done.order);
        await tuhui.deliver(no, await Promise.all(done.files.map(bytesOf)));
        return;
      }
      case "gives up a design": {
        const no = await designOf(id, done.order);
        await tuhui.fail(no, done.why);
        return;
      }
      case "lets time pass":
        return;
      case "takes the chat over":
        await goTo(now() + MERGE_WINDOW_MS);
        return await give(id, "human");
      case "gives a task":
      case "takes a task back":
        return await actOfAll(done);
      case "waits for our work": {
        const { id: meant } = await orderAt(id, done.order);
        return await letWork((orderId) => orderId === meant);
      }
    }
  }

  return {
    async play(conversation: Conversation | null, done: Act): Promise<void> {
      await goTo(done.at);
      if (conversation === null) return await actOfAll(done);
      await act(conversation, done);
      await idle();
      await platform.deliver(conversation.id);
    },
    /** What was still under way then comes to its end, and so does it now. */
    async end(conversations: readonly Conversation[]): Promise<void> {
      await letWork(() => true);
      await goTo(now() + SETTLES_MS);
      // A person who took it or gave it back without a word.
      for (const { id, holder } of conversations) await give(id, holder);
      for (const { id } of conversations) await platform.deliver(id);
      await idle();
    },
  };
}
