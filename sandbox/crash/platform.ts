import { textOf } from "../qingjian.ts";
import type { Shown } from "./history.ts";
import type { Yard } from "./yard.ts";

const REDELIVER_EVERY_MS = 300;

type SaidFrame = { conversation: string; messageId: string; frame: Record<string, unknown>; at: number };
export type Platform = ReturnType<typeof openPlatform>;

/** What 轻简 does beside passing frames on: what is not acknowledged comes again, and it remembers what buyers saw. */
export function openPlatform({ qingjian }: Yard) {
  const said: SaidFrame[] = [];
  const shown: Shown[] = [];
  const seenBy = new Map<string, Shown[]>();
  const unacked = new Set<SaidFrame>();
  let count = 0;

  qingjian.onShown((reply) => {
    const conversation = reply.conversation.id;
    const it: Shown = {
      conversation,
      key: reply.idempotency_key,
      inReplyTo: reply.in_reply_to ?? null,
      text: textOf(reply),
      at: performance.now(),
    };
    shown.push(it);
    seenBy.set(conversation, [...(seenBy.get(conversation) ?? []), it]);
  });
  const redelivering = setInterval(() => {
    for (const it of unacked) {
      if (qingjian.isAcked(String(it.frame.id))) unacked.delete(it);
      else if (performance.now() - it.at > REDELIVER_EVERY_MS) qingjian.redeliver(it.frame);
    }
  }, REDELIVER_EVERY_MS);

  return {
    shown,
    seenBy: (conversation: string): readonly Shown[] => seenBy.get(conversation) ?? [],
    /** Says it now, and again until somebody says that it is stored. */
    say(conversation: string, text: string, picture?: Uint8Array): void {
      count += 1;
      const who = { conversation, buyer: conversation, messageId: `m${count}` };
      const frame =
        picture === undefined ? qingjian.sayNow(who, text) : qingjian.sendPictureNow(who, picture, text);
      const it = { conversation, messageId: who.messageId, frame, at: performance.now() };
      said.push(it);
      unacked.add(it);
    },
    /** Said and acknowledged. */
    acked: () =>
      said
        .filter(({ frame }) => qingjian.isAcked(String(frame.id)))
        .map(({ conversation, messageId }) => ({ conversation, messageId })),
    isAllAcked: () => said.every(({ frame }) => qingjian.isAcked(String(frame.id))),
    conversations: () => [...new Set(said.map(({ conversation }) => conversation))],
    close: () => clearInterval(redelivering),
  };
}
