import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { KfLog } from "./kf-log.ts";
import type { KfSession, KfSessions } from "./kf-sessions.ts";
import type { MediaStore } from "./media.ts";
import { type Content, fileContent, type Screens } from "./screens.ts";
import {
  type ApiCall,
  BAD_MEDIA,
  BAD_MSGTYPE,
  BAD_PARAMETER,
  bytesOf,
  type Json,
  type JsonAnswer,
  MOST_TEXT_BYTES,
  ok,
  refused,
  TOO_LONG,
  withBody,
} from "./wire.ts";

const REPLY_WINDOW_MS = 48 * 60 * 60 * 1000;
const QUOTA_SPENT = 95001;
/** [K], as the quota's code: nothing was written in the last 48 hours. */
const TOO_LATE = 95002;
const WRONG_STATE = 95018;

const msgidSchema = z
  .string()
  .regex(/^[0-9A-Za-z_-]{1,32}$/u)
  .optional();
const sendSchema = z.looseObject({
  touser: z.string(),
  open_kfid: z.string(),
  msgid: msgidSchema,
  msgtype: z.string(),
});
const onEventSchema = z.looseObject({ code: z.string(), msgid: msgidSchema, msgtype: z.string() });

const menuSchema = z.object({
  head_content: z.string().default(""),
  tail_content: z.string().default(""),
  list: z
    .array(
      z.looseObject({
        type: z.enum(["click", "view", "miniprogram", "text"]),
        click: z.object({ id: z.string().default(""), content: z.string().min(1) }).optional(),
      }),
    )
    .max(10)
    .default([]),
});

/** kf/send_msg and kf/send_msg_on_event. */
export function createKfSending(deps: {
  sessions: KfSessions;
  log: KfLog;
  media: MediaStore;
  screens: Screens;
  now: () => number;
}) {
  const { sessions, log, media, screens, now } = deps;
  /** By account and msgid; what was answered with errcode 0. */
  const sent = new Set<string>();
  const knobs = {
    /** fail_types of the sends to come: answered 0, then not delivered, and a msg_send_fail says so. */
    failTypes: [] as number[],
  };

  function deliver(session: KfSession, via: "kf" | "kf-event", msgid: string, content: Content): JsonAnswer {
    const { openKfId, externalUserid } = session;
    sent.add(`${openKfId}|${msgid}`);
    const failType = knobs.failTypes.shift();
    if (failType === undefined) screens.show(externalUserid, via, content, msgid);
    else {
      const event = { event_type: "msg_send_fail", open_kfid: openKfId, external_userid: externalUserid };
      log.append(openKfId, {
        origin: 4,
        msgtype: "event",
        event: { ...event, fail_msgid: msgid, fail_type: failType },
      });
    }
    return ok({ msgid });
  }

  return {
    knobs,
    send: ({ body }: ApiCall): JsonAnswer =>
      withBody(sendSchema, body, (read) => {
        const unknown = sessions.findUnknown(read.open_kfid, read.touser);
        if (unknown !== null) return unknown;
        // "Unique per account": whether a repeat is an error is not said. Here it is taken as done: errcode 0, the same
        // msgid, not shown again and not counted. Looked at first, as a repeat may come after the quota is spent.
        if (sent.has(`${read.open_kfid}|${read.msgid}`)) return ok({ msgid: read.msgid });
        const session = sessions.of(read.open_kfid, read.touser);
        const content = contentOf(read.msgtype, body, media);
        if ("errcode" in content) return content;
        if (session.state > 1) return refused(WRONG_STATE, "send msg session status invalid");
        if (session.lastCustomerAtMs === null || session.lastCustomerAtMs + REPLY_WINDOW_MS <= now())
          return refused(TOO_LATE, "more than 48 hours after the customer's message");
        if (session.quota <= 0) return refused(QUOTA_SPENT, "send msg count out of limit");

        session.quota -= 1;
        return deliver(session, "kf", read.msgid ?? `kfsent-${randomUUID()}`, content);
      }),

    /** Outside the quota and in any state; each code takes one message. */
    sendOnEvent: ({ body }: ApiCall): JsonAnswer =>
      withBody(onEventSchema, body, (read) => {
        const code = sessions.codes.get(read.code);
        if (code === undefined) return refused(BAD_PARAMETER, "invalid code");
        if (sent.has(`${code.openKfId}|${read.msgid}`)) return ok({ msgid: read.msgid });
        if (code.isUsed) return refused(BAD_PARAMETER, "code was used before");
        if (code.expiresAtMs <= now()) return refused(BAD_PARAMETER, "code expired");
        if (read.msgtype !== "text" && !(read.msgtype === "msgmenu" && code.takesMenu))
          return refused(BAD_MSGTYPE, "invalid msgtype");
        const content = contentOf(read.msgtype, body, media);
        if ("errcode" in content) return content;

        code.isUsed = true;
        const session = sessions.of(code.openKfId, code.externalUserid);
        return deliver(session, "kf-event", read.msgid ?? `kfsent-${randomUUID()}`, content);
      }),
  };
}

function contentOf(msgtype: string, body: Json, media: MediaStore): Content | JsonAnswer {
  const part = (body[msgtype] ?? {}) as Json;
  if (msgtype === "text") {
    const { content } = part;
    if (typeof content !== "string" || content === "") return refused(BAD_PARAMETER, "text.content missing");
    if (bytesOf(content) > MOST_TEXT_BYTES) return refused(TOO_LONG, "content size out of limit");
    return { type: "text", text: content };
  }
  if (msgtype === "image" || msgtype === "voice" || msgtype === "video" || msgtype === "file") {
    const file = media.find(String(part.media_id));
    if (file === null || file.type !== msgtype) return refused(BAD_MEDIA, "invalid media_id");
    return fileContent(msgtype, file);
  }
  if (msgtype === "msgmenu") return menuOf(part);
  if (msgtype === "link") {
    if (media.find(String(part.thumb_media_id)) === null) return refused(BAD_MEDIA, "invalid thumb_media_id");
    return { type: "other", msgtype, body: part };
  }
  if (["miniprogram", "location", "ca_link"].includes(msgtype)) return { type: "other", msgtype, body: part };
  return refused(BAD_MSGTYPE, "invalid msgtype");
}

function menuOf(part: Json): Content | JsonAnswer {
  const answer = withBody(menuSchema, part, ({ head_content, list }) => {
    if (bytesOf(head_content) > 1024) return refused(TOO_LONG, "head_content size out of limit");
    const isLong = list.some(
      ({ click }) => click && (bytesOf(click.id) > 64 || bytesOf(click.content) > 128),
    );
    return isLong ? refused(TOO_LONG, "click size out of limit") : ok();
  });
  return answer.errcode === 0 ? { type: "other", msgtype: "msgmenu", body: part } : answer;
}
