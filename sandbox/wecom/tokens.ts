import { randomBytes } from "node:crypto";
import type { AppSetting } from "./settings.ts";
import { type Grant, type JsonAnswer, ok, refused } from "./wire.ts";

const LIFETIME_SECONDS = 7200;
/** Callers are told to keep room for 512 bytes; a long one finds those who did not. */
const TOKEN_BYTES = 320;

/** access_token: one per (corpid, secret), the same one until it ends or is revoked. */
export function createTokens({
  corpId,
  apps,
  now,
}: {
  corpId: string;
  apps: AppSetting[];
  now: () => number;
}) {
  const grants: Grant[] = [];
  const holds = (grant: Grant) => grant.revokedAs === null && grant.expiresAtMs > now();

  return {
    gettoken(query: URLSearchParams): JsonAnswer {
      if (!query.get("corpid")) return refused(41002, "corpid missing");
      if (!query.get("corpsecret")) return refused(41004, "secret missing");
      if (query.get("corpid") !== corpId) return refused(40013, "invalid corpid");
      const app = apps.find(({ secret }) => secret === query.get("corpsecret"));
      if (app === undefined) return refused(40001, "invalid credential");

      let grant = grants.find((it) => it.agentId === app.agentId && holds(it));
      if (grant === undefined) {
        grant = {
          token: randomBytes(TOKEN_BYTES).toString("base64url"),
          agentId: app.agentId,
          mayCallKf: app.mayCallKf,
          expiresAtMs: now() + LIFETIME_SECONDS * 1000,
          revokedAs: null,
        };
        grants.push(grant);
      }
      const leftSeconds = Math.ceil((grant.expiresAtMs - now()) / 1000);
      return ok({ access_token: grant.token, expires_in: leftSeconds });
    },

    check(token: string | null): { grant: Grant } | { refusal: JsonAnswer } {
      if (token === null || token === "") return { refusal: refused(41001, "access_token missing") };
      const grant = grants.find((it) => it.token === token);
      if (grant === undefined) return { refusal: refused(40014, "invalid access_token") };
      if (grant.revokedAs !== null) return { refusal: refused(grant.revokedAs, "access_token revoked") };
      if (!holds(grant)) return { refusal: refused(42001, "access_token expired") };
      return { grant };
    },

    revoke(token: string | null, as: number): void {
      const grant = grants.find((it) => it.token === token);
      if (grant !== undefined) grant.revokedAs = as;
    },
    /** @param as - the errcode of the calls that still show one of them */
    revokeAll(as: 40014 | 42001 = 42001): void {
      for (const grant of grants) grant.revokedAs ??= as;
    },
  };
}
export type Tokens = ReturnType<typeof createTokens>;
