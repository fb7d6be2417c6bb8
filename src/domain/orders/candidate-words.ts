import { yuan } from "../replies.ts";
import type { ShopRules } from "./desk/deps.ts";

/**
 * Tells the candidates of a search, whose previews the buyer has: one is a question, several are a choice. With none
 * people are offered to look for it, at the price of one found picture: a yes is a yes to that.
 */
export function candidateWords(count: number, { say, pricing }: Pick<ShopRules, "say" | "pricing">): string {
  if (count === 0) return say("find_none", { yuan: yuan(pricing.services.find_image.base_fen) });
  return count === 1 ? say("find_one") : say("find_candidates", { count });
}
