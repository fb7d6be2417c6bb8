import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import { candidateWords } from "../domain/orders/candidate-words.ts";
import { AGREED_BY_BUYER } from "../domain/orders/desk/accept-order.ts";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import { CANCELLED_BY_BUYER, DECLINED_BY_BUYER } from "../domain/orders/desk/end-order.ts";
import type { OpenedOrder } from "../domain/orders/desk/open-order.ts";
import { candidateSchema, type ImageOrder, OPEN_STATUSES } from "../domain/orders/order.ts";
import type { OrderDesk } from "../domain/orders/order-desk.ts";
import type { OrderStatus } from "../domain/orders/order-status.ts";
import type { DemandReader } from "../domain/orders/read-demand.ts";
import { serviceSchema } from "../domain/orders/service.ts";
import { yuan } from "../domain/replies.ts";
import { addedWords } from "./added-words.ts";
import { modelFlagsSchema } from "./model-flags.ts";
import { acceptedWords, missingWords, orderWords } from "./order-words.ts";
import { readTurnToWrite, type TurnContext } from "./turn-context.ts";

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
  services: z.array(serviceSchema).optional().describe("add_demand：明确的服务项目；不填则从 demand 判断"),
  urgent: z
    .boolean()
    .optional()
    .describe("add_demand：买家要 2 小时内做完，或答应了算加急，填 true；只说急、没说时间时不要填"),
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

/** Whoever has the order can ask for what is not said; we could only do nothing. */
const WITH_PEOPLE: readonly OrderStatus[] = ["dispatched", "handed_off", "review"];

const FITS: Record<Exclude<Input["action"], "open_find" | "add_demand">, (order: ImageOrder) => boolean> = {
  pick: (order) =>
    order.kind === "find" && order.candidates.length > 0 && ["draft", "quoted"].includes(order.status),
  accept: (order) => order.status === "quoted",
  decline: (order) => order.status === "quoted" || (order.kind === "find" && order.status === "draft"),
  cancel: (order) => OPEN_STATUSES.includes(order.status),
};

/** What an order that was moved by it says of the move. */
const CAUSES: Partial<Record<Input["action"], string>> = {
  accept: AGREED_BY_BUYER,
  decline: DECLINED_BY_BUYER,
  cancel: CANCELLED_BY_BUYER,
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
      const turn = await readTurnToWrite(requestContext, store, ambient.now());
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
      const found = await orderOf(input, input.action, turn);
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
    { conversationId, firstRunAt }: TurnContext,
  ) {
    if (input.order_id === undefined) {
      if (action === "add_demand")
        return await desk.theOrderToAddTo(
          conversationId,
          await readDemand({ ...demandOf(input), services: input.services }),
        );
      const fitting = await desk.theOpenOrder(conversationId, FITS[action]);
      if (fitting.ok || fitting.refusal === "ambiguous" || firstRunAt === undefined) return fitting;
      const cause = CAUSES[action];
      return cause === undefined ? fitting : await desk.theOrderMovedSince(conversationId, cause, firstRunAt);
    }
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
    return toOutput(opened, candidateWords(input.candidates.length, rules()));
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
          tell: acceptedWords(accepted.value, rules),
        };
      }
      case "decline": {
        const declined = await desk.decline(order.id);
        return declined.ok
          ? ended(declined.value, "declined")
          : refusal(order, declined.refusal, "no_such_order");
      }
      case "cancel": {
        const cancelled = await desk.cancel(order.id, CANCELLED_BY_BUYER);
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
    const words = await wordsOf(input);
    const pictures = [...order.pictures, ...input.picture_ids];
    const read = await readDemand({
      words,
      pictures,
      services: input.services,
      urgent: input.urgent,
      order,
    });
    const missing = read.local && !WITH_PEOPLE.includes(order.status) ? read.missing : [];
    if (missing[0] !== undefined && !(await isForbidden(order, { words, pictures })))
      return {
        status: "refused",
        reason: missing[0],
        order_id: order.id,
        tell: missingWords(missing, say),
      };
    // Named apart: the desk takes what it knows of a demand.
    const demand = {
      sourceId: turnId,
      kind: order.kind,
      services: read.services,
      withdrawn: read.withdrawn,
      operations: read.operations,
      // Words that only hurry, or only take something back, ask for no other work.
      local: read.local || (read.services.length === 0 && (read.urgent || read.withdrawn.length > 0)),
      ...(read.handmade === undefined ? {} : { handmade: read.handmade }),
      urgent: read.urgent,
      words,
      pictures: input.picture_ids,
      enlargeFactor: read.enlargeFactor,
      contradictions: read.contradictions,
      deadlineAt: read.deadlineAt,
      modelFlags: input.flags,
    };
    const added = await desk.addDemand(order.id, demand);
    if (!added.ok) return refusal(order, added.refusal, "no_such_order");
    return toOutput(
      added.value,
      addedWords({ before: order, added: added.value, withdrawn: read.withdrawn }, rules),
    );
  }

  async function isForbidden(
    order: ImageOrder,
    demand: { words: string; pictures: string[] },
  ): Promise<boolean> {
    const conversation = await store.conversations.find(order.conversation_id);
    return conversation !== null && (await desk.isForbidden(conversation, demand));
  }

  /** The buyer's words; a bare yes to our question says nothing to whoever does the work. */
  async function wordsOf(input: Input): Promise<string> {
    const { words } = demandOf(input);
    if (input.urgent !== true || (await readDemand({ words, pictures: [] })).urgent) return words;
    return rules().say("urgent_demand", { words });
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
