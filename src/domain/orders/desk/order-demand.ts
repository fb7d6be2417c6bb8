import type { Operation } from "../../pictures/plan.ts";
import type { RiskInput } from "../assess-risk.ts";
import type { Candidate } from "../order.ts";
import type { OrderKind, Service } from "../service.ts";

/** What a buyer asks for, as the desk takes it. */
export type OrderDemand = {
  /** The turn (or firing) that asks: one order per turn and kind. */
  sourceId: string;
  kind: OrderKind;
  services: Service[];
  /** Asked for before and no longer wanted. */
  withdrawn?: Service[];
  operations: Operation[];
  local: boolean;
  handmade?: Service[];
  urgent: boolean;
  words: string;
  /** Ids of the pictures to work on. */
  pictures: string[];
  candidates?: Candidate[];
  enlargeFactor?: number | undefined;
  contradictions?: string[];
  /** When the buyer wants it at the latest, UTC ms. */
  deadlineAt?: number | null;
  /** What a model noticed; it can only add to what the rules find. */
  modelFlags?: RiskInput["model_flags"];
  parentId?: string;
};
