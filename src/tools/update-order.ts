import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import type { OpenedOrder } from "../domain/orders/desk/open-order.ts";
import { mayStart } from "../domain/orders/desk/payment.ts";
import { candidateSchema, type ImageOrder, OPEN_STATUSES } from "../domain/orders/order.ts";
import type { OrderDesk } from "../domain/orders/order-desk.ts";
import type { DemandReader } from "../domain/orders/read-demand.ts";
import { yuan } from "../domain/replies.ts";
import { modelFlagsSchema } from "./model-flags.ts";
import { orderWords, riskWords } from "./order-words.ts";
import { readTurn } from "./turn-context.ts";

type UpdateOrderDeps = Pick<DeskDeps, "store" | "ambient" | "rules"> & {
  desk: OrderDesk;
  readDemand: DemandReader;
};

const inputSchema = z.object({
  action: z
    .enum(["open_find", "pick", "accept", "decline", "add_demand", "cancel"])
    .describe(
      "open_find：查完图后建立找图订单；pick：买家选了候选；accept：买家同意报价；decline：买家不要了（报价后）；" +
        "add_demand：买家补充或修改要求；cancel：取消订单",
    ),
  order_id: z.string().optional().describe("订单 id；只有一个合适的订单时可不填"),
  numbers: z.array(z.int().min(1)).max(10).optional().describe("pick：买家选的第几张，从 1 起"),
  demand: z.string().max(2000).optional().describe("open_find、add_demand：买家的原话"),
  picture_ids: z.array(z.string()).max(30).default([]).describe("相关的图片 id"),
  flags: modelFlagsSchema,
  candidates: z
    .array(candidateSchema)
    .max(3)
    .default([])
    .describe("open_find：search-images 返回的候选，原样传入"),
});
type Input = z.infer<typeof inputSchema>;

const outputSchema = z.object({
  status: z.string().describe("订单现在的状态，或 refused"),
  order_id: z.string().optional(),
  total_fen: z.int().optional(),
  reason: z.string().optional(),
  tell: z.string().describe("可以直接告诉买家的话"),
});
type Output = z.infer<typeof outputSchema>;

const FITS: Record<Exclude<Input["action"], "open_find" | "add_demand">, (order: ImageOrder) => boolean> = {
  pick: (order) =>
    order.kind === "find" && order.candidates.length > 0 && ["draft", "quoted"].includes(order.status),
  accept: (order) => order.status === "quoted",
  decline: (order) => order.status === "quoted" || (order.kind === "find" && order.status === "draft"),
  cancel: (order) => OPEN_STATUSES.includes(order.status),
};

