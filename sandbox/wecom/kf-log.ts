import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import {
  type ApiCall,
  BAD_PARAMETER,
  countWithin,
  type Json,
  type JsonAnswer,
  ok,
  refused,
  TOO_OFTEN,
  withBody,
} from "./wire.ts";

const KEPT_MS = 3 * 24 * 60 * 60 * 1000;
const TOKEN_VALID_MS = 10 * 60_000;
const MINUTE_MS = 60_000;
const BAD_TOKEN = 95007;

const syncSchema = z.object({
  cursor: z.string().max(64).default(""),
  token: z.string().max(128).default(""),
  limit: z.int().min(1).max(1000).default(1000),
  voice_format: z.union([z.literal(0), z.literal(1)]).default(0),
  open_kfid: z.string().default(""),
});

/**
 * 微信客服's log: what customers, people and the system said, in one order, read by cursor. Without open_kfid all
 * accounts are read. A cursor names an account and a place; one of another account is refused, which is stricter than
 * any text says. Voice is AMR whatever voice_format asks for.
 */
export function createKfLog(now: () => number) {
  const entries: { openKfId: string; atMs: number; item: Json }[] = [];
  const tokens = new Map<string, { openKfId: string; expiresAtMs: number }>();
  const tokenless: number[] = [];
  const knobs = {
    /** So many pulls to come are answered with an empty page, has_more 1 and the cursor where it was. */
    emptyPages: 0,
    /** The "strict limit" for pulls without a callback's token; no number is published. */
    tokenlessPullsPerMinute: 30,
  };

  const cursorOf = (openKfId: string, place: number) =>
    `${createHash("sha1").update(openKfId).digest("hex").slice(0, 8)}.${place}`;

  /** null when the cursor was never given for that account. */
  function placeOf(openKfId: string, cursor: string): number | null {
    if (cursor === "") {
      const first = entries.findIndex(({ atMs }) => atMs > now() - KEPT_MS);
      return first === -1 ? entries.length : first;
    }
    const place = Number(cursor.split(".")[1]);
    return Number.isInteger(place) && place <= entries.length && cursor === cursorOf(openKfId, place)
      ? place
      : null;
  }

  function findTokenFault(token: string, openKfId: string): JsonAnswer | null {
    if (token !== "") {
      const known = tokens.get(token);
      const fits =
        known !== undefined && known.expiresAtMs > now() && [known.openKfId, ""].includes(openKfId);
      return fits ? null : refused(BAD_TOKEN, "invalid msg token");
    }
    if (countWithin(tokenless, now(), MINUTE_MS) >= knobs.tokenlessPullsPerMinute)
      return refused(TOO_OFTEN, "api freq out of limit");
    tokenless.push(now());
    return null;
  }

  return {
    knobs,
    /** Appends; gives the item its msgid unless it has one. */
    append(openKfId: string, item: Json): string {
      const msgid = typeof item.msgid === "string" ? item.msgid : `kfmsg-${randomUUID()}`;
      entries.push({ openKfId, atMs: now(), item: { ...item, msgid, send_time: Math.floor(now() / 1000) } });
      return msgid;
    },
    /** The Token of a callback, for pulls within ten minutes. */
    newToken(openKfId: string): string {
      const token = `kft-${randomUUID()}`;
      tokens.set(token, { openKfId, expiresAtMs: now() + TOKEN_VALID_MS });
      return token;
    },

    sync: ({ body }: ApiCall, isAccount: (openKfId: string) => boolean): JsonAnswer =>
      withBody(syncSchema, body, ({ cursor, token, limit, open_kfid: openKfId }) => {
        if (openKfId !== "" && !isAccount(openKfId)) return refused(95000, "invalid open_kfid");
        const place = placeOf(openKfId, cursor);
        if (place === null) return refused(BAD_PARAMETER, "invalid cursor");
        const fault = findTokenFault(token, openKfId);
        if (fault !== null) return fault;
        if (knobs.emptyPages > 0) {
          knobs.emptyPages -= 1;
          return ok({ next_cursor: cursorOf(openKfId, place), has_more: 1, msg_list: [] });
        }

        const isWanted = (entry: { openKfId: string }) => openKfId === "" || entry.openKfId === openKfId;
        const items: Json[] = [];
        let next = place;
        for (; next < entries.length && items.length < limit; next += 1) {
          const entry = entries[next];
          if (entry !== undefined && isWanted(entry)) items.push(entry.item);
        }
        const hasMore = entries.slice(next).some(isWanted);
        return ok({ next_cursor: cursorOf(openKfId, next), has_more: hasMore ? 1 : 0, msg_list: items });
      }),
  };
}
export type KfLog = ReturnType<typeof createKfLog>;
