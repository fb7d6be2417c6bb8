import { z } from "zod";
import type { AgentAnswer, AnswerAgent } from "../agents/answer.ts";
import type { Ambient } from "../domain/clock.ts";
import type { Conversation } from "../domain/conversations/conversation.ts";
import { type Message, type Part, plainText } from "../domain/conversations/message.ts";
import { queueDelivery } from "../domain/conversations/notify-buyer.ts";
import { AppError, errorText } from "../domain/errors.ts";
import { againAt, DONE, type JobHandler, type JobOutcome } from "../domain/jobs/jobs.ts";
import type { Log } from "../domain/log.ts";
import { areFilesAway, FILES_RETRY_MS } from "../domain/pictures/files-away.ts";
import type { Records, Store } from "../domain/records.ts";
import { yuan } from "../domain/replies.ts";
import type { SafeRegex } from "../domain/tasks/matching.ts";
import type { Task } from "../domain/tasks/task.ts";
import type { CaseReader } from "./case-reader.ts";
import { openLiveText } from "./live-text.ts";
import type { PartIntake } from "./part-intake.ts";
import { fireReplyTasks, hasReplyTasks } from "./tasks/match-replies.ts";
import { openTurnMemory, type TurnMemory } from "./turn-memory.ts";
import { questionOf, replyIdOf, replyParts, turnIdOf, turnRecord } from "./turn-record.ts";

export type TurnDeps = {
  store: Store;
  agent: AnswerAgent;
  intake: PartIntake;
  cases: CaseReader;
  /** Says what the buyer's order costs now. */
  totalWords: (totalFen: number) => string;
  /** Shows the answer to a message while it is written, where the channel can. */
  live?: (
    conversation: Conversation,
    inReplyTo: string | null,
  ) => ((textSoFar: string) => void) | null | undefined;
  regex: SafeRegex;
  ambient: Ambient;
  log: Log;
};

/** When pictures are still on their way the worker serves others meanwhile. */
const PICTURES_AGAIN_MS = 1_000;

/** A price that was told is told among these. */
const RECENT = 20;
const UNSAID: readonly string[] = ["cancelled", "failed"];

const payloadSchema = z.object({ conversationId: z.string() });

/**
 * One turn, start to finish: take the burst in, fire what it triggers, ask the agent, and commit replies, outbox and
 * answered marks together, only if no person took over meanwhile. Runs again after a crash under the same turn id.
 */
