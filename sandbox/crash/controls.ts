import { randomUUID } from "node:crypto";
import type { Records, Store } from "../../src/domain/records.ts";
import type { Firing } from "../../src/domain/tasks/task.ts";
import type { Outside } from "../../src/server/outside.ts";
import { pause } from "../random.ts";
import type { ProblemKind } from "./history.ts";

/** Faults that the checker must find, each with the kind of problem it must find. None of them is in the product. */
export const CONTROLS = {
  /** A scheduler that marks a task fired after it has run it. */
  "mark-after-run": "doubled",
  /** A reply whose row is not in the transaction that marks its message answered. */
  "outbox-outside-transaction": "lost",
  /** Replies commit and go out whoever holds the conversation. */
  "no-fence": "takeover",
  /**
   * A process that lost its lease while it stood still settles what another has done meanwhile. Two guards are against
   * it, and both are out: who answered is not looked at, and a reply is not known by its turn.
   */
  "no-lease-check": "doubled",
} as const satisfies Record<string, ProblemKind>;
export type Control = keyof typeof CONTROLS;

/** Only who stood still can settle what another has done: such a run freezes more than others. */
export const FREEZES_OF_CONTROL: Partial<Record<Control, number>> = { "no-lease-check": 0.7 };

export function isControl(name: string): name is Control {
  return Object.hasOwn(CONTROLS, name);
}

/** So long a careless writer takes from the one thing to the other. */
const LATER_MS = 40;

export function sabotage(outside: Outside, control: Control): Outside {
  const { store } = outside;
  const broken: Record<Control, (real: Store) => Store> = {
    "mark-after-run": markAfterRun,
    "outbox-outside-transaction": outboxOutsideTransaction,
    "no-fence": withoutFence,
    "no-lease-check": withoutLeaseCheck,
  };
  return { ...outside, store: broken[control](store) };
}

type Work = (tx: Records) => Promise<unknown>;

/** Runs the work with records that put some of it off, and that in a transaction of its own, later. */
function puttingOff(store: Store, around: (tx: Records, later: (work: Work) => void) => Records): Store {
  return {
    ...store,
    async transaction(work) {
      const putOff: Work[] = [];
      const value = await store.transaction((tx) => work(around(tx, (it) => putOff.push(it))));
      if (putOff.length === 0) return value;
      await pause(LATER_MS);
      await store.transaction(async (tx) => {
        for (const it of putOff) await it(tx);
      });
      return value;
    },
  };
}

function markAfterRun(store: Store): Store {
  return puttingOff(store, (tx, later) => ({
    ...tx,
    tasks: {
      ...tx.tasks,
      async claimFiring({ id, taskId, slot, conversationId, customerId, at }) {
        later((afterwards) =>
          afterwards.tasks.claimFiring({ id, taskId, slot, conversationId, customerId, at }),
        );
        const firing: Firing = {
          id,
          task_id: taskId,
          slot,
          conversation_id: conversationId,
          customer_id: customerId,
          status: "running",
          attempts: 0,
          error: null,
          created_at: at,
        };
        return firing;
      },
      async move(taskId, move) {
        if (move.fired !== true) return await tx.tasks.move(taskId, move);
        later((afterwards) => afterwards.tasks.move(taskId, move));
        return true;
      },
    },
  }));
}

function outboxOutsideTransaction(store: Store): Store {
  return puttingOff(store, (tx, later) => ({
    ...tx,
    messages: {
      ...tx.messages,
      async addOutbound(message) {
        if (message.turnId === undefined) {
          await tx.messages.addOutbound(message);
          return;
        }
        const { conversationId } = message;
        later(async (afterwards) => {
          await afterwards.messages.addOutbound(message);
          await afterwards.jobs.enqueue({
            kind: "deliver",
            key: `deliver:${conversationId}`,
            payload: { conversationId },
          });
        });
      },
    },
  }));
}

function withoutFence(store: Store): Store {
  const unfenced = (records: Records): Records => ({
    ...records,
    conversations: {
      ...records.conversations,
      beginTurn: async () => true,
      holdsFence: async () => true,
    },
    messages: {
      ...records.messages,
      isSending: async () => null,
      async claimSend(message, until) {
        if (await records.messages.claimSend(message, until)) return true;
        const status = (await records.messages.find(message.id))?.status;
        return status === "queued" || status === "sending";
      },
    },
  });
  return {
    ...store,
    ...unfenced(store),
    transaction: (work) => store.transaction((tx) => work(unfenced(tx))),
  };
}

function withoutLeaseCheck(store: Store): Store {
  const careless = (records: Records): Records => ({
    ...records,
    messages: {
      ...records.messages,
      async settleInbound(ids, status, turnId) {
        await records.messages.settleInbound(ids, status, turnId);
        return ids.length;
      },
      addOutbound: (message) =>
        records.messages.addOutbound(
          message.turnId === undefined ? message : { ...message, id: `${message.id}_${randomUUID()}` },
        ),
    },
  });
  return {
    ...store,
    ...careless(store),
    transaction: (work) => store.transaction((tx) => work(careless(tx))),
  };
}
