import type { Say } from "../../domain/replies.ts";

/** What we say that names our services without asking about one: a bare yes, number or picture answers none of it. */
export const NO_QUESTIONS = [
  "greeting",
  "greeting_goods",
  "ask_what",
  "price_list",
  "thanks",
  "ok",
  "declined",
  "cancelled",
  "nothing_to_accept",
];

const GAP = "\u0000";
/** What a picture by itself answers. */
export const ASKS_FOR_PICTURE = ["ask_picture_to_find", "ask_picture_to_process", "quote_only"];
/** What words answer that are no wish by themselves. */
export const ASKS_FOR_DETAIL = [
  "ask_which_size",
  "ask_which_background",
  "ask_which_colour",
  "ask_which_text",
] as const;
export type AskedDetail = (typeof ASKS_FOR_DETAIL)[number];
/** What is not asked a third time of somebody whose answers we do not understand. */
export const QUESTIONS: readonly string[] = [
  ...ASKS_FOR_DETAIL,
  "ask_what",
  "ask_picture_to_find",
  "ask_picture_to_process",
  "pick_unclear",
];

/** Whether these words are one of our sentences, whatever stands in its gaps. */
export function saysOneOf(keys: readonly string[], words: string, say: Say): boolean {
  return keys.some((key) => {
    const pieces = say(key, { goods: GAP, priced: GAP }).split(GAP);
    const [longest = ""] = pieces.sort((one, other) => other.length - one.length);
    return words.includes(longest);
  });
}
