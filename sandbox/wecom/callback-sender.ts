import { randomBytes } from "node:crypto";
import type { CallbackCrypto } from "./crypto.ts";
import type { Faults } from "./faults.ts";
import { xmlOf } from "./xml.ts";

const MOST_TRIES = 3;

/** What one POST came to; body is empty when there was no answer in time. */
export type Try = { status: number | "timeout" | "unreachable"; body: string };
export type Delivery = { tries: Try[]; isAccepted: boolean };

/**
 * POSTs callbacks as 企业微信 does: encrypted and signed, five seconds to answer, three tries in total, each with the
 * same message under a new nonce. Only HTTP 200 counts.
 */
export function createCallbackSender({
  endpoint,
  corpId,
  crypto,
  faults,
  now,
  knobs,
}: {
  /** The name that faults know it by. */
  endpoint: "callback" | "kf-callback";
  corpId: string;
  crypto: CallbackCrypto;
  faults: Faults;
  now: () => number;
  knobs: { url: string | null; timeoutMs: number };
}) {
  function address(encrypted: string, more: Record<string, string> = {}): { url: URL; nonce: string } {
    if (knobs.url === null) throw new Error(`no URL is set for ${endpoint}`);
    const timestamp = String(Math.floor(now() / 1000));
    const nonce = randomBytes(5).toString("hex");
    const url = new URL(knobs.url);
    const query = { msg_signature: crypto.sign(timestamp, nonce, encrypted), timestamp, nonce, ...more };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return { url, nonce };
  }

  async function request(url: URL, init: RequestInit, timeoutMs: number): Promise<Try> {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
      return { status: response.status, body: await response.text() };
    } catch (error) {
      const isLate = error instanceof Error && error.name === "TimeoutError";
      return { status: isLate ? "timeout" : "unreachable", body: "" };
    }
  }

  async function deliver(message: string, agentId: number | null): Promise<Delivery> {
    const tries: Try[] = [];
    while (tries.length < MOST_TRIES && tries.at(-1)?.status !== 200) {
      const encrypted = crypto.encrypt(message);
      const body = xmlOf({
        ToUserName: corpId,
        ...(agentId === null ? {} : { AgentID: String(agentId) }),
        Encrypt: encrypted,
      });
      const init = { method: "POST", headers: { "content-type": "text/xml" }, body };
      tries.push(await request(address(encrypted).url, init, knobs.timeoutMs));
    }
    return { tries, isAccepted: tries.at(-1)?.status === 200 };
  }

  return {
    /**
     * Delivers one message; agentId is null where the outer XML has none.
     * A fault "slow" delays it, "duplicate" sends it twice at the same moment, "cut" loses it.
     */
    async post(message: string, agentId: number | null): Promise<Delivery> {
      const fault = faults.take(endpoint);
      if (fault?.kind === "cut") return { tries: [], isAccepted: false };
      if (fault?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, fault.ms ?? 0));
      if (fault?.kind !== "duplicate") return await deliver(message, agentId);
      const [first, second] = await Promise.all([deliver(message, agentId), deliver(message, agentId)]);
      return { tries: [...first.tries, ...second.tries], isAccepted: first.isAccepted && second.isAccepted };
    },

    /** The GET that 企业微信 makes when the URL is saved: the plain echostr must come back, within a second. */
    async verifyUrl(echo = randomBytes(8).toString("hex")): Promise<Try & { isVerified: boolean }> {
      const encrypted = crypto.encrypt(echo);
      const answer = await request(address(encrypted, { echostr: encrypted }).url, {}, 1000);
      return { ...answer, isVerified: answer.status === 200 && answer.body === echo };
    },
  };
}
export type CallbackSender = ReturnType<typeof createCallbackSender>;
