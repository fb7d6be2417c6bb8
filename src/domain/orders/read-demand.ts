import type { Operation } from "../pictures/plan.ts";
import { planOperations } from "../understanding/plan.ts";
import type { UnderstandInput, Understanding } from "../understanding/understanding.ts";
import type { PictureStore } from "./ports.ts";
import { type Service, serviceSchema } from "./service.ts";

export type ReadDemand = {
  services: Service[];
  operations: Operation[];
  /** True when our own engine can do all of it. */
  local: boolean;
  urgent: boolean;
  enlargeFactor: number | undefined;
  /** What must be asked before work can be priced, such as "which-size". */
  missing: string[];
};

export type DemandReader = (demand: {
  words: string;
  pictures: readonly string[];
  services?: Service[] | undefined;
  urgent?: boolean | undefined;
}) => Promise<ReadDemand>;

/** Turns a buyer's words into services and a plan of operations; what the caller states explicitly wins. */
export function createDemandReader({
  understand,
  pictures,
}: {
  understand: (input: UnderstandInput) => Understanding;
  pictures: PictureStore;
}): DemandReader {
  return async ({ words, pictures: ids, services, urgent }) => {
    const understood = understand({ text: words, has_image: ids.length > 0 });
    const wanted = services === undefined || services.length === 0 ? understood.services : services;
    const first = ids[0] === undefined ? null : await pictures.find(ids[0]);
    const plan = planOperations(
      { ...understood, services: inOrder(wanted) },
      {
        width: first?.facts.width ?? 0,
        height: first?.facts.height ?? 0,
        flat_background: first?.facts.flat_background ?? false,
      },
    );
    return {
      services: inOrder(wanted),
      operations: plan.operations,
      local: plan.local,
      urgent: urgent ?? understood.slots.urgent === "yes",
      enlargeFactor: understood.slots.scale,
      missing: plan.missing,
    };
  };
}

function inOrder(services: readonly Service[]): Service[] {
  return serviceSchema.options.filter((service) => services.includes(service));
}
