import { z } from "zod";
import { requestHandoff } from "../domain/handoffs/request-handoff.ts";
import { againAt, DONE, type JobHandler, type JobKind, type RunningJob } from "../domain/jobs/jobs.ts";
import { moveOrder } from "../domain/orders/desk/move-order.ts";
import { tellBuyer } from "../domain/orders/desk/tell-buyer.ts";
import { queueCancel, queueSupplement } from "../domain/orders/desk/tell-designer.ts";
import {
  type DispatchEvent,
  type DispatchRequest,
  dispatchEventSchema,
  type TaskDispatch,
} from "../domain/orders/dispatch.ts";
import type { ImageOrder, OrderRevision } from "../domain/orders/order.ts";
import type { OrderStatus } from "../domain/orders/order-status.ts";
import type { PictureFetcher } from "../domain/pictures/ports.ts";
import { createDesignerNews, WITH_DESIGNER } from "./designer-news.ts";
import { ENDED } from "./order-steps.ts";
import type { WorkflowDeps } from "./workflow-deps.ts";

export type DispatchDeps = WorkflowDeps & {
  dispatch: TaskDispatch;
  fetcher: PictureFetcher;
  /** Where 图绘 can fetch a file of ours. */
  fileUrl: (file: string) => string;
  callbackUrl: string;
  pollEveryMs: number;
};

const orderPayload = z.object({ orderId: z.string() });
const cancelPayload = z.object({ orderId: z.string(), reason: z.string() });
const pollPayload = z.object({ orderId: z.string(), event: dispatchEventSchema.optional() });

/** Taken back after 图绘 was asked and before it was heard: if it has the order, it must hear of that. */
function isPerhapsThere({ status, sent_revision, dispatch_no }: ImageOrder): boolean {
  return status === "cancelled" && sent_revision > 0 && dispatch_no === null;
}

const HANDED_IN: readonly OrderStatus[] = ["delivered", "closed"];
const HOUR_MS = 60 * 60 * 1000;

