import type { CaseFacts } from "../../domain/conversations/case-facts.ts";
import type { Service } from "../../domain/orders/service.ts";
import type { Say } from "../../domain/replies.ts";
import type { Intent } from "../../domain/understanding/understanding.ts";
import type { PendingWish } from "./pending-wish.ts";
import { isNotUrgent, type Wish } from "./read-wishes.ts";
import {
  call,
  field,
  freePictures,
  type NextStep,
  picturesFor,
  type Situation,
  type ToolUse,
  told,
} from "./situation.ts";

/** A wish's steps: the tool calls still to make, or the words when all are made. */
export type Handling = (wish: Wish, situation: Situation) => NextStep;

const OPEN_FOR_YES = ["quoted"];
/** With a colleague: a yes changes nothing, and how it stands is the answer. */
const WITH_COLLEAGUE = "handed_off";
const NOT_UNDER_WAY = ["draft", "quoted", "delivered"];

/** What is done about each wish. */
export function createHandlings({
  say,
  inHand,
  readPendingWish,
}: {
  say: () => Say;
  /** The pictures that the words of this turn are about. */
  inHand: (facts: CaseFacts) => readonly string[];
  readPendingWish: (text: string, situation: Situation) => PendingWish | null;
}) {
  const byIntent: Readonly<Record<Intent, Handling>> = {
    find_image: handleFind,
    process_image: handleProcess,
    quote: handleQuote,
    accept: handleAccept,
    decline: (wish, situation) => changeOrder("decline", wish, situation),
    cancel: (wish, situation) => changeOrder("cancel", wish, situation),
    add_demand: handleAddDemand,
    haggle: () => saying("haggle"),
    progress: handleProgress,
    handoff: (wish, situation) => handOff("customer_asked", wish, situation),
    complaint: handleTrouble,
    after_sale: handleTrouble,
    greeting: (_wish, { facts }) =>
      facts.goods === null ? saying("greeting") : saying("greeting_goods", { goods: facts.goods }),
    thanks: () => saying("thanks"),
    file_format: handleKnowledge,
    out_of_scope: handleOutOfScope,
  };

  return { byIntent, handOff };

  function handleFind({ understanding, text }: Wish, { facts, done }: Situation): NextStep {
    const pictures = picturesFor(facts);
    const words = understanding.slots.search_words;
    if (pictures.length === 0 && words === undefined) return saying("ask_picture_to_find");
    const search = done.find((use) => use.tool === "search-images");
    if (search === undefined)
      return call("search-images", { picture_ids: pictures, ...(words === undefined ? {} : { words }) });
    const opened = done.find((use) => use.tool === "update-order");
    if (opened === undefined)
      return call("update-order", {
        action: "open_find",
        demand: text,
        picture_ids: pictures,
        candidates: field(search.output, "candidates") ?? [],
      });
    return told(opened);
  }

  function handleProcess(wish: Wish, situation: Situation): NextStep {
    const { facts, done } = situation;
    const { text, understanding } = wish;
    const pictures = picturesFor(facts);
    const delivered = facts.orders.find((order) => order.status === "delivered");
    // No new picture, and all that were sent have been worked on: the buyer speaks of what they were given.
    if (delivered !== undefined && freePictures(facts).length === 0)
      return addDemand(delivered.id, wish, situation);
    if (pictures.length === 0) {
      // A forbidden wish is refused before a picture is asked for.
      const risk = done.find((use) => use.tool === "assess-risk");
      if (risk === undefined) return call("assess-risk", { demand: text, services: understanding.services });
      if (field(risk.output, "decision") === "reject") return told(risk);
      return saying("ask_picture_to_process");
    }
    const opened = done.find((use) => use.tool === "process-image");
    // A picture to be found beside it is an order of its own.
    const { words, services } = demandOf(wish, situation);
    const work = services.filter((service) => service !== "find_image");
    if (opened === undefined)
      return call("process-image", {
        picture_ids: pictures,
        demand: words === "" ? facts.last_bot : words,
        ...(work.length === 0 ? {} : { services: work }),
        ...(understanding.slots.urgent === "yes" ? { urgent: true } : {}),
      });
    return told(opened);
  }

  function handleQuote(wish: Wish, situation: Situation): NextStep {
    const { understanding } = wish;
    const { facts, done } = situation;
    const open = facts.orders.find((order) => order.total_fen !== null && order.status === "quoted");
    if (understanding.services.length === 0 && open !== undefined) {
      const seen = done.find((use) => use.tool === "get-case");
      if (seen === undefined) return call("get-case", {});
      const total = { yuan: (open.total_fen ?? 0) / 100 };
      if (isNotUrgent(wish)) return saying("not_urgent", total);
      return open.kind === "find" ? saying("quote_again_find", total) : saying("quote_again", total);
    }
    if (understanding.services.length === 0) {
      const { how_long: asksHowLong, shop_rules: asksForRules } = understanding.slots;
      const toPrices: Handling = () => saying("price_list");
      return asksHowLong || asksForRules ? knownOr(toPrices, wish, situation) : toPrices(wish, situation);
    }
    const pictures = picturesFor(facts);
    const quote = done.find((use) => use.tool === "quote-price");
    if (quote === undefined)
      return call("quote-price", {
        services: understanding.services,
        pictures: Math.max(1, understanding.slots.pictures ?? pictures.length),
        urgent: understanding.slots.urgent === "yes",
        picture_ids: pictures,
      });
    return told(quote);
  }

  function handleAccept(wish: Wish, situation: Situation): NextStep {
    const { facts, done } = situation;
    const { picks } = wish.understanding.slots;
    const find = facts.orders.find(
      (order) => order.kind === "find" && ["draft", "quoted"].includes(order.status),
    );
    if (find !== undefined && find.status === "draft") {
      if (find.candidates === 0) return handOff("designer_dispatch", wish, situation, find.id);
      if (picks === undefined || picks.length === 0)
        return find.candidates === 1 ? pick(find.id, [1], done) : saying("pick_unclear");
      return pick(find.id, picks, done);
    }
    const quoted = facts.orders.filter((order) => OPEN_FOR_YES.includes(order.status));
    if (quoted.length === 0 && facts.orders.some((order) => order.status === WITH_COLLEAGUE))
      return handleProgress(wish, situation);
    if (quoted.length === 0) return facts.orders.length === 0 ? saying("nothing_to_accept") : saying("ok");
    const changed = done.find((use) => use.tool === "update-order");
    // A bare yes to two quotes says nothing of which: the tool asks.
    const meant = quoted.length === 1 ? quoted : [];
    if (changed === undefined) return call("update-order", { action: "accept", ...orderIdOf(meant, wish) });
    return told(changed);
  }

  function pick(orderId: string, numbers: number[], done: ToolUse[]): NextStep {
    const changed = done.find((use) => use.tool === "update-order");
    return changed === undefined
      ? call("update-order", { action: "pick", order_id: orderId, numbers })
      : told(changed);
  }

  function changeOrder(action: "decline" | "cancel", wish: Wish, { facts, done }: Situation): NextStep {
    if (facts.orders.length === 0) return saying(action === "decline" ? "declined" : "no_such_order");
    const changed = done.find((use) => use.tool === "update-order");
    if (changed === undefined) return call("update-order", { action, ...orderIdOf([], wish) });
    // "不要了" with nothing quoted any more is about the order itself.
    if (action === "decline" && field(changed.output, "reason") === "none" && done.length === 1)
      return call("update-order", { action: "cancel", ...orderIdOf([], wish) });
    return told(done.findLast((use) => use.tool === "update-order") ?? changed);
  }

  function handleAddDemand(wish: Wish, situation: Situation): NextStep {
    const { facts } = situation;
    const { named, services } = wish.understanding;
    // A value alone is of the picture that waits for it, if there is one.
    const isAnswer = named.length === 0 && services.length > 0;
    if (facts.orders.length === 0 || (isAnswer && freePictures(facts).length > 0))
      return handleProcess(wish, situation);
    const hasPicture = inHand(facts).length > 0;
    const open = facts.orders.filter(({ status }) => status !== "delivered");
    // Work on another picture than the one that is looked for is no part of the search.
    const isOtherWork = services.some((service) => service !== "find_image");
    if (hasPicture && isOtherWork && open.length > 0 && open.every(({ kind }) => kind === "find"))
      return handleProcess(wish, situation);
    if (hasPicture && services.length === 0 && open.length === 0) return saying("ask_what");
    return addDemand(wish.understanding.slots.order_ref, wish, situation);
  }

  function addDemand(orderId: string | undefined, wish: Wish, situation: Situation): NextStep {
    const changed = situation.done.find((use) => use.tool === "update-order");
    if (changed !== undefined) return told(changed);
    const { words, services } = demandOf(wish, situation);
    return call("update-order", {
      action: "add_demand",
      demand: words,
      // A picture that came alone joins the first words that follow.
      picture_ids: inHand(situation.facts),
      ...(services.length === 0 ? {} : { services }),
      ...(wish.understanding.slots.urgent === "yes" ? { urgent: true } : {}),
      ...(orderId === undefined ? {} : { order_id: orderId }),
    });
  }

  /** What is to be done. Words that answer what we asked of it are only half of that: the wish was said before. */
  function demandOf(
    { text, understanding }: Wish,
    situation: Situation,
  ): { words: string; services: readonly Service[] } {
    const pending = readPendingWish(text, situation);
    return pending === null
      ? { words: text, services: understanding.services }
      : { words: pending.words, services: [] };
  }

  /** Before there is an order nothing can be wrong with one: a question about the shop's rules is just that. */
  function handleTrouble(wish: Wish, situation: Situation): NextStep {
    const asksForRules = situation.facts.orders.length === 0 && wish.understanding.slots.shop_rules === true;
    const toPerson: Handling = (it, known) => handOff("complaint", it, known);
    return asksForRules ? knownOr(toPerson, wish, situation) : toPerson(wish, situation);
  }

  function handleProgress(wish: Wish, situation: Situation): NextStep {
    const isUnderWay = situation.facts.orders.some(({ status }) => !NOT_UNDER_WAY.includes(status));
    return wish.understanding.slots.how_long === true && !isUnderWay
      ? knownOr(tellProgress, wish, situation)
      : tellProgress(wish, situation);
  }

  function tellProgress(_wish: Wish, { done }: Situation): NextStep {
    const seen = done.find((use) => use.tool === "get-case");
    if (seen === undefined) return call("get-case", {});
    const orders = field(seen.output, "orders");
    const tells = Array.isArray(orders) ? orders.map((order) => String(field(order, "tell") ?? "")) : [];
    return tells.length === 0
      ? saying("no_orders_yet")
      : { type: "say", text: [...new Set(tells)].join("\n") };
  }

  function handOff(reason: string, wish: Wish, { facts, done }: Situation, orderId?: string): NextStep {
    const handed = done.find((use) => use.tool === "hand-off");
    if (handed === undefined)
      return call("hand-off", {
        reason,
        summary: wish.text === "" ? reason : wish.text.slice(0, 400),
        ...(orderId === undefined ? {} : { order_id: orderId }),
      });
    const opening = reason === "complaint" ? `${say()("complaint")}\n` : "";
    return {
      type: "say",
      text: `${opening}${String(field(handed.output, "tell") ?? (facts.handoff === null ? "" : say()("handoff_queued")))}`,
    };
  }

  function handleKnowledge({ text }: Wish, { done }: Situation): NextStep {
    const search = done.find((use) => use.tool === "search-knowledge");
    if (search === undefined) return call("search-knowledge", { query: text.slice(0, 400) });
    const chunks = field(search.output, "chunks");
    const best: unknown = Array.isArray(chunks) ? chunks[0] : undefined;
    return best === undefined ? saying("not_known") : { type: "say", text: String(field(best, "text")) };
  }

  /** The first stray word is steered back to the shop; knowledge may still have an answer. */
  function handleOutOfScope(wish: Wish, situation: Situation): NextStep {
    if (situation.facts.pictures.some((picture) => picture.new) && wish.text.trim() === "")
      return saying("ask_what");
    const isAsked = readPendingWish(wish.text, situation) !== null;
    return knownOr(isAsked ? handleProcess : () => saying("out_of_scope"), wish, situation);
  }

  /** What the shop's knowledge answers; else the other handling. */
  function knownOr(otherwise: Handling, wish: Wish, situation: Situation): NextStep {
    const step = handleKnowledge(wish, situation);
    return step.type === "say" && step.text === say()("not_known") ? otherwise(wish, situation) : step;
  }

  function saying(key: string, values?: Record<string, string | number>): NextStep {
    return { type: "say", text: say()(key, values) };
  }
}

function orderIdOf(candidates: CaseFacts["orders"], wish: Wish): { order_id?: string } {
  const named = wish.understanding.slots.order_ref;
  if (named !== undefined) return { order_id: named };
  const newest = candidates[0];
  return newest === undefined ? {} : { order_id: newest.id };
}
