import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Screens, Shown } from "./screens.ts";
import { type ApiCall, BAD_PARAMETER, type Json, type JsonAnswer, ok, refused, withBody } from "./wire.ts";

const CODE_VALID_MS = 72 * 60 * 60 * 1000;
const MISSING_CARD_ACTION = 42045;
const WITHOUT_CALLBACKS = ["text_notice", "news_notice"];
const WITH_CALLBACKS = ["button_interaction", "vote_interaction", "multiple_interaction"];

const cardSchema = z.looseObject({
  card_type: z.enum([...WITHOUT_CALLBACKS, ...WITH_CALLBACKS]),
  task_id: z
    .string()
    .regex(/^[0-9A-Za-z_\-@]{1,128}$/u)
    .optional(),
  card_action: z.looseObject({ type: z.union([z.literal(1), z.literal(2)]) }).optional(),
  button_list: z
    .array(z.looseObject({ text: z.string().min(1), key: z.string().min(1).optional() }))
    .max(6)
    .optional(),
  horizontal_content_list: z.array(z.unknown()).max(6).optional(),
  jump_list: z.array(z.unknown()).max(3).optional(),
});

/** What is wrong with a card, or null. An app's cards and a bot's follow the same rules. */
export function findCardFault(card: unknown): JsonAnswer | null {
  const answer = withBody(cardSchema, card, (read) => {
    if (WITHOUT_CALLBACKS.includes(read.card_type)) {
      if (read.card_action === undefined) return refused(MISSING_CARD_ACTION, "card_action missing");
      return ok();
    }
    if (read.task_id === undefined) return refused(BAD_PARAMETER, "task_id missing");
    if (read.card_type === "button_interaction" && !read.button_list?.length)
      return refused(BAD_PARAMETER, "button_list missing");
    return ok();
  });
  return answer.errcode === 0 ? null : answer;
}

export function takesCallbacks(card: Json): boolean {
  return WITH_CALLBACKS.includes(String(card.card_type));
}

type Code = { agentId: number; taskId: string; userids: string[]; expiresAtMs: number; isUsed: boolean };

const updateSchema = z.object({
  userids: z.array(z.string()).max(1000).default([]),
  atall: z.union([z.literal(0), z.literal(1)]).default(0),
  agentid: z.int(),
  response_code: z.string().min(1),
  button: z.object({ replace_name: z.string().min(1) }).optional(),
  template_card: z.looseObject({}).optional(),
});

/** An app's cards with buttons: response codes (one use, 72 h) and what a card looks like after an update. */
export function createCards({ screens, now }: { screens: Screens; now: () => number }) {
  const codes = new Map<string, Code>();

  /** The card of that task on somebody's phone; the newest one. */
  function find(userid: string, taskId: string): (Shown & { type: "card" }) | null {
    const fits = (it: Shown): it is Shown & { type: "card" } =>
      it.type === "card" && it.card.task_id === taskId;
    return screens.of(userid).findLast(fits) ?? null;
  }

  function newCode(agentId: number, taskId: string, userids: string[]): string {
    const code = `rc-${randomUUID()}`;
    codes.set(code, { agentId, taskId, userids, expiresAtMs: now() + CODE_VALID_MS, isUsed: false });
    return code;
  }

  /** Changes a card on one phone; false when it is not there. */
  function change(userid: string, taskId: string, to: { button?: string; card?: Json }): boolean {
    const shown = find(userid, taskId);
    if (shown === null) return false;
    if (to.card !== undefined) shown.card = { task_id: taskId, ...to.card };
    shown.button = to.button ?? null;
    screens.changed();
    return true;
  }

  return {
    find,
    newCode,
    change,
    /**
     * POST /cgi-bin/message/update_template_card. For whom it is when neither userids nor atall say so is open: here
     * for those that the code was given for. A code that is spent, old or unknown is answered 40058 (open as well).
     */
    update: ({ body, grant }: ApiCall): JsonAnswer =>
      withBody(updateSchema, body, (read) => {
        if (read.agentid !== grant.agentId) return refused(301002, "agentid not owned by this token");
        const code = codes.get(read.response_code);
        if (code === undefined || code.agentId !== grant.agentId)
          return refused(BAD_PARAMETER, "invalid response_code");
        if (code.isUsed) return refused(BAD_PARAMETER, "response_code was used before");
        if (code.expiresAtMs <= now()) return refused(BAD_PARAMETER, "response_code expired");
        if (read.button === undefined && read.template_card === undefined)
          return refused(BAD_PARAMETER, "button or template_card missing");
        const fault =
          read.template_card === undefined
            ? null
            : findCardFault({ task_id: code.taskId, ...read.template_card });
        if (fault !== null) return fault;

        code.isUsed = true;
        const userids = read.atall === 0 && read.userids.length > 0 ? read.userids : code.userids;
        const to = {
          ...(read.button && { button: read.button.replace_name }),
          ...(read.template_card && { card: read.template_card }),
        };
        return ok({ invaliduser: userids.filter((userid) => !change(userid, code.taskId, to)) });
      }),
  };
}
export type Cards = ReturnType<typeof createCards>;
