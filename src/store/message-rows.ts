import { type Selectable, sql } from "kysely";
import type { Message } from "../domain/conversations/message.ts";
import type { Database } from "./schema.ts";

// SQLite takes an index of some rows only for a query that repeats the condition of the index word for word.
export const waits = sql<boolean>`"status" in ('pending', 'queued', 'sending', 'deferred')`;

export function toMessage(row: Selectable<Database["messages"]>): Message {
  const { dedupe_key: _dedupeKey, sending_until: _sendingUntil, ...rest } = row;
  return {
    ...rest,
    status: row.status as Message["status"],
    parts: JSON.parse(row.parts) as Message["parts"],
  };
}