export function createTurnHandler(deps: TurnDeps): JobHandler {
  const { store, agent, intake, cases, totalWords, regex, ambient, log } = deps;

  return {
    async run(job) {
      const { conversationId } = payloadSchema.parse(job.payload);
      const startedAt = ambient.now();
      // Asked together, they share one commit of the store.
      const [conversation, pending] = await Promise.all([
        store.conversations.find(conversationId),
        store.messages.pending(conversationId),
      ]);
      if (conversation === null) return DONE;
      if (conversation.turn_at !== null && conversation.turn_at > startedAt)
        return againAt(conversation.turn_at);
      const first = pending[0];
      if (first === undefined) return DONE;
      if (conversation.holder === "human") return await leaveToPerson(conversation, pending, turnIdOf(first));

      const messages = await takeIn(pending);
      if (messages === "pictures-underway") return againAt(ambient.now() + PICTURES_AGAIN_MS);
      if (messages === "files-away") return againAt(ambient.now() + FILES_RETRY_MS);
      const fired = await begin(conversation, messages, job.attempt > 1);
      // Taken over since the turn began: what waits is the person's.
      if (fired === null) return againAt(ambient.now());

      const turnId = turnIdOf(first);
      const memory = openTurnMemory(store, { turnId, conversation, messages, attempt: job.attempt });
      const remembered = await memory.remembered();
      const seen =
        remembered?.seen == null
          ? await cases.read(conversation, { messages, fired })
          : cases.withTasks(remembered.seen, fired);
      const { facts, transcript } = seen;
      const show = deps.live?.(conversation, inReplyTo(messages).inReplyTo ?? null) ?? null;
      const answer = await agent.answer({
        ...questionOf(conversation, { turnId, transcript, messages, facts }),
        ...(remembered === null ? {} : { firstRunAt: remembered.since }),
        beforeWrite: () => memory.keep(seen),
        ...(show === null ? {} : { onText: await openLiveText(store, conversation, show) }),
      });
      const hasOrders = facts.orders.length > 0;
      return await commit(conversation, messages, answer, { turnId, startedAt, hasOrders, memory });
    },
  };

  /** Pictures that cannot be kept now are not given up: the turn waits for the files, however long they are away. */
  async function takeIn(pending: Message[]): Promise<Message[] | "pictures-underway" | "files-away"> {
    try {
      return (await intake.takeIn(pending)) ?? "pictures-underway";
    } catch (error) {
      if (!areFilesAway(error)) throw error;
      log.warn("turn.files_unavailable", { messageId: pending[0]?.id ?? null, error: errorText(error) });
      return "files-away";
    }
  }

  /** Takes the burst and fires what it triggers; null when the bot does not speak any more. */
  async function begin(
    conversation: Conversation,
    messages: Message[],
    isRetry: boolean,
  ): Promise<Task[] | null> {
    const { id, fence } = conversation;
    if (!isRetry && !(await hasReplyTasks(store, conversation)))
      return (await store.conversations.beginTurn(id, fence)) ? [] : null;
    return await store.transaction(async (tx) =>
      (await tx.conversations.beginTurn(id, fence))
        ? await fireReplyTasks(tx, conversation, messages, { regex, ambient })
        : null,
    );
  }

  async function leaveToPerson(
    conversation: Conversation,
    pending: Message[],
    turnId: string,
  ): Promise<JobOutcome> {
    return await store.transaction(async (tx) => {
      // Given back since the turn looked: the bot answers.
      if ((await tx.conversations.find(conversation.id))?.holder !== "human") return againAt(ambient.now());
      // A first run of this turn may have raised the price before its process ended.
      await keepPrice(tx, conversation, pending, { turnId, parts: [] });
      await tx.messages.settleInbound(idsOf(pending), "held", null);
      await tx.turns.forgetCase(turnId);
      return DONE;
    });
  }

  async function commit(
    conversation: Conversation,
    messages: Message[],
    answer: AgentAnswer,
    turn: { turnId: string; startedAt: number; hasOrders: boolean; memory: TurnMemory },
  ): Promise<JobOutcome> {
    const words = replyParts(answer, messages);
    const outcome = await store.transaction(async (tx) => {
      const now = ambient.now();
      await turn.memory.forget(tx);
      if (!(await tx.conversations.holdsFence(conversation.id, conversation.fence)))
        return await cutOff(tx, conversation, messages, { turnId: turn.turnId, parts: words });
      const parts = turn.hasOrders ? await withPrice(tx, conversation, messages, words) : words;
      const settled = await tx.messages.settleInbound(idsOf(messages), "answered", turn.turnId);
      if (settled < messages.length) await refuseWhenOvertaken(tx, messages, settled);
      if (parts.length > 0) await addReply(tx, conversation, messages, parts, turn.turnId, now);
      const record = turnRecord(conversation, answer, {
        turnId: turn.turnId,
        parts,
        queuedAt: conversation.pending_since ?? turn.startedAt,
        startedAt: turn.startedAt,
        endedAt: now,
      });
      await tx.turns.add(record);
      return record.outcome;
    });
    log.info("turn.ended", {
      conversationId: conversation.id,
      turnId: turn.turnId,
      outcome,
      rung: answer.rung,
      tools: answer.tools,
      ms: ambient.now() - turn.startedAt,
    });
    // Fenced: a person holds it now (or held it): the next run sees who speaks.
    return outcome === "fenced" ? againAt(ambient.now()) : DONE;
  }

  /**
   * We stood still for longer than our lease, and another process has answered what we were about to answer.
   *
   * @throws AppError("turn-overtaken") unless what we did not settle was taken back by the buyer
   */
  async function refuseWhenOvertaken(tx: Records, messages: Message[], settled: number): Promise<void> {
    const now = await Promise.all(messages.map(({ id }) => tx.messages.find(id)));
    const recalled = now.filter((message) => message?.status === "recalled").length;
    if (settled + recalled < messages.length)
      throw new AppError("turn-overtaken", "the messages of this turn have been answered meanwhile");
  }

  /** A person took the chat over while we answered: our words are thrown away, but for a price that counts already. */
  async function cutOff(
    tx: Records,
    { id }: Conversation,
    messages: Message[],
    reply: { turnId: string; parts: Part[] },
  ): Promise<"fenced" | "held"> {
    const conversation = await tx.conversations.find(id);
    if (conversation?.holder !== "human" || !(await keepPrice(tx, conversation, messages, reply)))
      return "fenced";
    await tx.messages.settleInbound(idsOf(messages), "held", null);
    return "held";
  }

  /**
   * A later demand at work counts at once: its price is told, not asked. When the turn that raised it may not speak any
   * more, the words that name it wait until the person gives the chat back.
   *
   * @param reply - the turn's own words, empty when they are lost
   * @returns false when the turn has raised no price
   */
  async function keepPrice(
    tx: Records,
    { id, fence }: Conversation,
    messages: Message[],
    { turnId, parts }: { turnId: string; parts: Part[] },
  ): Promise<boolean> {
    const raised = await raisedBy(tx, id, messages);
    // A demand that is still weighed is told when it has been.
    if (raised === null || (parts.length === 0 && !raised.isKept)) return false;
    await tx.messages.addOutbound({
      id: replyIdOf(turnId),
      conversationId: id,
      author: "system",
      parts: parts.length > 0 ? parts : [raised.total],
      fence,
      turnId,
      at: ambient.now(),
      status: "deferred",
    });
    return true;
  }

  /** A run that was cut off may have raised a price which this one does not speak of, and nobody has told yet. */
  async function withPrice(
    tx: Records,
    { id }: Conversation,
    messages: Message[],
    parts: Part[],
  ): Promise<Part[]> {
    const raised = await raisedBy(tx, id, messages);
    if (raised?.isKept !== true) return parts;
    const names = (said: Part[]) => plainText(said).includes(`${yuan(raised.totalFen)} 元`);
    const isTold = (await tx.messages.recent(id, RECENT)).some(
      ({ direction, status, at, parts: said }) =>
        direction === "out" && at >= raised.at && !UNSAID.includes(status) && names(said),
    );
    return isTold || names(parts) ? parts : [...parts, raised.total];
  }

  /** What the conversation's order costs since a later demand that came in this turn's time; null when none raised it. */
  async function raisedBy(
    tx: Records,
    conversationId: string,
    messages: Message[],
  ): Promise<{ totalFen: number; total: Part; isKept: boolean; at: number } | null> {
    const quote = await tx.certificates.latestQuote(conversationId);
    const since = Math.min(...messages.map(({ at }) => at));
    if (quote === null || quote.status !== "accepted" || quote.created_at < since) return null;
    const revisions = quote.image_task_id === null ? [] : await tx.orders.revisions(quote.image_task_id);
    const raised = revisions.findLast((it) => it.at >= since && it.price_delta_fen > 0);
    if (raised === undefined) return null;
    const totalFen = quote.certificate.total_fen;
    const total = { type: "text" as const, text: totalWords(totalFen) };
    return { totalFen, total, isKept: raised.status === "kept", at: raised.at };
  }

  async function addReply(
    tx: Records,
    conversation: Conversation,
    messages: Message[],
    parts: Part[],
    turnId: string,
    now: number,
  ): Promise<void> {
    await tx.messages.addOutbound({
      id: replyIdOf(turnId),
      conversationId: conversation.id,
      author: "bot",
      parts,
      fence: conversation.fence,
      turnId,
      at: now,
      ...inReplyTo(messages),
    });
    await queueDelivery(tx, conversation.id);
  }
}

function idsOf(messages: readonly Message[]): string[] {
  return messages.map((message) => message.id);
}

function inReplyTo(messages: readonly Message[]): { inReplyTo?: string } {
  const last = messages.findLast((message) => message.platform_message_id !== null)?.platform_message_id;
  return last == null ? {} : { inReplyTo: last };
}
