import { createStep, createWorkflow } from "@mastra/core/workflows";
import { notifyBuyer } from "../domain/conversations/notify-buyer.ts";
import { errorText } from "../domain/errors.ts";
import { candidateWords } from "../domain/orders/candidate-words.ts";
import { moveOrder } from "../domain/orders/desk/move-order.ts";
import { mayStart } from "../domain/orders/desk/payment.ts";
import { deliverOrder, dispatchOrder, failToHuman } from "../domain/orders/desk/progress-order.ts";
import type { Delivery, ImageOrder } from "../domain/orders/order.ts";
import { areFilesAway } from "../domain/pictures/files-away.ts";
import { keepPicture } from "../domain/pictures/take-picture.ts";
import { findCandidates } from "../tools/search-images.ts";
import { createWaitStep, orderOf, runSchema } from "./order-steps.ts";
import type { WorkflowDeps } from "./workflow-deps.ts";

/** 查找图片: search (unless the chat has searched) → the buyer picks and agrees → the original is sent. */
export function createFindImageWorkflow(deps: WorkflowDeps) {
  const search = createStep({
    id: "search",
    inputSchema: runSchema,
    outputSchema: runSchema,
    execute: async ({ inputData }) => {
      const order = await orderOf(deps, inputData.order_id);
      // Candidates from the chat are kept as they are: the buyer has seen those numbers.
      if (order.status === "draft" && !order.demand.local) await searchAndTell(order);
      return inputData;
    },
  });

  const sendOriginal = createStep({
    id: "send-original",
    inputSchema: runSchema,
    outputSchema: runSchema,
    execute: async ({ inputData }) => {
      const order = await orderOf(deps, inputData.order_id);
      if (!mayWork(order)) return inputData;
      if (order.picked.length === 0) await toDesigner(order);
      else await deliverOriginals(order);
      return inputData;
    },
  });

  return createWorkflow({ id: "find-image", inputSchema: runSchema, outputSchema: runSchema })
    .then(search)
    .then(createWaitStep(deps, "buyer-picks-and-agrees", "the buyer to pick, agree and pay", isAgreed))
    .then(sendOriginal)
    .commit();

  function isAgreed(order: ImageOrder): boolean {
    return mayWork(order) || ["handed_off", "dispatched", "failed"].includes(order.status);
  }

  function mayWork(order: ImageOrder): boolean {
    return order.status === "accepted" ? mayStart(deps, order) : order.status === "processing";
  }

  async function searchAndTell(order: ImageOrder): Promise<void> {
    const found = await lookUp(order).catch((error: unknown) => {
      if (areFilesAway(error)) throw error;
      deps.log.error("search.failed", { orderId: order.id, error: errorText(error) });
      return null;
    });
    if (found === null) {
      await giveUp(order, "search-failed");
      return;
    }
    const { candidates, previews } = found;
    await deps.store.transaction(async (tx) => {
      await tx.orders.change(order.id, { candidates, demand: { ...order.demand, local: true } });
      const text = candidateWords(candidates.length, deps.rules());
      await notifyBuyer(tx, deps.ambient, {
        id: `m_${order.id}_candidates`,
        conversationId: order.conversation_id,
        parts: [
          { type: "text", text },
          ...previews.flatMap((file) => (file === null ? [] : [{ type: "image" as const, file }])),
        ],
      });
    });
  }

  async function lookUp(order: ImageOrder) {
    const candidates = await findCandidates(deps, order.pictures, order.demand.words);
    const previews = await Promise.all(
      candidates.map(async (candidate, index) => {
        const bytes = await deps.files.get(candidate.file);
        return bytes === null
          ? null
          : await deps.files.put(await deps.engine.preview(bytes, `预览 ${index + 1}`));
      }),
    );
    return { candidates, previews };
  }

  async function giveUp(order: ImageOrder, why: string): Promise<void> {
    await deps.store.transaction(async (tx) => {
      const current = await tx.orders.find(order.id);
      if (current !== null) await failToHuman(deps, tx, current, why);
    });
  }

  /** The buyer agreed to a price without having picked: what we do not have, people look for. */
  async function toDesigner(order: ImageOrder): Promise<void> {
    await deps.store.transaction(async (tx) => {
      const current = await tx.orders.find(order.id);
      if (current === null || !mayWork(current)) return;
      await dispatchOrder(deps, tx, current, {
        reason: "designer_dispatch",
        cause: "needs-a-designer",
        words: deps.rules().say("handoff_designer"),
      });
    });
  }

  async function deliverOriginals(order: ImageOrder): Promise<void> {
    const deliveries = await originalsOf(order).catch((error: unknown) => {
      if (areFilesAway(error)) throw error;
      deps.log.error("originals.failed", { orderId: order.id, error: errorText(error) });
      return [];
    });
    await deps.store.transaction(async (tx) => {
      const current = await tx.orders.find(order.id);
      if (current === null || !mayWork(current)) return;
      if (deliveries.length < order.picked.length) {
        await failToHuman(deps, tx, current, "original-missing");
        return;
      }
      const working =
        current.status === "accepted"
          ? await moveOrder(tx, deps.ambient, current, "processing", "sending")
          : current;
      await deliverOrder(deps, tx, working, deliveries, "original-sent");
    });
  }

  async function originalsOf(order: ImageOrder): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    for (const number of order.picked) {
      const candidate = order.candidates[number - 1];
      const bytes = candidate === undefined ? null : await deps.files.get(candidate.file);
      const seen =
        bytes === null ? null : await keepPicture({ ...deps, pictures: deps.store.pictures }, bytes);
      if (candidate !== undefined && seen?.ok === true) {
        const { width, height, format } = seen.value.facts;
        deliveries.push({
          file: candidate.file,
          format,
          width,
          height,
          at: deps.ambient.now(),
          by: "gallery",
        });
      }
    }
    return deliveries;
  }
}
