import type { SendOutcome } from "../../domain/conversations/sender.ts";
import type { InboundFrame } from "./frames.ts";

type Ack = Extract<InboundFrame, { kind: "ack" }>;

type Waiting = { settle: (outcome: SendOutcome) => void; left: Set<string>; platformMessageId?: string };

/** Replies that were written and that nobody has confirmed yet. */
export function createAcks(withinMs: number) {
  const waiting = new Map<string, Waiting>();

  return {
    /**
     * @param refs - what the acks of its pieces will name; it is confirmed when all have come
     * @returns `give` ends the wait at once
     */
    expect(refs: readonly string[]): { outcome: Promise<SendOutcome>; give: (it: SendOutcome) => void } {
      let give: (outcome: SendOutcome) => void = () => {};
      const outcome = new Promise<SendOutcome>((resolve) => {
        const timer = setTimeout(() => give({ status: "unanswered" }), withinMs);
        give = (result) => {
          clearTimeout(timer);
          for (const ref of refs) waiting.delete(ref);
          resolve(result);
        };
      });
      const it: Waiting = { settle: (result) => give(result), left: new Set(refs) };
      for (const ref of refs) waiting.set(ref, it);
      return { outcome, give: (result) => give(result) };
    },

    take({ ref, ok, code, platform_message_id: platformMessageId }: Ack): void {
      const it = waiting.get(ref);
      if (it === undefined) return;
      if (!ok) {
        it.settle({
          status: "refused",
          code: code ?? "refused",
          retry: code === "busy" || code === "rate_limited",
        });
        return;
      }
      it.left.delete(ref);
      if (platformMessageId !== undefined) it.platformMessageId = platformMessageId;
      if (it.left.size > 0) return;
      it.settle({
        status: "acked",
        ...(it.platformMessageId === undefined ? {} : { platformMessageId: it.platformMessageId }),
      });
    },

    /** The connection is lost: nobody knows what came of any of them. */
    drop(): void {
      for (const it of new Set(waiting.values())) it.settle({ status: "dropped" });
    },
  };
}
