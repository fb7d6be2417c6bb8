import type { NormalText } from "./normalise.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import { createTextPattern } from "./text-pattern.ts";
import type { UnderstandInput } from "./understanding.ts";

type OpenOrder = NonNullable<NonNullable<UnderstandInput["context"]>["open_orders"]>[number];

const QUOTED = new Set(["draft", "quoted"]);
const DELIVERED = new Set(["delivered", "closed"]);
// Failed work is taken up again or cancelled: to the buyer it still goes on.
const ENDED = new Set(["cancelled", "rejected"]);

/** Names what is known before the buyer's words are read: what we said last, and how the orders stand. */
export function createContextReader(
  lexicon: PlaybookLexicon,
): (bot: NormalText, openOrders: OpenOrder[], hasImage: boolean) => Set<string> {
  const kinds = Object.entries(lexicon.bot).map(([flag, source]) => ({
    flag,
    pattern: createTextPattern(source, lexicon),
  }));

  return (bot, openOrders, hasImage) => {
    const flags = new Set<string>();
    if (hasImage) flags.add("has_image");
    for (const { flag, pattern } of kinds) {
      if (pattern.matches(bot)) flags.add(flag);
    }
    for (const { kind, status } of openOrders) {
      if (ENDED.has(status)) continue;
      if (kind === "find") flags.add("order_find");
      flags.add("order_any");
      if (QUOTED.has(status)) flags.add("order_quoted");
      else flags.add(DELIVERED.has(status) ? "order_delivered" : "order_working");
    }
    // Only an offer can be turned down or haggled over; work that has begun is cancelled.
    if (flags.has("bot_quote") || flags.has("bot_candidates")) flags.add("offer");
    else if (flags.has("order_quoted") && !flags.has("order_working")) flags.add("offer");
    return flags;
  };
}
