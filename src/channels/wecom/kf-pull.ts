import { createHash } from "node:crypto";
import { z } from "zod";
import type { Takeover } from "../../conversation/takeover.ts";
import type { Ambient } from "../../domain/clock.ts";
import { conversationIdOf, type InboundMessage } from "../../domain/conversations/conversation.ts";
import { errorText } from "../../domain/errors.ts";
import { againAt, DONE, type JobHandler, type JobOutcome } from "../../domain/jobs/jobs.ts";
import type { Log } from "../../domain/log.ts";
import type { Store } from "../../domain/records.ts";
import type { Say } from "../../domain/replies.ts";
import { type WecomApi, WecomRefusal } from "./api.ts";
import { kfMailSchema } from "./callbacks.ts";
import { actionFor } from "./error-codes.ts";
import { type KfEvent, type KfItem, kfItemSchema, toKfMessage, whoseOf } from "./kf-inbound.ts";

const PAGE = 100;
/** A welcome counts for 20 s; it takes us a moment to say it. */
const WELCOME_WITHIN_MS = 18_000;
/** Without a cursor 企业微信 tells three days again: what is older than this when we begin has had its answer from somebody. */
const OLD_MS = 60 * 60_000;
const TOO_OFTEN_MS = 60_000;
const MOST_NAMES = 100;
/** A page may be empty and more be behind it; but not for ever. */
const MOST_EMPTY = 20;
const EMPTY_AGAIN_MS = 5_000;

const pageSchema = z.object({
  next_cursor: z.string().default(""),
  has_more: z.int().default(0),
  msg_list: z.array(z.unknown()).default([]),
});
const namesSchema = z.looseObject({
  customer_list: z
    .array(z.looseObject({ external_userid: z.string(), nickname: z.string().default("") }))
    .default([]),
});

/**
 * Fetches what was said at a 客服账号 (protocols §1.6). A page is stored before the cursor moves on: after a kill it is
 * fetched again, and each message is known by its msgid.
 */
