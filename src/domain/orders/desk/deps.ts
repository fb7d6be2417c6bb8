import type { Ambient } from "../../clock.ts";
import type { OpeningHours } from "../../handoffs/handoff.ts";
import type { Store } from "../../records.ts";
import type { Say } from "../../replies.ts";
import type { TextEvidence } from "../evidence.ts";
import type { PricingRules } from "../pricing-rules.ts";
import type { RiskRules } from "../risk-rules.ts";

/** So many of a conversation's orders are looked at, newest first. */
export const ORDERS_LOOKED_AT = 20;

/** The shop's rules as they are now; a reload swaps the whole. */
export type ShopRules = {
  pricing: PricingRules;
  pricingVersion: string;
  risk: RiskRules;
  riskVersion: string;
  say: Say;
  hours: OpeningHours;
};

export type DeskDeps = {
  store: Store;
  ambient: Ambient;
  rules: () => ShopRules;
  /** Reads a picture's text, once; kept with the picture. Never throws: unsure evidence when it cannot. */
  readText: (pictureId: string) => Promise<TextEvidence>;
};
