import { AppError } from "../../src/domain/errors.ts";
import type { KnowledgeStore } from "../../src/domain/knowledge/ports.ts";
import type { FileStore } from "../../src/domain/pictures/ports.ts";
import type { Records, Store } from "../../src/domain/records.ts";
import type { Outside } from "../../src/server/outside.ts";
import type { World } from "./scenario.ts";

/** What a trial may slip in between: each is called once and then forgotten. */
export type StageHooks = {
  /** After a turn has taken its burst, before it answers. */
  afterBegin: ((conversationId: string) => Promise<void>) | null;
  /** When a turn has written everything and is about to commit; may throw, and the turn is undone. */
  beforeCommit: ((conversationId: string) => void) | null;
  /** When our engine has done its work and has not handed it over. */
  whileWorking: (() => Promise<void>) | null;
};

export function watchedStore(store: Store, hooks: StageHooks, world: World): Store {
  return {
    ...store,
    knowledge: world.knowledge === "fails" ? unreachable(store.knowledge) : store.knowledge,
    conversations: {
      ...store.conversations,
      async beginTurn(id, fence) {
        const isOurs = await store.conversations.beginTurn(id, fence);
        const hook = hooks.afterBegin;
        if (isOurs && hook !== null) {
          hooks.afterBegin = null;
          await hook(id);
        }
        return isOurs;
      },
    },
    transaction: (work) => store.transaction((tx) => work(watchedRecords(tx, hooks))),
  };
}

function watchedRecords(tx: Records, hooks: StageHooks): Records {
  return {
    ...tx,
    turns: {
      ...tx.turns,
      async add(turn) {
        await tx.turns.add(turn);
        const hook = hooks.beforeCommit;
        hooks.beforeCommit = null;
        hook?.(turn.conversation_id);
      },
    },
  };
}

function unreachable(knowledge: KnowledgeStore): KnowledgeStore {
  const fail = () => Promise.reject(new AppError("store-unavailable", "the knowledge cannot be read"));
  return { ...knowledge, size: fail, frequencies: fail, postings: fail, chunks: fail };
}

export function workingAs(
  engine: Outside["engine"],
  {
    hooks,
    world,
    isBroken,
    keepWords,
  }: {
    hooks: StageHooks;
    world: World;
    isBroken: () => boolean;
    keepWords: (of: Uint8Array, made: Uint8Array) => void;
  },
): Outside["engine"] {
  return {
    ...engine,
    async apply(bytes, job) {
      if (isBroken()) throw new AppError("operation-failed", "the engine broke");
      const result = await engine.apply(bytes, job);
      keepWords(bytes, result.bytes);
      const hook = hooks.whileWorking;
      hooks.whileWorking = null;
      await hook?.();
      return result;
    },
    check: async (original, result, job) =>
      world.engine === "spoils" ? ["it is blank"] : await engine.check(original, result, job),
  };
}

/** The file store, without the files that are away. */
export function keepingBack(files: FileStore, isAway: (file: string) => boolean): FileStore {
  return {
    ...files,
    get: async (file) => (isAway(file) ? null : await files.get(file)),
  };
}
