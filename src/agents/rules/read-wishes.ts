import type { CaseFacts } from "../../domain/conversations/case-facts.ts";
import type { Service } from "../../domain/orders/service.ts";
import type { Intent, UnderstandInput, Understanding } from "../../domain/understanding/understanding.ts";

export type Wish = { intent: Intent; understanding: Understanding; text: string };

const FIRST_WISHES: readonly Intent[] = ["find_image", "process_image"];
const SECOND_WISHES: readonly Intent[] = [
  "find_image",
  "process_image",
  "progress",
  "file_format",
  "handoff",
];
const SECOND_WISH_SCORE = 0.75;
const MOST_WISHES = 2;
const ONE_CLAUSE = /^[^\s,，。;；!！]+$/u;
const HURRY_HIDES_BEHIND: readonly Intent[] = [
  "haggle",
  "progress",
  "quote",
  "accept",
  "greeting",
  "thanks",
  "out_of_scope",
];
const SMALL_TALK: readonly Intent[] = ["greeting", "thanks", "out_of_scope", "accept"];

/**
 * What the buyer wants of this turn, the first wish first: "先找原图，再帮我抠个图" is two. Small talk is no second
 * wish.
 */
export function createWishReader(
  understand: (input: UnderstandInput) => Understanding,
  {
    asksNothing,
    inHand,
  }: { asksNothing: (lastBot: string) => boolean; inHand: (facts: CaseFacts) => readonly string[] },
) {
  /** A turn decides anew after each tool, and the words are the same. */
  const known = new WeakMap<CaseFacts, { text: string; wishes: Wish[] }>();

  return function readWishes(text: string, facts: CaseFacts): Wish[] {
    const before = known.get(facts);
    if (before?.text === text) return before.wishes;
    const wishes = read(text, facts);
    known.set(facts, { text, wishes });
    return wishes;
  };

  function read(text: string, facts: CaseFacts): Wish[] {
    const understanding = understand({
      text,
      // Sent a moment ago and not worked on, it is what the words are about.
      has_image: inHand(facts).length > 0,
      context: {
        last_bot: asksNothing(facts.last_bot) ? "" : facts.last_bot,
        open_orders: facts.orders.map(({ id, kind, status }) => ({ ref: id, kind, status })),
      },
    });
    const main: Wish = { intent: mainIntent(understanding, facts, text), understanding, text };
    if (!FIRST_WISHES.includes(main.intent)) return [main];
    const others = understanding.intents
      .filter(
        (it) =>
          it.intent !== main.intent && SECOND_WISHES.includes(it.intent) && it.score >= SECOND_WISH_SCORE,
      )
      .slice(0, MOST_WISHES - 1)
      .map((it): Wish => ({ intent: it.intent, understanding, text }));
    return [main, ...others];
  }
}

/** "1小时内能给我吗" on a quoted order is a demand that changes its price, whatever else it sounds like. */
function mainIntent(
  { intent, slots, withdrawn }: Understanding,
  { orders }: CaseFacts,
  text: string,
): Intent {
  // "不用描图了" alone turns the whole down only if that is all that was quoted; "不抠了 太贵了 不做了" always does.
  if (intent === "decline" && withdrawn.length > 0 && ONE_CLAUSE.test(text.trim())) {
    const quoted = orders.filter(({ status }) => status === "quoted");
    if (quoted.some((order) => keepsSome(order, withdrawn))) return "add_demand";
    // Something else that we were asking about: what was quoted stands.
    if (quoted.length > 0 && !quoted.some((order) => takesBack(order, withdrawn))) return "quote";
  }
  const isHurry = slots.urgent === "yes" && mayBecomeUrgent(orders);
  return isHurry && HURRY_HIDES_BEHIND.includes(intent) ? "add_demand" : intent;
}

function keepsSome(order: CaseFacts["orders"][number], withdrawn: readonly Service[]): boolean {
  return takesBack(order, withdrawn) && order.services.some((service) => !withdrawn.includes(service));
}

function takesBack({ services }: CaseFacts["orders"][number], withdrawn: readonly Service[]): boolean {
  return services.some((service) => withdrawn.includes(service));
}

/** In a hurry before saying yes, without a time: whether that is urgent is not ours to guess. */
export function isVagueHurry({ intent, understanding }: Wish, { orders }: CaseFacts): boolean {
  if (understanding.slots.urgent !== "ask" || intent === "accept") return false;
  return HURRY_HIDES_BEHIND.includes(intent) && mayBecomeUrgent(orders);
}

/** "不急" when we asked whether it is urgent, and nothing else: the price stands. */
export function isNotUrgent({ intent, understanding }: Wish): boolean {
  return intent === "quote" && understanding.slots.urgency_answered === true;
}

export function isSmallTalk({ intent }: Wish): boolean {
  return SMALL_TALK.includes(intent);
}

function mayBecomeUrgent(orders: CaseFacts["orders"]): boolean {
  return orders.some((order) => order.status === "quoted" && !order.urgent);
}
