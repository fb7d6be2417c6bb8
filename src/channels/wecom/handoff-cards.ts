import type { Conversation } from "../../domain/conversations/conversation.ts";
import type { Handoff } from "../../domain/handoffs/handoff.ts";
import type { Say } from "../../domain/replies.ts";
import type { WecomApi } from "./api.ts";

export type HandoffCards = ReturnType<typeof createHandoffCards>;

/** What a button of a card asks for; the rest of its key is the handoff's id. */
export type CardAction = "claim" | "done";

const SAME_AGAIN_S = 600;

/** How many characters 企业微信 shows of each; more is cut there in the middle of a word. */
const MOST = { title: 26, desc: 30, text: 112, value: 26 };

/**
 * Tells people by a card of the app that somebody needs one of them. Who presses 我来处理 has the conversation, and gets a
 * card to give it back.
 *
 * @param people - user ids; empty: nobody is told here, and the conversation waits in the queue
 */
export function createHandoffCards({
  api,
  agentId,
  people,
  say,
}: {
  api: Pick<WecomApi, "post">;
  agentId: number;
  people: readonly string[];
  say: () => Say;
}) {
  async function send(touser: string, card: object): Promise<void> {
    await api.post("message/send", {
      touser,
      agentid: agentId,
      msgtype: "template_card",
      template_card: card,
      // One whose answer was lost is sent again.
      enable_duplicate_check: 1,
      duplicate_check_interval: SAME_AGAIN_S,
    });
  }

  return {
    /** 企业微信 does not tell user ids apart by case. */
    isAsked: (userId: string) => people.some((it) => it.toLowerCase() === userId.toLowerCase()),

    async offer(conversation: Conversation, handoff: Pick<Handoff, "id" | "reason" | "card">): Promise<void> {
      if (people.length === 0) return;
      await send(people.join("|"), {
        card_type: "button_interaction",
        source: { desc: say()("handoff_card_source") },
        main_title: {
          title: cut(say()("handoff_card_title", { name: nameOf(conversation) }), MOST.title),
          desc: cut(say()(`handoff_card_reason_${handoff.reason}`), MOST.desc),
        },
        sub_title_text: cut(handoff.card.summary, MOST.text),
        horizontal_content_list: handoff.card.last_messages
          .filter((line) => line.startsWith("buyer: "))
          .slice(-3)
          .map((line) => ({ keyname: say()("handoff_card_said"), value: cut(line.slice(7), MOST.value) })),
        task_id: taskIdOf("claim", handoff.id),
        button_list: [{ text: say()("handoff_card_claim"), style: 1, key: keyOf("claim", handoff.id) }],
      });
    },

    /** For who has taken it. */
    async giveWayBack(userId: string, conversation: Conversation, handoffId: string): Promise<void> {
      await send(userId, {
        card_type: "button_interaction",
        source: { desc: say()("handoff_card_source") },
        main_title: { title: cut(say()("handoff_card_yours", { name: nameOf(conversation) }), MOST.title) },
        sub_title_text: say()("handoff_card_how"),
        task_id: taskIdOf("done", handoffId),
        button_list: [{ text: say()("handoff_card_done"), style: 2, key: keyOf("done", handoffId) }],
      });
    },

    /** Says on everybody's card what became of it, in place of its buttons. */
    async close(responseCode: string, words: string): Promise<void> {
      await api.post("message/update_template_card", {
        atall: 1,
        agentid: agentId,
        response_code: responseCode,
        button: { replace_name: cut(words, MOST.title) },
      });
    },
  };
}

/** Null when it is not one of our buttons. */
export function readCardKey(key: string): { action: CardAction; handoffId: string } | null {
  const found = /^(claim|done):(.+)$/u.exec(key);
  return found === null ? null : { action: found[1] as CardAction, handoffId: found[2] as string };
}

function keyOf(action: CardAction, handoffId: string): string {
  return `${action}:${handoffId}`;
}

function taskIdOf(action: CardAction, handoffId: string): string {
  return `${action}-${handoffId}`.replaceAll(/[^\w@-]/gu, "-").slice(0, 128);
}

function nameOf({ customer_name, customer_id }: Conversation): string {
  return customer_name ?? customer_id;
}

function cut(text: string, most: number): string {
  const characters = [...text.replaceAll(/\s+/gu, " ").trim()];
  return characters.length <= most ? characters.join("") : `${characters.slice(0, most - 1).join("")}…`;
}
