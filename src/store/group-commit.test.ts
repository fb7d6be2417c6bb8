import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Generated, Kysely } from "kysely";
import LibsqlDatabase from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGroupCommitDialect } from "./group-commit.ts";

type Notes = { notes: { id: Generated<number>; text: string; about: number | null } };

let dir: string;
let db: Kysely<Notes>;
/** What another process sees. */
let other: LibsqlDatabase.Database;
let begins: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "group-commit-"));
  const raw = new LibsqlDatabase(join(dir, "app.db"), { timeout: 100 });
  raw.exec(`pragma journal_mode=WAL; pragma foreign_keys=on;
    create table notes(id integer primary key, text text not null unique,
      about integer references notes(id) deferrable initially deferred)`);
  raw.exec(
    "create trigger undo before insert on notes when new.text = 'undo' begin select raise(rollback, 'undone'); end",
  );
  begins = [];
  db = new Kysely<Notes>({ dialect: createGroupCommitDialect(counting(raw)) });
  other = new LibsqlDatabase(join(dir, "app.db"), { timeout: 100 });
});
afterEach(async () => {
  await db.destroy();
  other.close();
  rmSync(dir, { recursive: true });
});

/** Notes each transaction that is begun. */
function counting(raw: LibsqlDatabase.Database): LibsqlDatabase.Database {
  return new Proxy(raw, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (name === "prepare")
        return (text: string) => {
          const statement = target.prepare(text);
          if (!text.startsWith("begin")) return statement;
          const run = statement.run.bind(statement);
          statement.run = (...parameters) => {
            begins.push(text);
            return run(...parameters);
          };
          return statement;
        };
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const add = (text: string) => db.insertInto("notes").values({ text }).execute();
const texts = async () =>
  (await db.selectFrom("notes").select("text").orderBy("id").execute()).map((row) => row.text);
const seenByOthers = () =>
  (other.prepare("select text from notes order by id").all() as { text: string }[]).map((row) => row.text);

describe("the group commit", () => {
  it("answers only after the commit, one commit for all that ask in one round of the event loop", async () => {
    const adding = [
      add("a"),
      add("b"),
      db.transaction().execute((tx) => tx.insertInto("notes").values({ text: "c" }).execute()),
    ];
    const early = Promise.race(adding).then(seenByOthers);

    expect(await early).toEqual(["a", "b", "c"]);
    await Promise.all(adding);
    expect(begins).toEqual(["begin immediate"]);
  });

  it("undoes the transaction that throws and none of its neighbours", async () => {
    const results = await Promise.allSettled([
      add("a"),
      db.transaction().execute(async (tx) => {
        await tx.insertInto("notes").values({ text: "b" }).execute();
        throw new Error("no");
      }),
      add("a"),
      add("c"),
    ]);

    expect(results.map((result) => result.status)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(seenByOthers()).toEqual(["a", "c"]);
  });

  it("runs transactions one after the other, also those that wait for something else inside", async () => {
    const log: string[] = [];
    const slow = (name: string) =>
      db.transaction().execute(async (tx) => {
        log.push(`${name} begins`);
        await tx.insertInto("notes").values({ text: name }).execute();
        await new Promise((resolve) => setTimeout(resolve, 5));
        log.push(`${name} ends`);
      });

    await Promise.all([slow("a"), slow("b"), add("c")]);

    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends"]);
    expect(await texts()).toEqual(["a", "b", "c"]);
  });

  it("tells everybody in the group when SQLite undoes it as a whole, and goes on", async () => {
    const results = await Promise.allSettled([add("a"), add("undo"), add("b")]);

    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected", "fulfilled"]);
    expect(seenByOthers()).toEqual(["b"]);
  });

  it("ends a transaction whose ground was taken away, even if it swallows the error", async () => {
    const transaction = db.transaction().execute(async (tx) => {
      await tx
        .insertInto("notes")
        .values({ text: "undo" })
        .execute()
        .catch(() => {});
      await tx.insertInto("notes").values({ text: "after" }).execute();
    });

    await expect(transaction).rejects.toThrow("undone");
    expect(await texts()).toEqual([]);
  });

  it("tells everybody when the commit fails, and goes on", async () => {
    // A deferred foreign key is looked at by the commit.
    const dangling = db.insertInto("notes").values({ text: "dangling", about: 99 }).execute();
    const results = await Promise.allSettled([add("a"), dangling]);

    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    await add("c");
    expect(seenByOthers()).toEqual(["c"]);
  });

  it("reads while another process writes, and sees its own writes", async () => {
    await add("a");
    other.exec("begin immediate");
    try {
      expect(await texts()).toEqual(["a"]);
      await expect(add("b")).rejects.toMatchObject({ code: "store-unavailable" });
    } finally {
      other.exec("commit");
    }
    await add("c");
    expect(await texts()).toEqual(["a", "c"]);
  });

  it("sees what another process wrote since it last read", async () => {
    expect(await texts()).toEqual([]);
    other.exec("insert into notes(text) values ('theirs')");
    await add("ours");
    expect(await texts()).toEqual(["theirs", "ours"]);
  });
});
