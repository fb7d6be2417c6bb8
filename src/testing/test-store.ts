import type { Ambient } from "../domain/clock.ts";
import type { InboundMessage } from "../domain/conversations/conversation.ts";
import { silentLog } from "../domain/log.ts";
import { openLibsqlStore } from "../store/store.ts";

/** A clock that tests move by hand, and ids that count. */
export function aClock(
  start = Date.parse("2026-01-05T02:00:00Z"),
): Ambient & { advance(ms: number): void; set(at: number): void } {
  let at = start;
  let count = 0;
  return {
    now: () => at,
    newId: (prefix) => {
      count += 1;
      return `${prefix}_${String(count).padStart(6, "0")}`;
    },
    advance(ms) {
      at += ms;
    },
    set(to) {
      at = to;
    },
  };
}

/** A fresh store in memory with its job runner, on that clock. */
export async function aStore(ambient: Ambient) {
  return await openLibsqlStore({ file: ":memory:", now: ambient.now, random: () => 0, log: silentLog });
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