/** 图绘's side of an order: opened once, told of later demands and cancels, and looked after when a callback is lost. */
export function createDispatchHandlers(
  deps: DispatchDeps,
): Pick<Record<JobKind, JobHandler>, "tuhui-order" | "tuhui-requirement" | "tuhui-cancel" | "tuhui-poll"> {
  const { store, dispatch, ambient } = deps;
  const designer = createDesignerNews(deps);
  return {
    "tuhui-order": {
      retryDelaysMs: [1_000, 5_000, 15_000, 30_000, 60_000],
      async run(job) {
        const { orderId } = orderPayload.parse(job.payload);
        const order = await store.orders.find(orderId);
        if (order === null || !(order.status === "handed_off" || isPerhapsThere(order))) return DONE;
        const demands = await keptDemands(orderId);
        // Noted before we ask: should the answer be lost, 图绘 has what was in the first request, and asking again with
        // the same key adds nothing to it.
        const told = order.sent_revision > 0 ? order.sent_revision : (demands.at(-1)?.revision ?? 0);
        if (order.sent_revision === 0) await store.orders.change(orderId, { sent_revision: told });
        const revisions = demands.filter(({ revision }) => revision <= told);
        const deadlineAt = deadlineOf(order);
        const { order_no } = await dispatch.open(await requestFor(order, revisions, deadlineAt));
        await store.transaction(async (tx) => {
          const current = await tx.orders.find(orderId);
          if (current === null) return;
          await tx.orders.change(orderId, {
            dispatch_no: order_no,
            deadline_at: deadlineAt,
          });
          if (current.status === "handed_off")
            await moveOrder(tx, ambient, current, "dispatched", `图绘 ${order_no}`);
          // Cancelled, or added to, while 图绘 was being asked: they are told now.
          else if (current.status === "cancelled") await queueCancel(tx, orderId, "cancelled-meanwhile");
          if (current.revision > told) await queueSupplement(tx, orderId);
          await tx.jobs.enqueue({
            kind: "tuhui-poll",
            key: `tuhui-poll:${orderId}`,
            payload: { orderId },
            runAt: nextLookAt({ deadline_at: deadlineAt }),
            maxAttempts: 1000,
          });
        });
        return DONE;
      },
      onDead: (job, error) => unheard(job, `图绘一直没有收下这单：${error}`, "designer_failed"),
    },

    "tuhui-requirement": {
      async run(job) {
        const { orderId } = orderPayload.parse(job.payload);
        const order = await store.orders.find(orderId);
        if (order?.dispatch_no == null) return DONE;
        const untold = (await keptDemands(orderId)).filter(({ revision }) => revision > order.sent_revision);
        // The designer was done before they heard of it, and the buyer was told that it is done too.
        if (HANDED_IN.includes(order.status) && untold.length > 0)
          await unheard(
            job,
            `图绘交付前没来得及告诉：${untold.map(({ text }) => text).join("；")}。看看要不要补做`,
            null,
          );
        // The order may be a person's meanwhile, or ended.
        if (!WITH_DESIGNER.includes(order.status)) return DONE;
        for (const demand of untold) {
          await dispatch.supplement(order.dispatch_no, {
            idempotency_key: `${orderId}:r${demand.revision}`,
            revision: demand.revision,
            text: demand.text,
            images: await imagesOf(demand.pictures),
            quote_delta_fen: demand.price_delta_fen,
          });
          await store.orders.change(orderId, { sent_revision: demand.revision });
        }
        return DONE;
      },
      onDead: (job, error) => unheard(job, `买家后来加的要求没能告诉图绘：${error}`, null),
    },

    "tuhui-cancel": {
      async run(job) {
        const { orderId, reason } = cancelPayload.parse(job.payload);
        const order = await store.orders.find(orderId);
        if (order?.dispatch_no != null) await dispatch.cancel(order.dispatch_no, reason);
        return DONE;
      },
      onDead: (job, error) => unheard(job, `图绘还不知道这单取消了：${error}`, null),
    },

    "tuhui-poll": {
      async run(job) {
        const { orderId, event } = pollPayload.parse(job.payload);
        const order = await store.orders.find(orderId);
        if (order?.dispatch_no == null || ENDED.includes(order.status)) return DONE;
        // Whatever the designer did waits for the person who weighs the buyer's last demand.
        if (!WITH_DESIGNER.includes(order.status)) return againAt(nextLookAt(order));
        const news = event ?? (await polledEvent(order.dispatch_no));
        if (news.event === "order.delivered") {
          const pictures = news.images?.length ? news.images : (await polledEvent(order.dispatch_no)).images;
          await designer.delivered(order, pictures ?? [], job.attempt);
        } else if (news.event === "order.failed" || news.event === "order.cancelled")
          await designer.gaveUp(order, news.reason ?? "gave up");
        else {
          if (order.deadline_at !== null && ambient.now() >= order.deadline_at) await designer.isLate(order);
          return againAt(nextLookAt(order));
        }
        return DONE;
      },
    },
  };

  /** 图绘 could not be told for good: a person must tell them, and the buyer hears of it when their work waits. */
  async function unheard(job: RunningJob, summary: string, words: "designer_failed" | null): Promise<void> {
    const { orderId } = orderPayload.parse(job.payload);
    deps.log.error("tuhui.unheard", { orderId, kind: job.kind, summary });
    await store.transaction(async (tx) => {
      const order = await tx.orders.find(orderId);
      const conversation = order === null ? null : await tx.conversations.find(order.conversation_id);
      if (order === null || conversation === null) return;
      await requestHandoff(tx, ambient, {
        conversation,
        reason: "processing_failed",
        summary: summary.slice(0, 400),
        order: { id: orderId, pictures: order.pictures, totalFen: null, risk: null },
        hours: deps.rules().hours,
      });
      if (words !== null && order.status === "handed_off")
        await tellBuyer(deps, tx, order, "unheard", deps.rules().say(words));
    });
  }

  /** What a person still weighs, or has refused, is not told. */
  async function keptDemands(orderId: string): Promise<OrderRevision[]> {
    return (await store.orders.revisions(orderId)).filter(({ status }) => status === "kept");
  }

  /** The buyer's own deadline when they named one that can be met; else what the shop gives a designer. */
  function deadlineOf({ deadline_at, demand }: ImageOrder): number {
    const { hours, urgent_hours } = deps.rules().pricing.designer;
    const now = ambient.now();
    if (deadline_at !== null && deadline_at > now) return deadline_at;
    return now + Math.round((demand.urgent ? urgent_hours : hours) * HOUR_MS);
  }

  function nextLookAt({ deadline_at }: Pick<ImageOrder, "deadline_at">): number {
    const now = ambient.now();
    const regular = now + deps.pollEveryMs;
    return deadline_at === null || deadline_at <= now ? regular : Math.min(regular, deadline_at);
  }

  async function requestFor(
    order: ImageOrder,
    revisions: OrderRevision[],
    deadlineAt: number,
  ): Promise<DispatchRequest> {
    const conversation = await store.conversations.find(order.conversation_id);
    const quote = order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id);
    const isUrgent = order.demand.urgent || quote?.certificate.high_value === true;
    return {
      idempotency_key: order.id,
      image_task_id: order.id,
      customer: { id: order.customer_id, name: conversation?.customer_name ?? null },
      platform: conversation?.platform ?? "",
      shop_id: conversation?.shop_id ?? "",
      kind: order.kind,
      requirements: revisions.map(({ revision, text }) => ({ revision, text })),
      images: await imagesOf(order.pictures),
      quote: quote === null ? null : { total_fen: quote.certificate.total_fen },
      priority: isUrgent ? "high" : "normal",
      deadline: new Date(deadlineAt).toISOString(),
      summary: order.demand.words,
      callback_url: deps.callbackUrl,
    };
  }

  async function imagesOf(ids: string[]): Promise<DispatchRequest["images"]> {
    const pictures = await Promise.all(ids.map((id) => store.pictures.find(id)));
    return pictures.flatMap((picture) =>
      picture === null
        ? []
        : [
            {
              url: deps.fileUrl(picture.clean_file),
              sha256: picture.clean_file,
              width: picture.facts.width,
              height: picture.facts.height,
            },
          ],
    );
  }

  async function polledEvent(orderNo: string): Promise<Pick<DispatchEvent, "event" | "images" | "reason">> {
    const { status, images, reason } = await dispatch.state(orderNo);
    const event = status === "created" ? "order.assigned" : (`order.${status}` as const);
    return { event, images, ...(reason === null ? {} : { reason }) };
  }
}
