import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Servicer } from "./settings.ts";
import { type ApiCall, BAD_PARAMETER, type JsonAnswer, ok, refused, withBody } from "./wire.ts";

/** 0 new, 1 with the API, 2 in the queue, 3 with a person, 4 ended. */
export type KfState = 0 | 1 | 2 | 3 | 4;
export type KfSession = {
  openKfId: string;
  externalUserid: string;
  state: KfState;
  servicerUserid: string;
  /** null until the customer wrote. */
  lastCustomerAtMs: number | null;
  /** How many messages may still be sent for what the customer wrote last. */
  quota: number;
};
/** A code for one message on an event: a welcome, the entry into the queue, the way out of it, the end. */
export type EventCode = {
  openKfId: string;
  externalUserid: string;
  expiresAtMs: number;
  takesMenu: boolean;
  isUsed: boolean;
};

export const ILLEGAL_STATE_CHANGE = 95016;
/** Nothing says what it is answered when a servicer does not receive; 95014 is a guess. */
const SERVICER_AWAY = 95014;
const NO_SERVICER = 40003;
const QUOTA_PER_CUSTOMER_MESSAGE = 5;

/** What the API may do, from each state; 3 to 3 only to another servicer. 1 to 4 is [K]. */
const ALLOWED: Record<KfState, KfState[]> = { 0: [1, 2, 3], 1: [2, 3, 4], 2: [3], 3: [3, 4], 4: [] };

const sessionSchema = z.object({ open_kfid: z.string(), external_userid: z.string() });
const transSchema = sessionSchema.extend({
  service_state: z.int().min(0).max(4),
  servicer_userid: z.string().default(""),
});

/** Who serves which customer: states, quotas and the codes for messages on events. */
export function createKfSessions({
  isAccount,
  isCustomer,
  servicers,
  now,
}: {
  isAccount: (openKfId: string) => boolean;
  isCustomer: (externalUserid: string) => boolean;
  servicers: Servicer[];
  now: () => number;
}) {
  const sessions = new Map<string, KfSession>();
  const codes = new Map<string, EventCode>();

  function of(openKfId: string, externalUserid: string): KfSession {
    const key = `${openKfId}|${externalUserid}`;
    const fresh = {
      openKfId,
      externalUserid,
      state: 0,
      servicerUserid: "",
      lastCustomerAtMs: null,
      quota: 0,
    } as const;
    const session = sessions.get(key) ?? { ...fresh };
    sessions.set(key, session);
    return session;
  }

  /** As every call that names an account and a customer: who is unknown, or null. */
  function findUnknown(openKfId: string, externalUserid: string): JsonAnswer | null {
    if (!isAccount(openKfId)) return refused(95000, "invalid open_kfid");
    return isCustomer(externalUserid) ? null : refused(40096, "invalid external userid");
  }

  function newCode(session: KfSession, validMs: number, takesMenu: boolean): string {
    const { openKfId, externalUserid } = session;
    const code = `kfc-${randomUUID()}`;
    codes.set(code, { openKfId, externalUserid, expiresAtMs: now() + validMs, takesMenu, isUsed: false });
    return code;
  }

  function findRefusedChange(session: KfSession, to: KfState, servicerUserid: string): JsonAnswer | null {
    if (!ALLOWED[session.state].includes(to))
      return refused(ILLEGAL_STATE_CHANGE, `not allowed to change from ${session.state} to ${to}`);
    if (to !== 3) return null;
    if (servicerUserid === "") return refused(BAD_PARAMETER, "servicer_userid missing");
    const servicer = servicers.find(({ userid }) => userid === servicerUserid);
    if (servicer === undefined) return refused(NO_SERVICER, "invalid servicer_userid");
    if (servicer.status !== 0) return refused(SERVICER_AWAY, "servicer is not receiving");
    const isSame = session.state === 3 && session.servicerUserid === servicerUserid;
    return isSame ? refused(ILLEGAL_STATE_CHANGE, "already with that servicer") : null;
  }

  return {
    of,
    codes,
    newCode,
    findUnknown,
    /** A message of the customer: a session that ended is new again, and five messages may be sent. */
    noteCustomer(session: KfSession): void {
      if (session.state === 4) Object.assign(session, { state: 0, servicerUserid: "" });
      session.lastCustomerAtMs = now();
      session.quota = QUOTA_PER_CUSTOMER_MESSAGE;
    },

    get: ({ body }: ApiCall): JsonAnswer =>
      withBody(sessionSchema, body, ({ open_kfid, external_userid }) => {
        const { state, servicerUserid } = of(open_kfid, external_userid);
        return (
          findUnknown(open_kfid, external_userid) ??
          ok({ service_state: state, servicer_userid: servicerUserid })
        );
      }),

    /** Changes by the API raise no session_status_change event: those come from what a person does in the client. */
    trans: ({ body }: ApiCall): JsonAnswer =>
      withBody(transSchema, body, (read) => {
        const unknown = findUnknown(read.open_kfid, read.external_userid);
        if (unknown !== null) return unknown;
        const session = of(read.open_kfid, read.external_userid);
        const to = read.service_state as KfState;
        const fault = findRefusedChange(session, to, read.servicer_userid);
        if (fault !== null) return fault;

        session.state = to;
        session.servicerUserid = to === 3 ? read.servicer_userid : "";
        if (to === 1) return ok();
        return ok({ msg_code: newCode(session, codeValidMs(to), to === 4) });
      }),
  };
}
export type KfSessions = ReturnType<typeof createKfSessions>;

/** For the end and a welcome 20 s, for the queue in and out 48 h. */
export function codeValidMs(of: KfState | "welcome"): number {
  return of === 4 || of === "welcome" ? 20_000 : 48 * 60 * 60 * 1000;
}
