import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import {
  dispatchImageSchema,
  dispatchStatusSchema,
  type TaskDispatch,
} from "../../domain/orders/dispatch.ts";

const ANSWER_WITHIN_MS = 10_000;

const openedSchema = z.object({ order_no: z.string().min(1) });
const stateSchema = z.object({
  order_no: z.string(),
  status: dispatchStatusSchema,
  images: z.array(dispatchImageSchema).nullish(),
  reason: z.string().nullish(),
});

/** 图绘 over HTTP. Its real API is not published: everything we assume of it is in this file. */
export function createTuhuiDispatch({ baseUrl }: { baseUrl: string }): TaskDispatch {
  return {
    async open(request) {
      return openedSchema.parse(await call("POST", "/api/orders", request));
    },
    async supplement(orderNo, supplement) {
      await call("POST", `/api/orders/${encodeURIComponent(orderNo)}/requirements`, supplement);
    },
    async cancel(orderNo, reason) {
      await call("POST", `/api/orders/${encodeURIComponent(orderNo)}/cancel`, { reason });
    },
    async state(orderNo) {
      const state = stateSchema.parse(await call("GET", `/api/orders/${encodeURIComponent(orderNo)}`));
      return { ...state, images: state.images ?? [], reason: state.reason ?? null };
    },
  };

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    try {
      const response = await fetch(`${baseUrl}${path}`, {
        method,
        redirect: "error",
        headers: { "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw new AppError("dispatch-unavailable", `图绘 answered ${response.status} to ${method} ${path}`);
      }
      return await response.json();
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError("dispatch-unavailable", `图绘 did not answer ${method} ${path}`, { cause: error });
    }
  }
}
