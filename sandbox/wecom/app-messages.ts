import { randomUUID } from "node:crypto";
import { z } from "zod";
import { type Cards, findCardFault, takesCallbacks } from "./cards.ts";
import type { MediaStore } from "./media.ts";
import { type Content, fileContent, type Screens } from "./screens.ts";
import {
  type ApiCall,
  BAD_MEDIA,
  BAD_MSGTYPE,
  BAD_PARAMETER,
  bytesOf,
  countWithin,
  type Json,
  type JsonAnswer,
  MOST_TEXT_BYTES,
  ok,
  refused,
  TOO_LONG,
  withBody,
} from "./wire.ts";

const MOST_PER_MEMBER = 30;
const MINUTE_MS = 60_000;
const NOBODY_LEFT = 81013;
const EMPTY_CONTENT = 44004;
/** Known and shown as they came; their fields are not looked at. */
const OTHER_TYPES = ["textcard", "news", "mpnews", "markdown_v2"];

const sendSchema = z.looseObject({
  touser: z.string().default(""),
  toparty: z.string().default(""),
  totag: z.string().default(""),
  msgtype: z.string(),
  agentid: z.int(),
  enable_duplicate_check: z.union([z.literal(0), z.literal(1)]).default(0),
  duplicate_check_interval: z.int().positive().max(14_400).default(1800),
});

/** POST /cgi-bin/message/send: an app writes to members. There are no parties and no tags here: all are invalid. */
export function createAppMessages(deps: {
  members: string[];
  media: MediaStore;
  cards: Cards;
  screens: Screens;
  now: () => number;
}) {
  const { members, media, cards, screens, now } = deps;
  /** Moments of what was sent, by app and member. */
  const budgets = new Map<string, number[]>();
  /** When a text last went to a member, by app, member and content. */
  const lastSent = new Map<string, number>();

  function isInBudget(agentId: number, userid: string): boolean {
    const key = `${agentId}|${userid}`;
    const moments = budgets.get(key) ?? [];
    budgets.set(key, moments);
    if (countWithin(moments, now(), MINUTE_MS) >= MOST_PER_MEMBER) return false;
    moments.push(now());
    return true;
  }

  return {
    send: ({ body, grant }: ApiCall): JsonAnswer =>
      withBody(sendSchema, body, (read) => {
        if (read.agentid !== grant.agentId) return refused(301002, "agentid not owned by this token");
        const content = contentOf(read.msgtype, body, media);
        if ("errcode" in content) return content;

        const named = read.touser === "@all" ? members : split(read.touser);
        if (named.length > 1000) return refused(BAD_PARAMETER, "too many recipients");
        const reached = named.filter((userid) => members.includes(userid));
        const answer = {
          invaliduser: named.filter((userid) => !members.includes(userid)).join("|"),
          invalidparty: read.toparty,
          invalidtag: read.totag,
          unlicenseduser: "",
        };
        if (reached.length === 0)
          return { ...refused(NOBODY_LEFT, "user & party & tag all invalid"), ...answer };

        const msgid = `msg-${randomUUID()}`;
        for (const userid of reached) {
          // As [K]: a repeat is answered like the first one and not shown again.
          const key = JSON.stringify([grant.agentId, userid, read.msgtype, body[read.msgtype]]);
          const last = lastSent.get(key) ?? Number.NEGATIVE_INFINITY;
          if (read.enable_duplicate_check === 1 && last + read.duplicate_check_interval * 1000 > now())
            continue;
          lastSent.set(key, now());
          // What is over a member's budget is dropped without a word.
          if (isInBudget(grant.agentId, userid)) screens.show(userid, "app", { ...content }, msgid);
        }
        const code =
          content.type === "card" && takesCallbacks(content.card)
            ? { response_code: cards.newCode(grant.agentId, String(content.card.task_id), reached) }
            : {};
        return ok({ ...answer, msgid, ...code });
      }),
  };
}

function split(list: string): string[] {
  return list.split("|").filter((it) => it !== "");
}

/** What a message body shows, or why it is refused. 企业微信 may cut a text that is too long; here it is always refused. */
function contentOf(msgtype: string, body: Json, media: MediaStore): Content | JsonAnswer {
  const part = (body[msgtype] ?? {}) as Json;
  if (msgtype === "text" || msgtype === "markdown") {
    const { content } = part;
    if (typeof content !== "string") return refused(BAD_PARAMETER, `${msgtype}.content missing`);
    if (content === "") return refused(EMPTY_CONTENT, "empty content");
    if (bytesOf(content) > MOST_TEXT_BYTES) return refused(TOO_LONG, "content size out of limit");
    return { type: msgtype, text: content };
  }
  if (msgtype === "image" || msgtype === "voice" || msgtype === "file" || msgtype === "video") {
    const file = media.find(String(part.media_id));
    if (file === null || file.type !== msgtype) return refused(BAD_MEDIA, "invalid media_id");
    return fileContent(msgtype, file);
  }
  if (msgtype === "template_card")
    return findCardFault(body.template_card) ?? { type: "card", card: part, button: null };
  if (OTHER_TYPES.includes(msgtype)) return { type: "other", msgtype, body: part };
  return refused(BAD_MSGTYPE, "invalid msgtype");
}
