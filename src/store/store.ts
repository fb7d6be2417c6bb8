import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely, sql } from "kysely";
import LibsqlDatabase from "libsql";
import type { AppError } from "../domain/errors.ts";
import type { JobKind, Jobs } from "../domain/jobs/jobs.ts";
import type { Log } from "../domain/log.ts";
import type { Records, Store } from "../domain/records.ts";
import { createCertificateStore } from "./certificate-store.ts";
import { createConfigVersionStore } from "./config-version-store.ts";
import { createConversationStore } from "./conversation-store.ts";
import { createDifyConversationStore } from "./dify-conversation-store.ts";
import { createGroupCommitDialect } from "./group-commit.ts";
import { createHandoffStore } from "./handoff-store.ts";
import type { WakeableJobRunner } from "./job-lanes.ts";
import { createJobQueue, type JobWake } from "./job-queue.ts";
import { createJobRunner } from "./job-runner.ts";
import { createKfCursorStore } from "./kf-cursor-store.ts";
import { createKnowledgeStore } from "./knowledge-store.ts";
import { createLeaseStore } from "./lease-store.ts";
import { createMessageStore } from "./message-store.ts";
import { migrate } from "./migrations.ts";
import { createOrderStore } from "./order-store.ts";
import { createGalleryStore, createPictureStore } from "./picture-store.ts";
import type { Database } from "./schema.ts";
import { createTaskStore } from "./task-store.ts";
import { createTicketStore } from "./ticket-store.ts";
import { createCustomerStore, createTurnStore } from "./turn-store.ts";
import { createVectorStore } from "./vector-store.ts";

const BUSY_TIMEOUT_MS = 5_000;
const FAULT_COUNTS_MS = 10_000;
/** Two that stood in each other's way twice in a row are rare; five times is a fault of ours. */
const MOST_TRIES = 5;
const CONFLICT_PAUSE_MS = 20;

/**
 * Opens (and brings up to date) the app's libSQL store and its job runner.
 *
 * @param file - path of the database file, or ":memory:"
 */
export async function openLibsqlStore(deps: {
  file: string;
  now: () => number;
  random: () => number;
  log: Log;
}): Promise<{ store: Store; jobs: WakeableJobRunner }> {
  if (deps.file !== ":memory:") mkdirSync(dirname(deps.file), { recursive: true });
  const raw = new LibsqlDatabase(deps.file, { timeout: BUSY_TIMEOUT_MS });
  raw.exec(
    "pragma journal_mode=WAL; pragma synchronous=NORMAL; pragma foreign_keys=on; pragma cache_size=-32000; pragma wal_autocheckpoint=4000",
  );
  let fault: { error: AppError; at: number } | null = null;
  const dialect = createGroupCommitDialect(raw, (error) => {
    fault = { error, at: deps.now() };
  });
  const db = new Kysely<Database>({ dialect });
  await migrate(db, "sqlite");
  const jobs = createJobRunner({ db, now: deps.now, random: deps.random, log: deps.log });
  const store = createStore(db, {
    now: deps.now,
    wake: jobs.wake,
    jobsOn: (on, wake) => createJobQueue(on, deps.now, wake),
    isConflict: () => false,
  });
  return {
    store: {
      ...store,
      async ping() {
        // A full disk may still take one page: what failed just now counts more than a look.
        if (fault !== null && deps.now() - fault.at < FAULT_COUNTS_MS) throw fault.error;
        await store.ping();
      },
    },
    jobs,
  };
}

/** What differs from one database to the other. */
type StoreParts = {
  now: () => number;
  wake: JobWake;
  jobsOn: (db: Kysely<Database>, wake: JobWake) => Jobs;
  /** Whether a transaction was undone only because another stood in its way. */
  isConflict: (error: unknown) => boolean;
};

export function createStore(db: Kysely<Database>, { now, wake, jobsOn, isConflict }: StoreParts): Store {
  async function once<Value>(work: (records: Records) => Promise<Value>): Promise<Value> {
    // Workers are woken only after the commit: before it they would find nothing.
    const wakes: [JobKind, number][] = [];
    const note: JobWake = (kind, runAt) => wakes.push([kind, runAt]);
    const value = await db.transaction().execute((tx) => work(createRecords(tx, now, jobsOn(tx, note))));
    for (const [kind, runAt] of wakes) wake(kind, runAt);
    return value;
  }

  return {
    ...createRecords(db, now, jobsOn(db, wake)),
    async transaction(work) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await once(work);
        } catch (error) {
          if (tries === MOST_TRIES || !isConflict(error)) throw error;
          await new Promise((resolve) => setTimeout(resolve, Math.random() * CONFLICT_PAUSE_MS * tries));
        }
      }
    },
    async ping() {
      // A write: a full disk still reads.
      await sql`update kysely_migration_lock set is_locked = is_locked`.execute(db);
    },
    close: () => db.destroy(),
  };
}

function createRecords(db: Kysely<Database>, now: () => number, jobs: Jobs): Records {
  return {
    conversations: createConversationStore(db),
    messages: createMessageStore(db),
    tasks: createTaskStore(db),
    orders: createOrderStore(db),
    certificates: createCertificateStore(db),
    pictures: createPictureStore(db),
    handoffs: createHandoffStore(db),
    turns: createTurnStore(db),
    customers: createCustomerStore(db),
    gallery: createGalleryStore(db),
    knowledge: createKnowledgeStore(db),
    vectors: createVectorStore(db),
    tickets: createTicketStore(db),
    difyConversations: createDifyConversationStore(db),
    kfCursors: createKfCursorStore(db),
    configVersions: createConfigVersionStore(db),
    leases: createLeaseStore(db, now),
    jobs,
  };
}
