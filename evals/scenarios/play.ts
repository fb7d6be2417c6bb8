import { conversationIdOf } from "../../src/domain/conversations/conversation.ts";
import { type Part, plainText } from "../../src/domain/conversations/message.ts";
import { OPEN_STATUSES } from "../../src/domain/orders/order.ts";
import type { OrderStatus } from "../../src/domain/orders/order-status.ts";
import { readHelpdeskWish } from "../../src/domain/understanding/helpdesk-lexicon.ts";
import { type Outcome, readOutcome } from "./outcome.ts";
import type { DesignerAct, GivenTask, PersonAct, Said, Scenario, Step } from "./scenario.ts";
import type { Stage } from "./stage.ts";

const PERSON = "阿明";
const MOST_ANSWERS = 12;
const RECENT = 200;
const SHOWN: readonly OrderStatus[] = [...OPEN_STATUSES, "delivered"];

/** How the customer's words reach us, beside what they say. */
export type Delivery = {
  /** How often each message arrives. */
  copies: number;
  /** The messages of a burst arrive in the wrong order. */
  reversed: boolean;
  /** In which turn of the customer, from 0, a person takes the chat over while it is answered, and gives it back. */
  takenOverIn: number | null;
  /** In which turn its process is cut off just before it commits. */
  cutOffIn: number | null;
};
export const PLAIN: Delivery = { copies: 1, reversed: false, takenOverIn: null, cutOffIn: null };

/** What was seen on the way that no final record shows. */
export type Played = { outcome: Outcome; spokeWhileHeld: string[] };

