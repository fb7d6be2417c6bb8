import {
  type AgentAnswer,
  type AnswerAgent,
  NO_TOKENS,
  type TextSink,
  type TokenUsage,
  type TranscriptLine,
} from "../agents/answer.ts";
import type { Ambient } from "../domain/clock.ts";
import { type AgentName, agentOf } from "../domain/conversations/agent-of.ts";
import type { Conversation, InboundMessage } from "../domain/conversations/conversation.ts";
import { type Message, type Part, plainText } from "../domain/conversations/message.ts";
import { AppError } from "../domain/errors.ts";
import type { KnowledgeUse } from "../domain/knowledge/knowledge-use.ts";
import type { Records, Store } from "../domain/records.ts";
import type { CaseReader } from "./case-reader.ts";
import type { PartIntake } from "./part-intake.ts";
import { questionOf, replyIdOf, replyParts, turnIdOf, turnRecord } from "./turn-record.ts";

/** How often pictures that are still on their way are looked for, and for how long. */
const PICTURES_AGAIN_MS = 50;
const PICTURES_WITHIN_MS = 15_000;

export type AskedNow = {
  message: InboundMessage;
  /** What was said before, if we have never heard of this conversation. */
  history: TranscriptLine[];
  onText?: TextSink;
  signal?: AbortSignal;
};

export type AnsweredNow = {
  /** All that the caller is to read; what came through onText is the same. */
  text: string;
  attachments: Part[];
  usage: TokenUsage;
  knowledge: KnowledgeUse | null;
};

/**
 * One turn for a caller who waits for its answer and cannot be written to later. What waits for them in the conversation
 * (a colleague's words, news of a ticket) comes first. While a person holds the conversation their words are kept for
 * the person, and the bot says only that.
 *
 * @throws AppError("answer-cut-off") when a model broke off after its first words; AppError("answer-taken-over") when a
 *   person took over meanwhile: what was said until then was before it
 */
