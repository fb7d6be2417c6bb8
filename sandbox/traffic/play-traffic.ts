import { aPhoto } from "../pictures.ts";
import { type Reply, type startQingjian, textOf } from "../qingjian.ts";
import { pause, randomOf } from "../random.ts";
import type { startTuhui } from "../tuhui.ts";
import type { Buyer } from "./buyers.ts";
import { playErrand } from "./errands.ts";
import { isPersonComing, type Line, type Saying, type Talk } from "./talk.ts";

/** What a buyer says at once must come within it, also on a busy machine: else it is answered in two pieces. */
export const MERGE_WINDOW_MS = 500;

/** A buyer who hears nothing for so long leaves; also the first picture on a busy machine is looked at within it. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 20;
/** What is still on its way to a buyer who has ended is shown by then. */
const LATE_MS = 1_500;
const DESIGNED = { width: 160, height: 120 };

export type Conversation = { buyer: Buyer; lines: Line[]; unanswered: number };

export type Peers = {
  qingjian: Pick<
    Awaited<ReturnType<typeof startQingjian>>,
    "sayNow" | "sendPictureNow" | "onShown" | "waitForReply"
  >;
  tuhui: Pick<Awaited<ReturnType<typeof startTuhui>>, "orders" | "deliver">;
};

/**
 * Lets these buyers talk to a whole service over its WebSocket, so many at once, and answers what was said, in the order
 * of the buyers. Each waits for the answer to what they said before they go on, and decides by their own seed: the same
 * buyers say and hear the same every time.
 */
export async function playTraffic(
  buyers: readonly Buyer[],
  { qingjian, tuhui }: Peers,
  { atOnce, onEnd = () => {} }: { atOnce: number; onEnd?: (conversation: Conversation) => void },
): Promise<Conversation[]> {
  const open = new Map<string, { lines: Line[]; replies: Reply[] }>();
  qingjian.onShown((reply) => {
    const of = open.get(reply.conversation.id);
    of?.replies.push(reply);
    of?.lines.push({ from: "shop", text: textOf(reply) });
  });
  const played: Conversation[] = [];
  const coming = buyers.entries();
  await Promise.all(Array.from({ length: atOnce }, comeOneByOne));
  // A word that nobody waited for any more.
  await pause(LATE_MS);
  return played;

  async function comeOneByOne(): Promise<void> {
    for (const [at, buyer] of coming) {
      const { id } = buyer;
      const of = { lines: [] as Line[], replies: [] as Reply[] };
      open.set(id, of);
      const conversation: Conversation = { buyer, lines: of.lines, unanswered: 0 };
      played[at] = conversation;
      await playErrand(talkOf(conversation, of.replies), buyer);
      onEnd(conversation);
    }
  }

  function talkOf(conversation: Conversation, replies: Reply[]): Talk {
    const { buyer, lines } = conversation;
    let said = 0;
    let heard = 0;
    /** Who is told that a person comes says no more: whether the person or we would answer depends on the moment. */
    let waitsForPerson = false;

    async function until<Found>(find: () => Found | undefined): Promise<Found | null> {
      const end = performance.now() + PATIENCE_MS;
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        if (performance.now() > end) return null;
        await pause(LOOK_EVERY_MS);
      }
    }

    /** The first reply from the last one that was waited for on. */
    async function next(fits: (reply: Reply) => boolean, onNone = () => {}): Promise<string | null> {
      const found = await until(() => {
        const at = replies.findIndex((reply, place) => place >= heard && fits(reply));
        return at < 0 ? undefined : at;
      });
      const reply = found === null ? undefined : replies[found];
      if (found === null || reply === undefined) {
        onNone();
        return null;
      }
      heard = found;
      return textOf(reply);
    }

    function utter({ text, picture }: Saying): string {
      said += 1;
      const messageId = `${buyer.id}-${said}`;
      const who = { conversation: buyer.id, buyer: buyer.id, name: buyer.name, messageId };
      lines.push({ from: "buyer", text: `${picture === undefined ? "" : "[图]"}${text ?? ""}` });
      if (picture === undefined) qingjian.sayNow(who, text ?? "");
      else qingjian.sendPictureNow(who, picture, text);
      return messageId;
    }

    return {
      // Another chance than the one that made the buyer.
      random: randomOf(buyer.seed ^ 0x9e3779b9),
      async say(...burst) {
        if (waitsForPerson) return null;
        const last = burst.map(utter).at(-1);
        const answer = await next(
          ({ in_reply_to }) => in_reply_to === last,
          () => {
            conversation.unanswered += 1;
          },
        );
        waitsForPerson = answer !== null && isPersonComing(answer);
        return answer;
      },
      hear: (fits) => next((reply) => fits(textOf(reply))),
      async designerDelivers() {
        const order = await until(() =>
          tuhui.orders.find(({ request }) => (request.customer as { id: string }).id === buyer.id),
        );
        if (order === null) return false;
        await tuhui.deliver(order.order_no, [await aPhoto(buyer.seed % 97, DESIGNED)]);
        return true;
      },
    };
  }
}
