import type { CaseFacts } from "../../domain/conversations/case-facts.ts";
import { withoutPictureMarks } from "../../domain/conversations/message.ts";
import type { Say } from "../../domain/replies.ts";
import type { Intent, UnderstandInput, Understanding } from "../../domain/understanding/understanding.ts";
import { PICTURES_ONLY } from "../case-prompt.ts";
import { createHandlings } from "./handlings.ts";
import { ASKS_FOR_PICTURE, NO_QUESTIONS, QUESTIONS, saysOneOf } from "./our-words.ts";
import { createPendingWishReader } from "./pending-wish.ts";
import { createWishReader, isSmallTalk, isVagueHurry, type Wish } from "./read-wishes.ts";
import { freePictures, type NextStep, newPictures, picturesInHand, type Situation } from "./situation.ts";

/** So often a question of ours is asked; then somebody else must. */
const MOST_ASKED = 2;
/** What an answer to a question of ours may sound like by itself; and what words that say nothing do. */
const ANSWER_SOUNDS_LIKE: readonly Intent[] = [
  "process_image",
  "add_demand",
  "quote",
  "haggle",
  "accept",
  "greeting",
  "thanks",
  "out_of_scope",
];
const NO_ANSWER_SOUNDS_LIKE: readonly Intent[] = ["process_image", "add_demand", "accept"];

/**
 * The rules' side of the conversation: from the buyer's words, the case and what the tools answered to the next
 * tool call or to the reply. Deterministic; every price, decision and state comes from a tool.
 */
export function createDecider({
  understand,
  say,
  urgency,
}: {
  understand: (input: UnderstandInput) => Understanding;
  say: () => Say;
  /** From how many hours on work is urgent, and how many times the price that is. */
  urgency: () => { hours: number; times: number };
}) {
  const inHand = (facts: CaseFacts) => picturesInHand(facts, saysOneOf(["ask_what"], facts.last_bot, say()));
  const readPendingWish = createPendingWishReader(understand, say);
  const readWishes = createWishReader(understand, {
    asksNothing: (words) => saysOneOf(NO_QUESTIONS, words, say()),
    inHand,
  });
  const { byIntent, handOff } = createHandlings({ say, inHand, readPendingWish });

  return function decide(situation: Situation): NextStep {
    const { facts } = situation;
    // What stands for a picture is not what the buyer says, and what is said twice is said once.
    const said = situation.messages.filter((words) => words !== PICTURES_ONLY).map(withoutPictureMarks);
    const text = [...new Set(said)].filter((words) => words !== "").join("\n");
    const hasPicture = newPictures(facts).length > 0;
    if (facts.task_prompt !== undefined) return followUp(facts);
    if (facts.refused_pictures.length > 0 && !hasPicture)
      return { type: "say", text: facts.refused_pictures.map((refused) => refused.words).join("\n") };
    // A picture without words makes no order: it joins the words that follow, unless it is what we asked for.
    if (hasPicture && text.trim() === "" && !saysOneOf(ASKS_FOR_PICTURE, facts.last_bot, say()))
      return saying("ask_what");
    const wishes = withAnswer(readWishes(text, facts), situation);
    // A task has just answered these very words: saying something beside it would only confuse.
    if (facts.fired_tasks.length > 0 && !hasPicture && wishes.every(isSmallTalk))
      return { type: "say", text: "" };
    if (wishes.some((wish) => isVagueHurry(wish, facts))) return saying("ask_urgent", urgency());

    const replies: string[] = [];
    let skip = 0;
    for (const wish of wishes) {
      let used = 0;
      let step = stepOf(wish, situation, { skip, used });
      // Each wish finds again what it has done, and leaves the rest to the next.
      while (step.type === "call" && skip + used < situation.done.length) {
        used += 1;
        step = stepOf(wish, situation, { skip, used });
      }
      if (step.type === "call") return step;
      skip += used;
      if (step.text !== "" && !replies.includes(step.text)) replies.push(step.text);
    }
    const reply = replies.join("\n");
    const [first] = wishes;
    return first !== undefined && isAskedInVain(reply, situation)
      ? handOff("not_understood", first, { ...situation, done: situation.done.slice(skip) })
      : { type: "say", text: reply };
  };

  /** What we asked of a wish is answered by words that by themselves may sound like anything. */
  function withAnswer(wishes: Wish[], situation: Situation): Wish[] {
    const [main, ...others] = wishes;
    if (main === undefined) return wishes;
    const pending = readPendingWish(main.text, situation);
    if (pending === null) return wishes;
    const sounds = pending.isAnswered ? ANSWER_SOUNDS_LIKE : NO_ANSWER_SOUNDS_LIKE;
    if (!sounds.includes(main.intent)) return wishes;
    const { facts } = situation;
    const isNew = facts.orders.length === 0 || freePictures(facts).length > 0;
    return [{ ...main, intent: isNew ? "process_image" : "add_demand" }, ...others];
  }

  function isAskedInVain(reply: string, { earlier }: Situation): boolean {
    const before = earlier.slice(-MOST_ASKED);
    return (
      before.length === MOST_ASKED &&
      saysOneOf(QUESTIONS, reply, say()) &&
      // Who sends one picture after the other has not been asked in vain.
      before.every((exchange) => exchange.reply.includes(reply) && withoutPictureMarks(exchange.words) !== "")
    );
  }

  function stepOf(
    wish: Wish,
    situation: Situation,
    { skip, used }: { skip: number; used: number },
  ): NextStep {
    return byIntent[wish.intent](wish, { ...situation, done: situation.done.slice(skip, skip + used) });
  }

  /** A task asks us to write: without a model the case itself says what there is to follow up. */
  function followUp({ orders }: CaseFacts): NextStep {
    const quoted = orders.find((order) => order.status === "quoted");
    if (quoted?.total_fen != null) return saying("follow_up_quote", { yuan: quoted.total_fen / 100 });
    if (orders.some((order) => order.status === "delivered")) return saying("follow_up_delivered");
    return saying(orders.length > 0 ? "follow_up_order" : "follow_up");
  }

  function saying(key: string, values?: Record<string, string | number>): NextStep {
    return { type: "say", text: say()(key, values) };
  }
}
