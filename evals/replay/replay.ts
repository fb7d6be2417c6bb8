import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Conversation } from "../../src/domain/conversations/conversation.ts";
import type { SaidMessage } from "../../src/domain/conversations/message.ts";
import { errorText } from "../../src/domain/errors.ts";
import type { ImageOrder } from "../../src/domain/orders/order.ts";
import type { FileStore, PictureFetcher } from "../../src/domain/pictures/ports.ts";
import type { Store } from "../../src/domain/records.ts";
import { refuse } from "../../src/domain/result.ts";
import { type Clockwork, openClockwork } from "../scenarios/clockwork.ts";
import { modelSettings, type RealModel } from "../scenarios/stage.ts";
import { type Act, type RecordedConversation, readHistory, tasksForAll } from "./history.ts";
import { compareTold, type Difference, readTold, type Told } from "./told.ts";
import { createWorkGate, type WorkGate } from "./work-gate.ts";

export type Replayed = {
  conversationId: string;
  turns: number;
  difference: Difference | null;
  /** What could not be done as it was done then, such as a designer's delivery of an order that is not there now. */
  skipped: string[];
};

const PERSON = "replay";
/** A burst is said in one moment and answered in the next. */
const MERGE_WINDOW_MS = 1;
const SETTLES_MS = 10_000;
const MOST_ORDERS = 1_000;
const UNREACHABLE: PictureFetcher = { fetch: async () => refuse("fetch-failed") };

/**
 * Plays conversations again, from what was recorded of them, in a service of its own with empty records and the shop's
 * gallery and pictures: what customers, people, designers and 天网 did is done again at its time, and what is told and
 * comes of it now is compared with then. Customers' other conversations are not played unless they are given too.
 *
 * @param configDir - the shop's settings of now
 * @param settings - of its environment, what a conversation goes by
 * @param model - answers instead of the rules, which stay its last rung
 */
export async function replay(
  conversations: readonly Conversation[],
  source: { store: Store; files: FileStore },
  {
    configDir,
    settings = {},
    model = null,
    onReplayed,
  }: {
    configDir: string;
    settings?: Record<string, string>;
    model?: RealModel | null;
    onReplayed: (one: Replayed) => void;
  },
): Promise<void> {
  const recorded: (RecordedConversation & { taskIds: string[]; was: Told })[] = [];
  for (const one of conversations) {
    const history = await readHistory(source.store, one);
    const given = history.acts.flatMap((act) => (act.does === "gives a task" ? [act.request.task_id] : []));
    // Before it is played: a service may go on with the conversation meanwhile.
    recorded.push({ ...history, taskIds: given, was: await readTold(source.store, one.id, given) });
  }
  // What is given for all customers is nobody's in particular.
  const forAll = (await tasksForAll(source.store)).map((act) => ({ of: null, act }));
  const acts = [...forAll, ...recorded.flatMap((of) => of.acts.map((act) => ({ of, act })))].sort(
    (one, other) => one.act.at - other.act.at,
  );
  const [first] = acts;
  if (first === undefined) return;

  const dir = mkdtempSync(join(tmpdir(), "tianwang-replay-"));
  const gate = createWorkGate();
  const opening = openClockwork({
    dir,
    // A gallery looks for changes only now and then.
    at: first.act.at - SETTLES_MS,
    rulesOnly: model === null,
    settings: {
      CONFIG_DIR: configDir,
      ...settings,
      MERGE_WINDOW_MS: String(MERGE_WINDOW_MS),
      ...(model === null ? {} : modelSettings(model)),
    },
    around: (outside) => ({
      ...outside,
      store: gate.around(outside.store),
      // What was fetched then is at hand; nobody outside is asked or told anything.
      fetcher: UNREACHABLE,
      webImages: null,
      webPages: null,
      files: {
        ...outside.files,
        get: async (file) => (await outside.files.get(file)) ?? (await source.files.get(file)),
      },
    }),
  });
  try {
    const clockwork = await opening;
    await bringShop(source.store, clockwork, recorded);
    await clockwork.start();
    const player = createPlayer(clockwork, gate, source);
    const skipped = new Map<string, string[]>();
    for (const { of, act } of acts) {
      const conversation = of?.conversation ?? null;
      try {
        await player.play(conversation, act);
      } catch (error) {
        const id = conversation?.id ?? "";
        skipped.set(id, [...(skipped.get(id) ?? []), `${act.does}: ${errorText(error)}`]);
      }
    }
    await player.end(recorded.map(({ conversation }) => conversation));
    for (const { conversation, was, taskIds } of recorded) {
      const is = await readTold(clockwork.service.store, conversation.id, taskIds);
      onReplayed({
        conversationId: conversation.id,
        turns: was.turns.length,
        difference: compareTold(was, is),
        skipped: skipped.get(conversation.id) ?? [],
      });
    }
  } finally {
    await opening.then((opened) => opened.close()).catch(() => {});
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The gallery, who is not served, and what was seen in the pictures then: reading them again would take long. */
async function bringShop(
  from: Store,
  { service }: Clockwork,
  recorded: readonly RecordedConversation[],
): Promise<void> {
  const { store } = service;
  for (const item of await from.gallery.all()) await store.gallery.put(item);
  for (const { id, platform } of await from.customers.blacklisted())
    await store.customers.setBlacklisted(id, platform, true);
  const pictures = new Set(recorded.flatMap(({ acts }) => acts.flatMap(picturesOf)));
  for (const id of pictures) {
    const picture = await from.pictures.find(id);
    if (picture !== null) await store.pictures.add(picture);
  }
}

function picturesOf(act: Act): string[] {
  if (act.does === "decides" || act.does === "designs") return act.files;
  const messages: SaidMessage[] = act.does === "says" ? act.messages : "message" in act ? [act.message] : [];
  return messages.flatMap(({ parts }) =>
    parts.flatMap((part) =>
      part.type === "image" && part.picture_id !== undefined ? [part.picture_id] : [],
    ),
  );
}

function createPlayer(
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
        for (const message of done.messages) await hear(conversation, message);
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
