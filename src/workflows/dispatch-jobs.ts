import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { againAt, DONE, type JobHandler, type JobKind } from "../domain/jobs/jobs.ts";
import { moveOrder } from "../domain/orders/desk/move-order.ts";
import { deliverOrder, dispatchOrder } from "../domain/orders/desk/progress-order.ts";
import {
  type DispatchEvent,
  type DispatchRequest,
  dispatchEventSchema,
  type TaskDispatch,
} from "../domain/orders/dispatch.ts";
import type { Delivery, ImageOrder } from "../domain/orders/order.ts";
import { decideMove } from "../domain/orders/order-status.ts";
import type { PictureFetcher } from "../domain/pictures/ports.ts";
import { takePicture } from "../domain/pictures/take-picture.ts";
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
const revisionPayload = z.object({ orderId: z.string(), revision: z.int() });
const cancelPayload = z.object({ orderId: z.string(), reason: z.string() });
const pollPayload = z.object({ orderId: z.string(), event: dispatchEventSchema.optional() });

/** 图绘's side of an order: opened once, told of later demands and cancels, and looked after when a callback is lost. */
export function createDispatchHandlers(
  deps: DispatchDeps,
): Pick<Record<JobKind, JobHandler>, "tuhui-order" | "tuhui-requirement" | "tuhui-cancel" | "tuhui-poll"> {
  const { store, dispatch, ambient } = deps;
  return {
    "tuhui-order": {
      retryDelaysMs: [1_000, 5_000, 15_000, 30_000, 60_000],
      async run(job) {
        const { orderId } = orderPayload.parse(job.payload);
        const order = await store.orders.find(orderId);
        if (order === null || order.status !== "handed_off") return DONE;
        const { order_no } = await dispatch.open(await requestFor(order));
        await store.transaction(async (tx) => {
          const current = await tx.orders.find(orderId);
          if (current === null) return;
          await tx.orders.change(orderId, { dispatch_no: order_no });
          if (current.status === "handed_off")
            await moveOrder(tx, ambient, current, "dispatched", `图绘 ${order_no}`);
          // Cancelled while 图绘 was being asked: they are told now.
          else if (current.status === "cancelled")
            await queueCancel(tx.jobs.enqueue, orderId, "cancelled-meanwhile");
          await tx.jobs.enqueue({
            kind: "tuhui-poll",
            key: `tuhui-poll:${orderId}`,
            payload: { orderId },
            runAt: ambient.now() + deps.pollEveryMs,
            maxAttempts: 1000,
          });
        });
        return DONE;
      },
    },

    "tuhui-requirement": {
      async run(job) {
        const { orderId, revision } = revisionPayload.parse(job.payload);
        const order = await store.orders.find(orderId);
        const demand = (await store.orders.revisions(orderId)).find((it) => it.revision === revision);
        if (order?.dispatch_no == null || demand === undefined || order.status === "cancelled") return DONE;
        await dispatch.supplement(order.dispatch_no, {
          idempotency_key: `${orderId}:r${revision}`,
          revision,
          text: demand.text,
          images: await imagesOf(demand.pictures),
          quote_delta_fen: demand.price_delta_fen,
        });
        return DONE;
      },
    },

    "tuhui-cancel": {
      async run(job) {
        const { orderId, reason } = cancelPayload.parse(job.payload);
        const order = await store.orders.find(orderId);
        if (order?.dispatch_no != null) await dispatch.cancel(order.dispatch_no, reason);
        return DONE;
      },
    },

    "tuhui-poll": {
      async run(job) {
        const { orderId, event } = pollPayload.parse(job.payload);
        const order = await store.orders.find(orderId);
        if (order?.dispatch_no == null || order.status !== "dispatched") return DONE;
        const ended = event ?? (await polledEvent(order.dispatch_no));
        if (ended.event === "order.delivered") await deliver(order, ended.images ?? []);
        else if (ended.event === "order.failed" || ended.event === "order.cancelled")
          await giveUp(order, ended);
        else return againAt(ambient.now() + deps.pollEveryMs);
        return DONE;
      },
    },
  };

  async function requestFor(order: ImageOrder): Promise<DispatchRequest> {
    const conversation = await store.conversations.find(order.conversation_id);
    const quote = order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id);
    const revisions = await store.orders.revisions(order.id);
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

  /** The designer's pictures come in by the same door as any other, then go to the buyer. */
  async function deliver(order: ImageOrder, images: { url: string }[]): Promise<void> {
    const deliveries: Delivery[] = [];
    for (const { url } of images) {
      const taken = await takePicture({ ...deps, pictures: store.pictures }, { url });
      if (!taken.ok)
        throw new AppError("delivery-unreadable", `a delivered picture was refused: ${taken.refusal}`);
      const { width, height, format } = taken.value.facts;
      deliveries.push({ file: taken.value.id, format, width, height, at: ambient.now(), by: "designer" });
    }
    if (deliveries.length === 0) throw new AppError("delivery-empty", "图绘 delivered without pictures");
    await store.transaction(async (tx) => {
      const current = await tx.orders.find(order.id);
      if (current?.status === "dispatched")
        await deliverOrder(deps, tx, current, deliveries, "designer-delivered");
    });
  }

  async function giveUp(order: ImageOrder, { reason }: Pick<DispatchEvent, "reason">): Promise<void> {
    await store.transaction(async (tx) => {
      const current = await tx.orders.find(order.id);
      if (current === null || !decideMove(current.status, "failed").ok) return;
      const failed = await moveOrder(tx, ambient, current, "failed", `designer: ${reason ?? "gave up"}`);
      await dispatchOrder(deps, tx, failed, {
        reason: "processing_failed",
        cause: "designer-gave-up",
        words: deps.rules().say("designer_failed"),
        redispatch: false,
      });
    });
  }
}

async function queueCancel(
  enqueue: (job: {
    kind: "tuhui-cancel";
    key: string;
    payload: unknown;
    maxAttempts: number;
  }) => Promise<void>,
  orderId: string,
  reason: string,
): Promise<void> {
  await enqueue({
    kind: "tuhui-cancel",
    key: `tuhui-cancel:${orderId}`,
    payload: { orderId, reason },
    maxAttempts: 50,
  });
}