export function createKfPullHandler({
  api,
  store,
  receive,
  takeover,
  say,
  ambient,
  log,
}: {
  api: Pick<WecomApi, "post">;
  store: Store;
  receive: (message: InboundMessage) => Promise<{ status: "stored" | "duplicate" }>;
  takeover: Takeover;
  say: () => Say;
  ambient: Ambient;
  log: Log;
}): JobHandler {
  /** Customers' names, asked for once. */
  const names = new Map<string, string>();

  return {
    async run(job) {
      const { openKfId, token } = kfMailSchema.parse(job.payload);
      const begun = await store.kfCursors.find(openKfId);
      const since = (begun?.since ?? ambient.now()) - OLD_MS;
      let cursor = begun?.cursor ?? null;
      for (let empty = 0; empty < MOST_EMPTY; ) {
        const page = await fetchPage(openKfId, token, cursor);
        if (!("msg_list" in page)) return page;
        await takePage(openKfId, page.msg_list, since);
        const next = page.next_cursor === "" ? cursor : page.next_cursor;
        if (next !== null && next !== cursor) await store.kfCursors.put(openKfId, next, ambient.now());
        if (page.has_more !== 1) return DONE;
        empty = page.msg_list.length === 0 ? empty + 1 : 0;
        cursor = next;
      }
      return againAt(ambient.now() + EMPTY_AGAIN_MS);
    },
  };

  async function fetchPage(
    openKfId: string,
    token: string,
    cursor: string | null,
  ): Promise<z.infer<typeof pageSchema> | JobOutcome> {
    try {
      const body = { limit: PAGE, voice_format: 0, open_kfid: openKfId };
      return pageSchema.parse(
        await api.post("kf/sync_msg", {
          ...body,
          ...(cursor === null ? {} : { cursor }),
          ...(token === "" ? {} : { token }),
        }),
      );
    } catch (error) {
      if (!(error instanceof WecomRefusal)) throw error;
      if (actionFor(error.errcode) === "later") return againAt(ambient.now() + TOO_OFTEN_MS);
      if (actionFor(error.errcode) !== "drop") throw error;
      // A token holds for ten minutes; without one there is less of it, but it goes on.
      if (token !== "") {
        log.warn("wecom.kf_token_refused", { openKfId, error: error.message });
        return await fetchPage(openKfId, "", cursor);
      }
      if (cursor === null) throw error;
      // A cursor that is refused will be refused again: we begin anew, and know what we have by its msgid.
      log.error("wecom.kf_cursor_refused", { openKfId, error: error.message });
      await store.kfCursors.forget(openKfId);
      return againAt(ambient.now());
    }
  }

  async function takePage(openKfId: string, lines: readonly unknown[], since: number): Promise<void> {
    const items = lines.flatMap((line) => {
      const read = kfItemSchema.safeParse(line);
      if (!read.success)
        log.warn("wecom.kf_unread", { openKfId, why: read.error.issues[0]?.path.join(".") ?? "" });
      return read.success ? [read.data] : [];
    });
    await learnNames(items);
    for (const item of items) {
      if (item.send_time * 1000 >= since) await takeItem(item);
    }
  }

  async function takeItem(item: KfItem): Promise<void> {
    const { customer } = whoseOf(item);
    // Of the account itself, such as a servicer who begins work.
    if (customer === "") return;
    const message = toKfMessage(item, { name: names.get(customer) ?? null, now: ambient.now() });
    if (item.event === undefined) {
      await receive(message);
      return;
    }
    // Met before its note is stored: after a kill it is met again, which changes nothing.
    const conversationId = conversationIdOf(message);
    if ((await store.messages.findByKey(conversationId, message.dedupeKey)) !== null) return;
    await meet(item.event, item, conversationId);
    await receive(message);
  }

  async function meet(event: KfEvent, item: KfItem, conversationId: string): Promise<void> {
    switch (event.event_type) {
      case "enter_session":
        if (event.welcome_code === undefined || item.send_time * 1000 <= ambient.now() - WELCOME_WITHIN_MS)
          return;
        // Whoever a person has is not greeted by the bot.
        if ((await store.conversations.find(conversationId))?.holder === "human") return;
        await welcome(event.welcome_code, item.msgid);
        return;
      case "session_status_change":
        if ((await store.conversations.find(conversationId)) === null) return;
        if (event.change_type === 3) await takeover.release(conversationId);
        else await takeover.takeOver(conversationId, event.new_servicer_userid || "platform");
        return;
      case "msg_send_fail": {
        const id = event.fail_msgid?.replace(/_\d+$/u, "") ?? "";
        await store.messages.noteUndelivered(conversationId, id, `wecom-kf-fail-${event.fail_type ?? 0}`);
        log.warn("wecom.kf_undelivered", { conversationId, failType: event.fail_type ?? 0 });
        return;
      }
    }
  }

  async function welcome(code: string, msgid: string): Promise<void> {
    try {
      await api.post("kf/send_msg_on_event", {
        code,
        msgid: shortId(msgid),
        msgtype: "text",
        text: { content: say()("helpdesk_greeting") },
      });
    } catch (error) {
      log.warn("wecom.kf_welcome_failed", { error: errorText(error) });
    }
  }

  /** For people's eyes only: without them it goes on. */
  async function learnNames(items: readonly KfItem[]): Promise<void> {
    const unknown = [...new Set(items.map((item) => whoseOf(item).customer))].filter(
      (id) => id !== "" && !names.has(id),
    );
    if (names.size > 10_000) names.clear();
    for (let at = 0; at < unknown.length; at += MOST_NAMES)
      try {
        const ids = unknown.slice(at, at + MOST_NAMES);
        const { customer_list: known } = namesSchema.parse(
          await api.post("kf/customer/batchget", { external_userid_list: ids }),
        );
        for (const { external_userid: id, nickname } of known) if (nickname !== "") names.set(id, nickname);
      } catch (error) {
        log.warn("wecom.kf_names_failed", { error: errorText(error) });
        return;
      }
  }
}

/** An id that 微信客服 takes as a msgid (32 letters and digits at most, with room for a piece's number). */
export function shortId(id: string): string {
  return createHash("sha256").update(id).digest("hex").slice(0, 28);
}
