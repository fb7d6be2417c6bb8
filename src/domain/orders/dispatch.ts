import { z } from "zod";

/** What 图绘 is asked for (spec orders §7). */
export type DispatchRequest = {
  idempotency_key: string;
  image_task_id: string;
  customer: { id: string; name: string | null };
  platform: string;
  shop_id: string;
  kind: "find" | "process" | "design";
  requirements: { revision: number; text: string }[];
  images: { url: string; sha256: string; width: number; height: number }[];
  quote: { total_fen: number } | null;
  priority: "normal" | "high";
  deadline?: string;
  summary: string;
  callback_url: string;
};

export type DispatchSupplement = {
  idempotency_key: string;
  revision: number;
  text: string;
  images: DispatchRequest["images"];
  quote_delta_fen: number;
};

export const dispatchStatusSchema = z.enum([
  "created",
  "assigned",
  "in_progress",
  "delivered",
  "failed",
  "cancelled",
]);
export type DispatchStatus = z.infer<typeof dispatchStatusSchema>;

export const dispatchImageSchema = z.object({ url: z.url({ protocol: /^https?$/ }) });

/** What 图绘 tells us. */
export const dispatchEventSchema = z.object({
  event: z.enum([
    "order.assigned",
    "order.in_progress",
    "order.delivered",
    "order.failed",
    "order.cancelled",
  ]),
  order_no: z.string().min(1).max(128),
  occurred_at: z.string().max(64),
  designer: z.union([z.string(), z.looseObject({ name: z.string().optional() })]).optional(),
  images: z.array(dispatchImageSchema).max(50).optional(),
  reason: z.string().max(1000).optional(),
});
export type DispatchEvent = z.infer<typeof dispatchEventSchema>;

export type DispatchState = {
  order_no: string;
  status: DispatchStatus;
  images: { url: string }[];
  reason: string | null;
};

/** The designers' system. Every call is safe to repeat; a call that fails throws AppError("dispatch-unavailable"). */
export type TaskDispatch = {
  open(request: DispatchRequest): Promise<{ order_no: string }>;
  supplement(orderNo: string, supplement: DispatchSupplement): Promise<void>;
  cancel(orderNo: string, reason: string): Promise<void>;
  state(orderNo: string): Promise<DispatchState>;
};