export function createUpdateOrderTool({ store, ambient, rules, desk, readDemand }: UpdateOrderDeps) {
  return createTool({
    id: "update-order",
    description:
      "改变订单：建立找图订单、选候选、同意报价、不要了、补充要求、取消。买家明确表态后才调用；重复调用不会重复生效。" +
      "两个订单都合适又没说清时会返回 refused/ambiguous，这时要问买家指哪一单。",
    inputSchema,
    outputSchema,
    execute: async (input, { requestContext }): Promise<Output> => {
      const turn = await readTurn(requestContext, store, ambient.now());
      const { say } = rules();
      if (input.action === "open_find") {
        const opened = await desk.open(turn.conversation, {
          sourceId: turn.turnId,
          kind: "find",
          services: ["find_image"],
          operations: [],
          local: true,
          urgent: false,
          words: input.demand ?? "",
          pictures: input.picture_ids,
          candidates: input.candidates,
        });
        return await tellFind(opened, input);
      }
      const found = await orderOf(input, input.action, turn.conversation.id);
      if (!found.ok)
        return {
          status: "refused",
          reason: found.refusal,
          tell: say(found.refusal === "ambiguous" ? "which_order" : "no_such_order"),
        };
      return await act(input, found.value, turn.turnId);
    },
  });

  async function orderOf(
    input: Input,
    action: Exclude<Input["action"], "open_find">,
    conversationId: string,
  ) {
    if (input.order_id === undefined)
      return action === "add_demand"
        ? await desk.theOrderToAddTo(conversationId, await readDemand(demandOf(input)))
        : await desk.theOpenOrder(conversationId, FITS[action]);
    const order = await store.orders.find(input.order_id);
    return order === null || order.conversation_id !== conversationId
      ? { ok: false as const, refusal: "none" as const }
      : { ok: true as const, value: order };
  }

  /** One sure hit is quoted at once; several are for the buyer to choose from; none is said honestly. */
  async function tellFind(opened: OpenedOrder, input: Input): Promise<Output> {
    const { say } = rules();
    const { order } = opened;
    if (order.status !== "draft" && order.status !== "quoted")
      return toOutput(opened, orderWords(opened, say));
    const only = input.candidates.length === 1 && input.candidates[0]?.band === "same";
    if (only) {
      const picked = await desk.pick(order.id, [1]);
      if (picked.ok && picked.value.quote !== null)
        return toOutput(picked.value, say("find_hit", { yuan: yuan(picked.value.quote.total_fen) }));
    }
    return toOutput(
      opened,
      input.candidates.length === 0
        ? say("find_none")
        : say("find_candidates", { count: input.candidates.length }),
    );
  }

  async function act(input: Input, order: ImageOrder, turnId: string): Promise<Output> {
    const { say } = rules();
    switch (input.action) {
      case "pick": {
        const picked = await desk.pick(order.id, input.numbers ?? []);
        if (!picked.ok) return refusal(order, picked.refusal, "pick_unclear");
        return toOutput(picked.value, orderWords(picked.value, say));
      }
      case "accept": {
        const accepted = await desk.accept(order.id);
        if (!accepted.ok)
          return refusal(
            order,
            accepted.refusal,
            accepted.refusal === "quote-expired" ? "quote_expired" : "no_such_order",
          );
        return {
          status: accepted.value.status,
          order_id: order.id,
          tell: say(acceptedKey(accepted.value)),
        };
      }
      case "decline": {
        const declined = await desk.decline(order.id);
        return declined.ok
          ? ended(declined.value, "declined")
          : refusal(order, declined.refusal, "no_such_order");
      }
      case "cancel": {
        const cancelled = await desk.cancel(order.id, "buyer-cancelled");
        return cancelled.ok
          ? ended(cancelled.value, order.dispatch_no === null ? "cancelled" : "cancelled_dispatched")
          : refusal(order, cancelled.refusal, "cannot_cancel");
      }
      default:
        return await addDemand(input, order, turnId);
    }
  }

  async function addDemand(input: Input, order: ImageOrder, turnId: string): Promise<Output> {
    const { say } = rules();
    const { words } = demandOf(input);
    const read = await readDemand({ words, pictures: [...order.pictures, ...input.picture_ids] });
    const added = await desk.addDemand(order.id, {
      sourceId: turnId,
      kind: order.kind,
      services: read.services,
      operations: read.operations,
      // Words that only hurry ask for no other work.
      local: read.local || (read.urgent && read.services.length === 0),
      urgent: read.urgent,
      words,
      pictures: input.picture_ids,
      enlargeFactor: read.enlargeFactor,
      contradictions: read.contradictions,
      deadlineAt: read.deadlineAt,
      modelFlags: input.flags,
    });
    if (!added.ok) return refusal(order, added.refusal, "no_such_order");
    const { status, deltaFen, quote } = added.value;
    // The order may be in a person's hands already: what is said is about the demand.
    if (status === "rejected" || status === "review")
      return toOutput(added.value, riskWords(status, added.value.risk, say));
    if (status === "follow_up") return toOutput(added.value, orderWords(added.value, say));
    const total = quote === null ? "" : yuan(quote.total_fen);
    const standing = added.value.order.status;
    const key =
      deltaFen > 0
        ? standing === "quoted"
          ? "demand_added_more"
          : standing === "review"
            ? "demand_added_review"
            : "demand_added_at_work"
        : deltaFen < 0
          ? "demand_added_less"
          : order.status === "quoted"
            ? "demand_added_same"
            : "demand_added";
    return toOutput(added.value, say(key, { delta: yuan(Math.abs(deltaFen)), yuan: total }));
  }

  function acceptedKey(order: ImageOrder): string {
    if (order.status === "review") return "accepted_review";
    return mayStart({ rules }, order) ? "accepted" : "accepted_unpaid";
  }

  function ended(order: ImageOrder, key: string): Output {
    return { status: order.status, order_id: order.id, tell: rules().say(key) };
  }

  function refusal(order: ImageOrder, reason: string, key: string): Output {
    return { status: "refused", reason, order_id: order.id, tell: rules().say(key) };
  }

  function toOutput({ order, quote }: OpenedOrder, tell: string): Output {
    return {
      status: order.status,
      order_id: order.id,
      tell,
      ...(quote === null ? {} : { total_fen: quote.total_fen }),
    };
  }
}

function demandOf(input: Input): { words: string; pictures: string[] } {
  return { words: input.demand ?? "", pictures: input.picture_ids };
}
