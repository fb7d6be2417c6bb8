import type { Ambient } from "../domain/clock.ts";
import type { InboundMessage } from "../domain/conversations/conversation.ts";
import { silentLog } from "../domain/log.ts";
import { openPostgresStore } from "../store/postgres/store.ts";
import { openLibsqlStore } from "../store/store.ts";
import { aDatabase, isOnPostgres, showTime } from "./test-database.ts";

/** A clock that tests move by hand, and ids that count. */
export function aClock(
  start = Date.parse("2026-01-05T02:00:00Z"),
): Ambient & { advance(ms: number): void; set(at: number): void } {
  let at = start;
  let count = 0;
  showTime(at);
  return {
    now: () => at,
    newId: (prefix) => {
      count += 1;
      return `${prefix}_${String(count).padStart(6, "0")}`;
    },
    advance(ms) {
      at += ms;
      showTime(at);
    },
    set(to) {
      at = to;
      showTime(at);
    },
  };
}

/** A fresh store with its job runner, on that clock: in memory, or under `npm run test:pg` in PostgreSQL. */
export async function aStore(ambient: Ambient) {
  const parts = { now: ambient.now, random: () => 0, log: silentLog };
  if (!isOnPostgres()) return await openLibsqlStore({ ...parts, file: ":memory:" });
  showTime(ambient.now());
  const { url, drop } = await aDatabase("");
  const { store, jobs } = await openPostgresStore({ ...parts, url });
  const close = async () => {
    await store.close();
    await drop();
  };
  return { store: { ...store, close }, jobs };
}

/** What the contract suites call the store that `aStore` opens. */
export function storeName(): string {
  return isOnPostgres() ? "PostgreSQL" : "libSQL";
}

let messages = 0;

/** A buyer's text, valid by default; override what the test is about. */
export function anInbound(overrides: Partial<InboundMessage> & { text?: string } = {}): InboundMessage {
  messages += 1;
  const { text, ...rest } = overrides;
  const id = rest.platformMessageId ?? `pm-${messages}`;
  return {
    channel: "qingjian",
    platform: "pinduoduo",
    shop: { id: "s1", name: "图绘旗舰店" },
    externalConversationId: "c1",
    customer: { id: "u1", name: "小李" },
    author: "buyer",
    platformMessageId: id,
    dedupeKey: `qingjian|pinduoduo|s1|${id}`,
    parts: [{ type: "text", text: text ?? "在吗" }],
    at: Date.parse("2026-01-05T02:00:00Z"),
    context: null,
    ...rest,
  };
}

export const CONVERSATION_ID = "qingjian|pinduoduo|s1|c1";