export function createAnswerNow({
  store,
  agent,
  intake,
  cases,
  heldWords,
  ambient,
}: {
  store: Store;
  agent: AnswerAgent;
  intake: PartIntake;
  cases: CaseReader;
  /** Says that a person has the conversation, as each agent's customers are told. */
  heldWords: (agent: AgentName) => string;
  ambient: Ambient;
}) {
  /** One caller's questions in one conversation follow each other. */
  const underway = new Map<string, Promise<unknown>>();

  return async function answerNow(asked: AskedNow): Promise<AnsweredNow> {
    const { channel, platform, shop, externalConversationId } = asked.message;
    const key = JSON.stringify([channel, platform, shop.id, externalConversationId]);
    const before = underway.get(key) ?? Promise.resolve();
    const answering = before.catch(() => {}).then(() => answer(asked));
    underway.set(key, answering);
    try {
      return await answering;
    } finally {
      if (underway.get(key) === answering) underway.delete(key);
    }
  };

  async function answer({ message, history, onText, signal }: AskedNow): Promise<AnsweredNow> {
    if (hasGone(signal)) throw new AppError("caller-gone", "nobody waits for the answer any more");
    const startedAt = ambient.now();
    const received = await receive(message);
    if (received.status === "answered") {
      await onText?.(received.text);
      return { text: received.text, attachments: received.attachments, usage: NO_TOKENS, knowledge: null };
    }
    const { conversation, inbound, waiting } = received;
    const waited = waiting.map(({ parts }) => plainText(parts)).filter((text) => text !== "");
    const first = [...waited, ...(received.status === "held" ? [heldWords(agentOf(conversation))] : [])].join(
      "\n\n",
    );
    if (received.status === "held") {
      await onText?.(first);
      if (!hasGone(signal)) await markSent(waiting);
      return { text: first, attachments: picturesOf(waiting), usage: NO_TOKENS, knowledge: null };
    }
    if (first !== "") await onText?.(`${first}\n\n`);
    const turnId = turnIdOf(inbound);
    const messages = await takeIn([inbound]);
    const { facts, transcript } = await cases.read(conversation, { messages, fired: [] });
    const answered = await ask(conversation, inbound, {
      ...questionOf(conversation, {
        turnId,
        transcript: transcript.length === 0 ? history : transcript,
        messages,
        facts,
      }),
      ...(signal === undefined ? {} : { signal }),
      ...(onText === undefined ? {} : { onText: whileOurs(conversation, onText) }),
    });
    await commit(conversation, inbound, answered, { turnId, startedAt });
    // Who has gone has not read it: it waits for the next question.
    if (!hasGone(signal)) await markSent(waiting);
    return {
      text: [first, answered.text].filter((text) => text !== "").join("\n\n"),
      attachments: [...picturesOf(waiting), ...answered.attachments],
      usage: answered.usage,
      knowledge: answered.knowledge,
    };
  }

  async function ask(
    { id, fence }: Conversation,
    inbound: Message,
    question: Parameters<AnswerAgent["answer"]>[0],
  ): Promise<AgentAnswer> {
    try {
      return await agent.answer(question);
    } catch (error) {
      if (await store.conversations.holdsFence(id, fence)) throw error;
      await store.messages.settleInbound([inbound.id], "held", null);
      throw takenOver();
    }
  }

  /** After a takeover not one more word of the bot goes out, also in the middle of an answer. */
  function whileOurs({ id, fence }: Conversation, onText: TextSink): TextSink {
    return async (words) => {
      if (!(await store.conversations.holdsFence(id, fence))) throw takenOver();
      await onText(words);
    };
  }

  type Received =
    | { status: "answered"; text: string; attachments: Part[] }
    | { status: "held" | "ours"; conversation: Conversation; inbound: Message; waiting: Message[] };

  async function receive(message: InboundMessage): Promise<Received> {
    return await store.transaction(async (tx): Promise<Received> => {
      const now = ambient.now();
      const conversation = await tx.conversations.upsert(message, now);
      const id = ambient.newId("m");
      const isHeld = conversation.holder === "human";
      // What an earlier call left without an answer was never ours to keep: its caller knows that it failed.
      const left = await tx.messages.pending(conversation.id);
      const isNew = await tx.messages.addInbound(message, {
        id,
        conversationId: conversation.id,
        status: isHeld ? "held" : "pending",
        fence: conversation.fence,
      });
      if (!isNew) return await again(tx, conversation, message);
      await tx.messages.settleInbound(
        left.map((it) => it.id),
        "noted",
        null,
      );
      await tx.conversations.noteInbound(conversation.id, now);
      const inbound = await tx.messages.find(id);
      if (inbound === null) throw new AppError("store-unavailable", "the message is not there");
      const waiting = await tx.messages.unsent(conversation.id);
      return { status: isHeld ? "held" : "ours", conversation, inbound, waiting };
    });
  }

  /** The same message again, named so by its caller: the answer it has had, if it has had one. */
  async function again(tx: Records, conversation: Conversation, message: InboundMessage): Promise<Received> {
    const known = await tx.messages.findByKey(conversation.id, message.dedupeKey);
    const reply = known === null ? null : await tx.messages.find(replyIdOf(turnIdOf(known)));
    if (reply !== null)
      return { status: "answered", text: plainText(reply.parts), attachments: picturesOf([reply]) };
    if (known === null || known.status === "recalled")
      throw new AppError("answer-underway", "this message is being answered");
    // Left by a call that failed, it is answered now.
    if (known.status === "held")
      return { status: "answered", text: heldWords(agentOf(conversation)), attachments: [] };
    return {
      status: "ours",
      conversation,
      inbound: known,
      waiting: await tx.messages.unsent(conversation.id),
    };
  }

  async function takeIn(messages: Message[]): Promise<Message[]> {
    const until = performance.now() + PICTURES_WITHIN_MS;
    for (;;) {
      const taken = await intake.takeIn(messages);
      if (taken !== null) return taken;
      if (performance.now() > until)
        throw new AppError("picture-too-slow", "a picture did not arrive in time");
      await new Promise((resolve) => setTimeout(resolve, PICTURES_AGAIN_MS));
    }
  }

  async function commit(
    conversation: Conversation,
    inbound: Message,
    answer: AgentAnswer,
    { turnId, startedAt }: { turnId: string; startedAt: number },
  ): Promise<void> {
    const parts = replyParts(answer);
    const isOurs = await store.transaction(async (tx) => {
      const now = ambient.now();
      if (!(await tx.conversations.holdsFence(conversation.id, conversation.fence))) {
        await tx.messages.settleInbound([inbound.id], "held", null);
        return false;
      }
      await tx.messages.settleInbound([inbound.id], "answered", turnId);
      if (parts.length > 0) {
        await tx.messages.addOutbound({
          id: replyIdOf(turnId),
          conversationId: conversation.id,
          author: "bot",
          parts,
          fence: conversation.fence,
          turnId,
          at: now,
          status: "sent",
        });
        await tx.conversations.noteOutbound(conversation.id, now);
      }
      const queuedAt = startedAt;
      await tx.turns.add(
        turnRecord(conversation, answer, { turnId, parts, queuedAt, startedAt, endedAt: now }),
      );
      return true;
    });
    if (!isOurs) throw takenOver();
  }

  async function markSent(messages: readonly Message[]): Promise<void> {
    for (const { id } of messages)
      await store.messages.settleOutbound(id, { status: "sent", at: ambient.now() });
  }
}

function hasGone(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function takenOver(): AppError {
  return new AppError("answer-taken-over", "a person has taken the conversation over");
}

function picturesOf(messages: readonly Message[]): Part[] {
  return messages.flatMap(({ parts }) => parts.filter((part) => part.type === "image"));
}
