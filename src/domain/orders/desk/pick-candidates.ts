import { type Result, refuse } from "../../result.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { asOpened, type OpenedOrder, quoteIt } from "./open-order.ts";

/**
 * The buyer picks among the candidates of a find order: pictures bought are priced and the order is quoted.
 *
 * @param numbers - 1-based, as shown to the buyer
 */
export async function pickCandidates(
  deps: DeskDeps,
  orderId: string,
  numbers: number[],
): Promise<Result<OpenedOrder, "not-found" | "no-such-candidate" | "not-open">> {
  const order = await deps.store.orders.find(orderId);
  if (order === null) return refuse("not-found");
  const picked = [...new Set(numbers)].sort((a, b) => a - b);
  if (picked.length === 0 || picked.some((number) => order.candidates[number - 1] === undefined))
    return refuse("no-such-candidate");
  if (order.picked.join() === picked.join() && order.quote_id !== null)
    return { ok: true, value: await asOpened(deps, order) };
  if (order.status !== "draft" && order.status !== "quoted") return refuse("not-open");

  return await deps.store.transaction(async (tx) => {
    const current = await tx.orders.find(orderId);
    if (current?.status !== "draft" && current?.status !== "quoted") return refuse("not-open" as const);
    await tx.orders.change(orderId, { picked });
    const quote = await quoteIt(deps, tx, current, [], { pictures: picked.length });
    const quoted =
      current.status === "quoted"
        ? current
        : await moveOrder(tx, deps.ambient, current, "quoted", "candidate-picked");
    return { ok: true as const, value: { order: { ...quoted, picked }, quote, risk: null, isNew: true } };
  });
}
