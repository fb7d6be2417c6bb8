import { Kysely, sql } from "kysely";
import LibsqlDatabase from "libsql";
import { afterEach, beforeEach, expect, it } from "vitest";
import { entryOf } from "../../domain/knowledge/posting-block.ts";
import { createGroupCommitDialect } from "../group-commit.ts";
import { createKnowledgeStore } from "../knowledge-store.ts";
import type { Database } from "../schema.ts";
import { knowledge } from "./0008-knowledge.ts";
import { postingBlocks } from "./0012-posting-blocks.ts";
import { knowledgeVectors } from "./0013-knowledge-vectors.ts";

let db: Kysely<Database>;
beforeEach(() => {
  db = new Kysely<Database>({ dialect: createGroupCommitDialect(new LibsqlDatabase(":memory:")) });
});
afterEach(() => db.destroy());

it("keeps what was imported before: it is found, and it goes", async () => {
  await knowledge("sqlite").up(db);
  for (const [id, seq] of [
    ["vpn.md", 1],
    ["mail.md", 9_000],
  ] as const) {
    await sql`insert into knowledge_documents values (${id}, ${id}, null, 'document', 'h', 1, 1, 3, 0)`.execute(
      db,
    );
    await sql`insert into knowledge_chunks values (${seq}, ${id}, 0, '', ${id}, null)`.execute(db);
    await sql`insert into knowledge_postings values ('账号', ${seq}, 1, 3), (${id}, ${seq}, 2, 3)`.execute(
      db,
    );
  }

  await postingBlocks().up(db);
  await knowledgeVectors("sqlite").up(db);

  const store = createKnowledgeStore(db);
  expect(await store.frequencies(["账号", "vpn.md", "别的"])).toEqual(
    new Map([
      ["账号", 2],
      ["vpn.md", 1],
      ["别的", 0],
    ]),
  );
  expect(await store.postings(["mail.md"])).toEqual([
    { word: "mail.md", block: 2, entries: entryOf(9_000, 2, 3) },
  ]);
  expect(await store.removeDocument("mail.md")).toBe(true);
  expect(await store.postings(["mail.md"])).toEqual([]);
  expect((await store.frequencies(["账号"])).get("账号")).toBe(1);
});

it("has nothing to move in a new shop", async () => {
  await knowledge("sqlite").up(db);

  await postingBlocks().up(db);

  expect(await createKnowledgeStore(db).size()).toEqual({ chunks: 0, usualLength: 1 });
});
