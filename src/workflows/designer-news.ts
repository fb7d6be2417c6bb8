import { AppError } from "../domain/errors.ts";
import { deliverOrder, designerToHuman } from "../domain/orders/desk/progress-order.ts";
import type { Delivery, ImageOrder } from "../domain/orders/order.ts";
import type { OrderStatus } from "../domain/orders/order-status.ts";
import type { PictureFetcher } from "../domain/pictures/ports.ts";
import { takePicture } from "../domain/pictures/take-picture.ts";
import type { WorkflowDeps } from "./workflow-deps.ts";

/** So often a delivered picture is fetched before a person is asked. */
const MOST_FETCHES = 8;
/** Late ones are a person's, and still the designer's to deliver. */
export const WITH_DESIGNER: readonly OrderStatus[] = ["dispatched", "handed_off"];

/** What follows from a designer's news: the buyer gets the pictures, or a person gets the order. */
export function createDesignerNews(deps: WorkflowDeps & { fetcher: PictureFetcher }) {
  const { store, ambient } = deps;
  return { delivered, gaveUp, isLate };

  /** The designer's pictures come in by the same door as any other, then go to the buyer. */
  async function delivered(order: ImageOrder, images: { url: string }[], attempt: number): Promise<void> {
    const deliveries: Delivery[] = [];
    for (const { url } of images) {
      const taken = await takePicture({ ...deps, pictures: store.pictures }, { url });
      if (!taken.ok) {
        if (taken.refusal === "fetch-failed" && attempt < MOST_FETCHES)
          throw new AppError("delivery-unreadable", `a delivered picture was refused: ${taken.refusal}`);
        await gaveUp(order, `delivery-unreadable: ${taken.refusal}`);
        return;
      }
      const { width, height, format } = taken.value.facts;
      deliveries.push({ file: taken.value.id, format, width, height, at: ambient.now(), by: "designer" });
    }
    if (deliveries.length === 0) {
      await gaveUp(order, "delivery-empty");
      return;
    }
    await store.transaction(async (tx) => {
      const current = await tx.orders.find(order.id);
      // Handed over because it was late: late is better than never.
      if (current !== null && WITH_DESIGNER.includes(current.status))
        await deliverOrder(deps, tx, current, deliveries, "designer-delivered");
    });
  }

  async function gaveUp(order: ImageOrder, reason: string): Promise<void> {
    await toPerson(order, { why: `designer: ${reason}`.slice(0, 200), isLate: false });
  }

  async function isLate(order: ImageOrder): Promise<void> {
    await toPerson(order, { why: "deadline-passed", isLate: true });
  }

  async function toPerson(order: ImageOrder, cause: { why: string; isLate: boolean }): Promise<void> {
    await store.transaction(async (tx) => {
      const current = await tx.orders.find(order.id);
      if (current !== null) await designerToHuman(deps, tx, current, cause);
    });
  }
}
