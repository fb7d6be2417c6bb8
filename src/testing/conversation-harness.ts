import { type AgentAnswer, type AgentQuestion, type AnswerAgent, NO_TOKENS } from "../agents/answer.ts";
import { createCaseReader } from "../conversation/case-reader.ts";
import { createDeliverHandler } from "../conversation/deliver.ts";
import { createPersonIdleHandler } from "../conversation/person-idle.ts";
import { createReceiveMessage } from "../conversation/receive-message.ts";
import { createTurnHandler } from "../conversation/run-turn.ts";
import { createTakeover } from "../conversation/takeover.ts";
import { createCallbackHandler } from "../conversation/tasks/callbacks.ts";
import { createNoReplyHandler } from "../conversation/tasks/no-reply.ts";
import { createTaskExpireHandler, createTaskTimeHandler } from "../conversation/tasks/time-tasks.ts";
import type { Message } from "../domain/conversations/message.ts";
import type { MessageSender, OutgoingMessage, SendOutcome } from "../domain/conversations/sender.ts";
import { NO_KNOWLEDGE_USED } from "../domain/knowledge/knowledge-use.ts";
import { silentLog } from "../domain/log.ts";
import type { Store } from "../domain/records.ts";
import { createCronClock } from "../integrations/tasks/cron.ts";
import { createSafeRegex } from "../integrations/tasks/safe-regex.ts";
import { aClock, aStore } from "./test-store.ts";

export type Reported = { event: string; task_id: string; status: string; error_message?: string };

/** A conversation with everything real but the agent, the platform and the clock. */
export async function aConversationService(
  options: {
    answer?: (question: AgentQuestion) => Promise<Partial<AgentAnswer>>;
    send?: (message: OutgoingMessage & { writeBefore: number }) => Promise<SendOutcome>;
    /** Loads what a message shows; a throw is a fault of the files. */
    prepare?: () => Promise<void>;
    /** Takes pictures in before a turn. */
    takeIn?: (messages: Message[]) => Promise<Message[]>;
    dedupes?: boolean;
    mergeWindowMs?: number;
    /** Wraps the store that the handlers see, to slow it or to make it fail. */
    around?: (store: Store) => Store;
  } = {},
) {
  const clock = aClock();
  const opened = await aStore(clock);
  const store = options.around?.(opened.store) ?? opened.store;
  const { jobs } = opened;
  const sent: OutgoingMessage[] = [];
  const asked: AgentQuestion[] = [];
  const reported: Reported[] = [];

  const agent: AnswerAgent = {
    async answer(question) {
      asked.push(question);
      const answer = await options.answer?.(question);
      return {
        text: `答：${question.messages.join("｜")}`,
        attachments: [],
        rung: "test",
        tools: [],
        knowledge: NO_KNOWLEDGE_USED,
        usage: NO_TOKENS,
        versions: {},
        ...answer,
      };
    },
  };
  const sender: MessageSender = {
    channel: "qingjian",
    dedupes: () => options.dedupes ?? true,
    async prepare(message) {
      await options.prepare?.();
      return async (writeBefore) => {
        const outcome = (await options.send?.({ ...message, writeBefore })) ?? { status: "acked" as const };
        sent.push(message);
        return outcome;
      };
    },
    transfer: async () => false,
  };
  const idleReturnMs = 30 * 60_000;
  const cron = createCronClock();
  const regex = createSafeRegex();
  const takeover = createTakeover({
    store,
    ambient: clock,
    idleReturnMs,
    wait: async () => {
      clock.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  const receive = createReceiveMessage({
    store,
    ambient: clock,
    mergeWindowMs: options.mergeWindowMs ?? 0,
    idleReturnMs,
  });
  const start = () =>
    jobs.start({
      turn: createTurnHandler({
        store,
        agent,
        intake: { takeIn: options.takeIn ?? (async (messages) => messages) },
        cases: createCaseReader({ store, ambient: clock, refusalWords: (reason) => reason }),
        totalWords: (totalFen) => `一共 ${totalFen} 分`,
        regex,
        ambient: clock,
        log: silentLog,
      }),
      deliver: createDeliverHandler({
        store,
        senders: new Map([["qingjian", sender]]),
        ambient: clock,
        log: silentLog,
      }),
      "task-time": createTaskTimeHandler({ store, ambient: clock, cron }),
      "task-expire": createTaskExpireHandler({ store, ambient: clock }),
      "task-no-reply": createNoReplyHandler({ store, ambient: clock }),
      "task-callback": createCallbackHandler({
        async send({ body }) {
          reported.push(JSON.parse(body) as Reported);
        },
      }),
      "person-idle": createPersonIdleHandler(takeover),
    });
  /** Moves the clock and lets everything that is due by then happen. */
  const advance = async (ms: number) => {
    clock.advance(ms);
    for (const kind of ["turn", "deliver", "task-time", "task-no-reply", "person-idle"] as const)
      jobs.wake(kind, 0);
    await jobs.idle();
  };
  return {
    clock,
    store,
    jobs,
    receive,
    takeover,
    sent,
    asked,
    reported,
    rules: { cron, regex },
    start,
    advance,
    texts: () =>
      sent.map((message) =>
        message.parts.map((part) => (part.type === "text" ? part.text : part.type)).join(),
      ),
    async close() {
      await jobs.stop(2_000);
      await opened.store.close();
    },
  };
}
export type ConversationService = Awaited<ReturnType<typeof aConversationService>>;
