import { withoutPictureMarks } from "../../domain/conversations/message.ts";
import type { Say } from "../../domain/replies.ts";
import type { Slots, UnderstandInput, Understanding } from "../../domain/understanding/understanding.ts";
import { ASKS_FOR_DETAIL, type AskedDetail, saysOneOf } from "./our-words.ts";
import { newPictures, type Situation } from "./situation.ts";

/** A wish that waits for what we asked of it. */
export type PendingWish = {
  /** The wish, what was answered since, and what is said now. */
  words: string;
  /** Whether what is said now is what we asked for. */
  isAnswered: boolean;
};

const ANSWERED_BY: Readonly<Record<AskedDetail, readonly (keyof Slots)[]>> = {
  ask_which_size: [
    "size",
    "scale",
    "ratio",
    "dpi",
    "format",
    "rotate_degrees",
    "flip",
    "straighten",
    "max_kb",
  ],
  ask_which_background: ["background"],
  ask_which_colour: ["colour", "tone"],
  ask_which_text: ["add_text", "remove_text"],
};
const PICTURE_FOR_WORK = ["ask_picture_to_process"];

/**
 * Words after a question of ours are half of what is wanted: 蓝色 after 换个背景. Null when we asked for no detail and no
 * picture, or when the buyer names other work instead of answering: that is the wish then.
 */
export function createPendingWishReader(
  understand: (input: UnderstandInput) => Understanding,
  say: () => Say,
): (text: string, situation: Pick<Situation, "facts" | "earlier">) => PendingWish | null {
  return (text, { facts, earlier }) => {
    const asked = ASKS_FOR_DETAIL.filter((key) => saysOneOf([key], facts.last_bot, say()));
    const hasPicture = newPictures(facts).length > 0;
    const isPictureAsked = hasPicture && saysOneOf(PICTURE_FOR_WORK, facts.last_bot, say());
    if (!isPictureAsked && (asked.length === 0 || hasPicture)) return null;
    // An answer to a question before this one names no work.
    const from = earlier.findLastIndex(({ words }) => read(words).named.length > 0);
    if (from < 0) return null;
    const before = withoutPictureMarks(
      earlier
        .slice(from)
        .map(({ words }) => words)
        .join("\n"),
    );
    const words = `${before}\n${text}`.trim();
    const { named, withdrawn } = read(text);
    const [had, has] = [read(before).slots, read(words).slots];
    const isAnswered =
      isPictureAsked ||
      asked.some((key) =>
        ANSWERED_BY[key].some((slot) => JSON.stringify(had[slot]) !== JSON.stringify(has[slot])),
      );
    const isOtherWish = withdrawn.length > 0 || (named.length > 0 && (isPictureAsked || !isAnswered));
    return isOtherWish ? null : { words, isAnswered };
  };

  function read(text: string): Understanding {
    return understand({ text, has_image: true });
  }
}