/** Plays one scenario on a stage as a customer of its own, each turn to its end, and reads the records. */
export async function play(
  stage: Stage,
  scenario: Scenario,
  { as = scenario.id, delivery = PLAIN }: { as?: string; delivery?: Delivery } = {},
): Promise<Played> {
  const { service } = stage;
  const who =
    stage.agent === "shop"
      ? {
          channel: "qingjian",
          platform: "pinduoduo",
          shop: { id: "s1", name: null },
          externalConversationId: as,
        }
      : {
          channel: "wecom-app",
          platform: "wecom",
          shop: { id: "corp", name: null },
          externalConversationId: as,
        };
  const conversationId = conversationIdOf(who);
  const taskIds: string[] = [];
  const intents: string[] = [];
  let messages = 0;
  let turns = 0;

  if (scenario.customer.blacklisted) await service.store.customers.setBlacklisted(as, who.platform, true);
  for (const step of scenario.before) await act(step, PLAIN);
  turns = 0;
  for (const step of scenario.steps) await act(step, delivery);
  await answerAsRuled();
  const outcome = await readOutcome(service.store, conversationId, {
    taskIds,
    intents,
    designerOrders: stage.tuhui.orders,
  });
  return { outcome, spokeWhileHeld: stage.spokeWhileHeld(conversationId) };

  async function act(step: Step, how: Delivery): Promise<void> {
    if ("while_working" in step && step.while_working !== undefined) {
      const meanwhile = step.while_working;
      stage.hooks.whileWorking = async () => {
        for (const event of meanwhile) {
          await happen(event, PLAIN);
          await stage.passWhileWorking(conversationId);
        }
      };
    }
    await happen(step, how);
    await stage.settle(conversationId);
  }

  /** Said and done, but what follows from it need not have happened yet. */
  async function happen(step: Step, how: Delivery): Promise<void> {
    if ("person" in step) return await personDoes(step.person);
    if ("designer" in step) return await designerDoes(step.designer);
    if ("task" in step) return await give(step.task);
    if ("breaks" in step) return stage.setOutage(step.breaks, true);
    if ("mends" in step) return stage.setOutage(step.mends, false);
    if ("minutes_pass" in step) return await stage.pass(step.minutes_pass * 60_000);
    await say(step, how);
  }

  async function say(said: Said, how: Delivery): Promise<void> {
    const turn = turns;
    turns += 1;
    intents.push(await understood(said));
    if (how.cutOffIn === turn) stage.hooks.beforeCommit = cutOff;
    if (how.takenOverIn === turn) stage.hooks.afterBegin = takeAndKeep;
    await send(said, how);
    if (how.cutOffIn === turn) {
      await stage.settle(conversationId);
      stage.hooks.beforeCommit = null;
    }
    if (how.takenOverIn !== turn) return;
    await stage.settle(conversationId);
    const wasTaken = stage.hooks.afterBegin === null;
    stage.hooks.afterBegin = null;
    if (!wasTaken) return;
    await personDoes({ does: "release" });
    await stage.settle(conversationId);
    // What came while a person had the chat was theirs: the customer says it again.
    await send(said.say.length === 0 ? said : { ...said, pictures: [] }, PLAIN);
  }

  /** For the report of what is covered; the service reads the words for itself. */
  async function understood({ say: texts, pictures }: Said): Promise<string> {
    const text = texts.join("\n");
    if (stage.agent === "helpdesk") return readHelpdeskWish(text, service.config.helpdeskLexicon).intent;
    const recent = await service.store.messages.recent(conversationId, RECENT);
    const lastBot = recent.findLast(({ author }) => author === "bot" || author === "task");
    const orders = await service.store.orders.ofConversation(conversationId, RECENT);
    return service.understand({
      text,
      has_image: pictures.length > 0,
      context: {
        last_bot: lastBot === undefined ? "" : plainText(lastBot.parts),
        open_orders: orders
          .filter(({ status }) => SHOWN.includes(status))
          .map(({ id, kind, status }) => ({ ref: id, kind, status })),
      },
    }).intent;
  }

  async function send({ say: texts, pictures, goods }: Said, how: Delivery): Promise<void> {
    const images = await Promise.all(
      pictures.map(
        async (name): Promise<Part> => ({
          type: "image",
          file: await service.files.put(await stage.pictures.get(name)),
        }),
      ),
    );
    const bursts: Part[][] = [
      ...(images.length > 0 ? [images] : []),
      ...texts.map((text): Part[] => [{ type: "text", text }]),
    ];
    const inbound = bursts.map((parts) => {
      messages += 1;
      return { id: `${as}-${messages}`, parts, at: stage.tick() };
    });
    for (const { id, parts, at } of how.reversed ? inbound.toReversed() : inbound)
      for (let copy = 0; copy < how.copies; copy += 1)
        await service.receiveMessage({
          ...who,
          customer: { id: as, name: null },
          author: "buyer",
          platformMessageId: id,
          dedupeKey: id,
          parts,
          at,
          context: goods === undefined ? null : { goods: { title: goods } },
        });
  }

  async function takeAndKeep(id: string): Promise<void> {
    if (id !== conversationId) return;
    await service.takeover.takeOver(conversationId, PERSON);
  }

  async function personDoes(done: PersonAct): Promise<void> {
    switch (done.does) {
      case "take":
        await service.takeover.takeOver(conversationId, PERSON);
        return;
      case "release":
        await service.takeover.release(conversationId);
        return;
      case "say":
        await service.receiveMessage({
          ...who,
          customer: { id: as, name: null },
          author: "person",
          platformMessageId: null,
          dedupeKey: `${as}-person-${stage.tick()}`,
          parts: [{ type: "text", text: done.text }],
          at: stage.now(),
          context: null,
        });
        return;
      case "ticket": {
        const ticket = (await service.store.tickets.ofConversation(conversationId)).at(-1);
        const { does: _does, ...move } = done;
        return await operate(`tickets/${ticket?.id}/status`, { ...move, by: PERSON });
      }
      case "price":
        return await operate(`orders/${await newestOrder()}/price`, { yuan: done.yuan, by: PERSON });
      case "deliver": {
        const ids = await Promise.all(
          done.pictures.map(async (name) => await stage.upload(await stage.pictures.get(name))),
        );
        return await operate(`orders/${await newestOrder()}/deliver`, { pictures: ids, by: PERSON });
      }
      default:
        return await operate(`orders/${await newestOrder()}/${done.does}`, { by: PERSON });
    }
  }

  async function operate(path: string, body: unknown): Promise<void> {
    const response = await stage.request(`/api/operations/${path}`, body);
    if (!response.ok)
      throw new Error(`a person could not ${path.split("/").at(-1)}: ${await refusalOf(response)}`);
  }

  async function newestOrder(): Promise<string> {
    const [order] = await service.store.orders.ofConversation(conversationId, 1);
    if (order === undefined) throw new Error("there is no order");
    return order.id;
  }

  async function designerDoes(done: DesignerAct): Promise<void> {
    const order = await service.store.orders.find(await newestOrder());
    const no = order?.dispatch_no;
    if (no == null) throw new Error(`图绘 has no order of ${as}`);
    if (done.does === "assign") await stage.tuhui.assign(no, done.name);
    else if (done.does === "fail") await stage.tuhui.fail(no, done.reason);
    else
      await stage.tuhui.deliver(no, await Promise.all(done.pictures.map((name) => stage.pictures.get(name))));
  }

  async function give({ type, trigger, action }: GivenTask): Promise<void> {
    const id = `${as}-task-${taskIds.length + 1}`;
    taskIds.push(id);
    const response = await stage.request("/api/task/receive", {
      task_id: id,
      type,
      customer: { id: as, platform: who.platform, shop_id: who.shop.id },
      trigger,
      action,
      created_by: "tianwang",
    });
    if (!response.ok) throw new Error(`the task was refused: ${await refusalOf(response)}`);
  }

  /** A simulated customer answers what they have just been told, until nothing moves them any more. */
  async function answerAsRuled(): Promise<void> {
    const left = scenario.rules.map((rule) => ({ ...rule, pattern: new RegExp(rule.told, "u") }));
    let heard = 0;
    for (let count = 0; count < MOST_ANSWERS; count += 1) {
      const told = (await service.store.messages.recent(conversationId, RECENT)).filter(
        ({ direction, status }) => direction === "out" && status === "sent",
      );
      const fresh = told
        .slice(heard)
        .map(({ parts }) => plainText(parts))
        .join("\n");
      heard = told.length;
      const rule = left.find((it) => it.times > 0 && it.pattern.test(fresh));
      if (rule === undefined) return;
      rule.times -= 1;
      await act({ say: rule.say, pictures: rule.pictures }, delivery);
    }
  }
}

/** Without what differs from run to run. */
async function refusalOf(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: { message?: string } };
  return `${response.status} ${error.message ?? ""}`;
}

function cutOff(): void {
  throw new Error("the process ended here");
}
