import type { Operation } from "../pictures/plan.ts";
import { deadlineAt } from "../understanding/deadline.ts";
import { planOperations } from "../understanding/plan.ts";
import type { UnderstandInput, Understanding } from "../understanding/understanding.ts";
import type { DeskDeps } from "./desk/deps.ts";
import type { ImageOrder } from "./order.ts";
import type { PictureStore } from "./ports.ts";
import { type Service, serviceSchema } from "./service.ts";

const HOUR_MS = 60 * 60 * 1000;

export type ReadDemand = {
  /** None when the words only say how other work is to be delivered: a size, a format, a resolution. */
  services: Service[];
  /** Asked for before and no longer wanted. */
  withdrawn: Service[];
  operations: Operation[];
  /** True when our own engine can do all of it. */
  local: boolean;
  /** The services for whose sake it is not local; absent when there are other reasons too. */
  handmade?: Service[];
  urgent: boolean;
  /** In a hurry, but no time was named: whether it is urgent must be asked. */
  mayBeUrgent: boolean;
  /** UTC ms; null when no time was named. */
  deadlineAt: number | null;
  enlargeFactor: number | undefined;
  /** What must be asked before work can be priced, such as "which-size". */
  missing: string[];
  /** Wishes that exclude each other, or that the picture cannot carry. */
  contradictions: string[];
};

export type DemandReader = (demand: {
  words: string;
  pictures: readonly string[];
  services?: Service[] | undefined;
  urgent?: boolean | undefined;
  /** The order that a later demand is added to: then the words are a demand, whatever else they sound like. */
  order?: Pick<ImageOrder, "id" | "kind" | "status"> | undefined;
}) => Promise<ReadDemand>;

/** Turns a buyer's words into services and a plan of operations; what the caller states explicitly wins. */
export function createDemandReader({
  understand,
  pictures,
  ambient,
  rules,
}: {
  understand: (input: UnderstandInput) => Understanding;
  pictures: PictureStore;
} & Pick<DeskDeps, "ambient" | "rules">): DemandReader {
  return async ({ words, pictures: ids, services, urgent, order }) => {
    const understood = understand({
      text: words,
      has_image: ids.length > 0,
      ...(order === undefined
        ? {}
        : { context: { open_orders: [{ ref: order.id, kind: order.kind, status: order.status }] } }),
    });
    const said = order === undefined ? understood.services : understood.named;
    const wanted = services === undefined || services.length === 0 ? said : services;
    const first = ids[0] === undefined ? null : await pictures.find(ids[0]);
    const plan = planOperations(
      { ...understood, services: wanted.length === 0 ? ["basic"] : inOrder(wanted) },
      {
        width: first?.facts.width ?? 0,
        height: first?.facts.height ?? 0,
        flat_background: first?.facts.flat_background ?? false,
      },
    );
    const { slots } = understood;
    const { pricing, hours } = rules();
    const now = ambient.now();
    const latest = slots.deadline === undefined ? null : deadlineAt(slots.deadline, now, hours.timezone);
    const isSoon = latest !== null && latest - now <= pricing.urgent_within_hours * HOUR_MS;
    return {
      services: inOrder(wanted),
      withdrawn: understood.withdrawn.filter((service) => !wanted.includes(service)),
      operations: wanted.length === 0 ? plan.operations.filter(isDelivery) : plan.operations,
      local: plan.local && (wanted.length > 0 || plan.operations.some(isDelivery)),
      ...(plan.handmade === null || wanted.length === 0 ? {} : { handmade: plan.handmade }),
      urgent: urgent ?? (slots.urgent === "yes" || isSoon),
      mayBeUrgent: urgent === undefined && slots.urgent === "ask" && latest === null,
      deadlineAt: latest,
      enlargeFactor: slots.scale,
      missing: wanted.length === 0 ? [] : plan.missing,
      contradictions: plan.contradictions,
    };
  };
}

function isDelivery({ op }: Operation): boolean {
  return op === "resize" || op === "dpi" || op === "format";
}

function inOrder(services: readonly Service[]): Service[] {
  return serviceSchema.options.filter((service) => services.includes(service));
}
