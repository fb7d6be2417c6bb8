import { z } from "zod";
import type { Operation } from "../pictures/plan.ts";
import type { OrderStatus } from "./order-status.ts";
import type { OrderKind, Service } from "./service.ts";

export const deliverySchema = z.object({
  file: z.string(),
  format: z.string(),
  width: z.int(),
  height: z.int(),
  at: z.int(),
  by: z.string(),
  preview: z.string().exactOptional().describe("a small watermarked copy to look at"),
});
export type Delivery = z.infer<typeof deliverySchema>;

/** A gallery picture that may be the one the buyer means. */
export const candidateSchema = z.object({
  item_id: z.string(),
  title: z.string(),
  file: z.string(),
  score: z.number(),
  band: z.enum(["same", "similar", "none"]),
});
export type Candidate = z.infer<typeof candidateSchema>;

/** What is to be done, as settled with the buyer so far; priced and planned from here, never from chat text. */
export type Demand = {
  services: Service[];
  operations: Operation[];
  /** True when our own engine can do all of it. */
  local: boolean;
  /** The services for whose sake it is not; absent when there are other reasons too. */
  handmade?: Service[];
  urgent: boolean;
  words: string;
  /** Wishes that exclude each other or the picture, such as "transparent-jpeg". */
  contradictions?: string[];
};

/** An order for picture work: a row of image_tasks. */
export type ImageOrder = {
  id: string;
  conversation_id: string;
  customer_id: string;
  kind: OrderKind;
  status: OrderStatus;
  revision: number;
  demand: Demand;
  pictures: string[];
  candidates: Candidate[];
  picked: number[];
  quote_id: string | null;
  risk_id: string | null;
  dispatch_no: string | null;
  parent_id: string | null;
  deliveries: Delivery[];
  /** When the money came (UTC ms): the platform said so, or an operator. */
  paid_at: number | null;
  /** Who said so: "platform:" and the platform's order, or an operator's name. */
  paid_by: string | null;
  /** When a designer must be done, UTC ms. */
  deadline_at: number | null;
  /** The newest demand that the designer has been told. */
  sent_revision: number;
  created_at: number;
  updated_at: number;
};

/** What an order was before a later demand; what it is again when a person refuses that demand. */
export type OrderBefore = Pick<
  ImageOrder,
  "status" | "demand" | "pictures" | "quote_id" | "risk_id" | "deadline_at"
> & {
  /** The buyer had agreed to that quote. */
  agreed: boolean;
};

/** One demand of the buyer; append-only. The first is revision 1. */
export type OrderRevision = {
  image_task_id: string;
  revision: number;
  text: string;
  pictures: string[];
  risk_id: string | null;
  price_delta_fen: number;
  at: number;
  /** in_review: a later demand that a person still weighs. dropped: refused, and no longer part of the order. */
  status: "kept" | "in_review" | "dropped";
  /** Null for the first demand. */
  before: OrderBefore | null;
  /** The turn (or firing) it came in; null for the first demand. */
  source_id: string | null;
};

export type OrderHistory = {
  id: number;
  image_task_id: string;
  from: OrderStatus | null;
  to: OrderStatus;
  cause: string;
  at: number;
};

export const OPEN_STATUSES: readonly OrderStatus[] = [
  "draft",
  "quoted",
  "review",
  "accepted",
  "processing",
  "dispatched",
  "handed_off",
  "failed",
];
