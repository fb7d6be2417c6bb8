import { Kysely } from "kysely";
import LibsqlDatabase from "libsql";
import { expect, it } from "vitest";
import type { Store } from "../domain/records.ts";
import { createGroupCommitDialect } from "./group-commit.ts";
import { createJobQueue } from "./job-queue.ts";
import { migrate } from "./migrations.ts";
import type { Database } from "./schema.ts";
import { createStore } from "./store.ts";

it.each<[string, (store: Store) => Promise<unknown>, string]>([
  ["what a turn waits for", (store) => store.messages.pending("c"), "messages_unsettled"],
  ["what is to be sent", (store) => store.messages.unsent("c"), "messages_unsettled"],
  ["what is being sent", (store) => store.messages.isSending("c", 0), "messages_unsettled"],
  ["what was put off", (store) => store.messages.releaseDeferred("c", 1), "messages_unsettled"],
  [
    "whom something is to be sent to",
    (store) => store.messages.conversationsToDeliver("q"),
    "messages_uncertain",
  ],
  ["what is in doubt", (store) => store.messages.listOutbound("uncertain", 100), "messages_uncertain"],
])("finds %s without walking old conversations", async (_what, ask, index) => {
  const raw = new LibsqlDatabase(":memory:");
  const asked: string[] = [];
  const db = new Kysely<Database>({
    dialect: createGroupCommitDialect(raw),
    log: ({ query }) => {
      asked.push(query.sql);
    },
  });
  await migrate(db, "sqlite");
  asked.length = 0;

  await ask(
    createStore(db, {
      now: () => 0,
      wake: () => {},
      jobsOn: (on, wake) => createJobQueue(on, Date.now, wake),
      isConflict: () => false,
    }),
  );

  expect(asked).toHaveLength(1);
  const plan = raw.prepare(`explain query plan ${asked[0]}`).all(["", "", "", ""].slice(0, count(asked[0])));
  expect(JSON.stringify(plan)).toContain(`USING INDEX ${index}`);
  await db.destroy();
});

function count(sql = ""): number {
  return sql.split("?").length - 1;
}
