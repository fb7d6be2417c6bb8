import type { Kysely, Selectable } from "kysely";
import type { AgentName } from "../domain/conversations/agent-of.ts";
import type { Part } from "../domain/conversations/message.ts";
import type { KnowledgeSource } from "../domain/knowledge/knowledge.ts";
import type { KnowledgeStatus } from "../domain/knowledge/knowledge-use.ts";
import type { CustomerStore, TurnRecord, TurnStore } from "../domain/records.ts";
import { prepared } from "./prepared.ts";
import type { Database } from "./schema.ts";

// A turn that was cut off and ran again is one turn: its last run counts.
const putTurn = prepared((db, row: Selectable<Database["turns"]>) => {
  const values = {
    conversation_id: row.conversation_id,
    rung: row.rung,
    outcome: row.outcome,
    tools: row.tools,
    versions: row.versions,
    queued_at: row.queued_at,
    started_at: row.started_at,
    ended_at: row.ended_at,
    agent: row.agent,
    knowledge: row.knowledge,
    citations: row.citations,
  };
  return db
    .insertInto("turns")
    .values({ id: row.id, ...values })
    .onConflict((conflict) => conflict.column("id").doUpdateSet(values));
});

const putCase = prepared((db, row: Selectable<Database["turn_cases"]>) => {
  const values = {
    first_message_id: row.first_message_id,
    fence: row.fence,
    message_ids: row.message_ids,
    content: row.content,
  };
  return db
    .insertInto("turn_cases")
    .values({ turn_id: row.turn_id, ...values })
    .onConflict((conflict) => conflict.column("turn_id").doUpdateSet(values));
});
const deleteCase = prepared((db, { turnId }: { turnId: string }) =>
  db.deleteFrom("turn_cases").where("turn_id", "=", turnId),
);

export function createTurnStore(db: Kysely<Database>): TurnStore {
  return {
    async add(turn) {
      await putTurn.run(db, {
        ...turn,
        tools: JSON.stringify(turn.tools),
        versions: JSON.stringify(turn.versions),
        knowledge: turn.knowledge.status,
        citations: JSON.stringify(turn.knowledge.citations),
      });
    },

    async find(id) {
      const row = await db.selectFrom("turns").selectAll().where("id", "=", id).executeTakeFirst();
      if (row === undefined) return null;
      return {
        ...row,
        outcome: row.outcome as TurnRecord["outcome"],
        tools: JSON.parse(row.tools) as string[],
        versions: JSON.parse(row.versions) as Record<string, string>,
        agent: agentOf(row.agent),
        knowledge: {
          status: (row.knowledge ?? "n/a") as KnowledgeStatus,
          citations: JSON.parse(row.citations ?? "[]") as KnowledgeSource[],
        },
      };
    },

    async keepCase({ turnId, fence, messageIds, content }) {
      await putCase.run(db, {
        turn_id: turnId,
        first_message_id: messageIds[0] ?? "",
        fence,
        message_ids: JSON.stringify(messageIds),
        content: JSON.stringify(content),
      });
    },

    async keptCase(turnId) {
      const row = await db
        .selectFrom("turn_cases")
        .selectAll()
        .where("turn_id", "=", turnId)
        .executeTakeFirst();
      if (row === undefined) return null;
      return {
        turnId,
        fence: row.fence,
        messageIds: JSON.parse(row.message_ids) as string[],
        content: JSON.parse(row.content) as unknown,
      };
    },

    async forgetCase(turnId) {
      await deleteCase.run(db, { turnId });
    },

    async forgetEndedCases() {
      await db
        .deleteFrom("turn_cases")
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("messages")
                .select("id")
                .where("status", "=", "pending")
                .whereRef("id", "=", "turn_cases.first_message_id"),
            ),
          ),
        )
        .execute();
    },

    async countByVersions() {
      const rows = await db
        .selectFrom("turns")
        .select(["agent", "versions", (eb) => eb.fn.countAll().as("turns")])
        .groupBy(["agent", "versions"])
        .execute();
      return rows.map(({ agent, versions, turns }) => ({
        agent: agentOf(agent),
        versions: JSON.parse(versions) as Record<string, string>,
        turns: Number(turns),
      }));
    },

    async misses(since, limit) {
      const rows = await db
        .selectFrom("turns as t")
        .innerJoin("messages as m", "m.turn_id", "t.id")
        .innerJoin("conversations as c", "c.id", "t.conversation_id")
        .select(["m.parts", "m.at", "c.customer_id"])
        .where("t.knowledge", "=", "miss" satisfies KnowledgeStatus)
        .where("t.ended_at", ">=", since)
        .where("m.direction", "=", "in")
        .orderBy("t.ended_at", "desc")
        .orderBy("m.seq", "desc")
        .limit(limit)
        .execute();
      return rows.map(({ parts, at, customer_id }) => ({
        parts: JSON.parse(parts) as Part[],
        at: Number(at),
        customerId: customer_id,
      }));
    },
  };
}

/** Before there were two, it was the shop's. */
function agentOf(stored: string | null): AgentName {
  return (stored ?? "shop") as AgentName;
}

export function createCustomerStore(db: Kysely<Database>): CustomerStore {
  return {
    async find(id, platform) {
      const row = await db
        .selectFrom("customers")
        .selectAll()
        .where("id", "=", id)
        .where("platform", "=", platform)
        .executeTakeFirst();
      return row === undefined ? null : { ...row, blacklisted: row.blacklisted === 1 };
    },

    async blacklisted() {
      const rows = await db.selectFrom("customers").selectAll().where("blacklisted", "=", 1).execute();
      return rows.map((row) => ({ ...row, blacklisted: true }));
    },

    async setBlacklisted(id, platform, blacklisted) {
      const flag = blacklisted ? 1 : 0;
      await db
        .insertInto("customers")
        .values({ id, platform, name: null, blacklisted: flag })
        .onConflict((conflict) => conflict.columns(["id", "platform"]).doUpdateSet({ blacklisted: flag }))
        .execute();
    },
  };
}
