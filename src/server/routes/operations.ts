import { Hono } from "hono";
import { validator } from "hono-openapi";
import { z } from "zod";
import type { Bridge } from "../../channels/qingjian/bridge.ts";
import type { Takeover } from "../../conversation/takeover.ts";
import type { Ambient } from "../../domain/clock.ts";
import type { Handoff } from "../../domain/handoffs/handoff.ts";
import type { JobRunner } from "../../domain/jobs/jobs.ts";
import type { Log } from "../../domain/log.ts";
import type { OrderDesk } from "../../domain/orders/order-desk.ts";
import { keepPicture, type PictureDoor } from "../../domain/pictures/take-picture.ts";
import type { Store } from "../../domain/records.ts";
import { apiError, onInvalid } from "../api-error.ts";
import { requireKeyOrLoopback } from "../auth.ts";
import { createOrderOperations, operation, personSchema } from "./order-operations.ts";
import { createTicketOperations, type TicketOperationDeps } from "./ticket-operations.ts";

const handoffQuerySchema = z.object({
  status: z.enum(["requested", "queued", "human", "returned"]).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const customerSchema = personSchema.extend({
  platform: z.string().min(1).max(64),
  blacklisted: z.boolean(),
});

export type OperationDeps = {
  store: Store;
  desk: OrderDesk;
  takeover: Takeover;
  bridge: Bridge | null;
  jobs: JobRunner;
  door: Omit<PictureDoor, "fetcher">;
  ambient: Ambient;
  log: Log;
  apiKey: string | undefined;
} & TicketOperationDeps;

/** What a person does: orders, handoffs, customers, the bridge. The operations commands and the console speak to these. */
export function createOperationRoutes(deps: OperationDeps) {
  const { store, takeover, bridge, jobs, log } = deps;
  const routes = new Hono();
  routes.use("*", requireKeyOrLoopback(deps.apiKey));
  routes.route("/orders", createOrderOperations(deps));
  routes.route("/tickets", createTicketOperations(deps));

  routes.post(
    "/pictures",
    operation("Takes in a picture: the body is its bytes. Answers its id, for a delivery."),
    async (c) => {
      const kept = await keepPicture(deps.door, new Uint8Array(await c.req.arrayBuffer()));
      if (!kept.ok) return apiError(c, 422, `the picture was refused (${kept.refusal})`);
      const { id, facts } = kept.value;
      return c.json({ success: true as const, picture: { id, width: facts.width, height: facts.height } });
    },
  );

  routes.post(
    "/customers/:id/blacklist",
    operation(
      "Puts a customer of a platform on the black list, or takes them off: their demands are refused.",
    ),
    validator("json", customerSchema, onInvalid),
    async (c) => {
      const { platform, blacklisted, by } = c.req.valid("json");
      const id = c.req.param("id") ?? "";
      await store.customers.setBlacklisted(id, platform, blacklisted);
      log.info("customer.blacklist", { customerId: id, platform, blacklisted, by });
      return c.json({ success: true as const, customer: await store.customers.find(id, platform) });
    },
  );
  routes.get("/customers/blacklisted", operation("The black list."), async (c) =>
    c.json({ success: true as const, customers: await store.customers.blacklisted() }),
  );

  routes.get(
    "/handoffs",
    operation("Handoffs, newest first."),
    validator("query", handoffQuerySchema, onInvalid),
    async (c) =>
      c.json({ success: true as const, handoffs: await store.handoffs.list(c.req.valid("query")) }),
  );
  routes.post(
    "/handoffs/:id/take",
    operation("A person takes the conversation: the bot says nothing more."),
    validator("json", personSchema, onInvalid),
    async (c) =>
      withHandoff(c, async ({ conversation_id, status, taken_by }) => {
        const { by } = c.req.valid("json");
        if (status === "returned") return "this handoff has ended";
        // The platform gave it to one of its people, and who that is only they know.
        if (status === "human" && taken_by !== null && taken_by !== by && taken_by !== "platform")
          return `${taken_by} has taken it already`;
        await takeover.takeOver(conversation_id, by);
        return null;
      }),
  );
  routes.post("/handoffs/:id/release", operation("Gives the conversation back to the bot."), async (c) =>
    // Its order may have ended it while the chat was being taken: the chat is held all the same.
    withHandoff(c, async ({ conversation_id, status }) => {
      const isOver = status === "returned";
      if (isOver && (await isHeldByAnother(conversation_id))) return "this handoff has ended";
      const wasHeld = await takeover.release(conversation_id);
      return isOver && !wasHeld ? "this handoff has ended" : null;
    }),
  );

  routes.get("/dead-jobs", operation("Work that was given up, newest 200."), async (c) =>
    c.json({ success: true as const, dead: await jobs.dead() }),
  );
  routes.post("/dead-jobs/:id/replay", operation("Tries work that was given up once more."), async (c) =>
    (await jobs.replay(c.req.param("id") ?? ""))
      ? c.json({ success: true as const })
      : apiError(c, 404, "no dead job with this id"),
  );
  routes.get("/bridge/unmatched", operation("Frames that no mapping of the profile understands."), (c) =>
    c.json({
      success: true as const,
      // Frames are kept by the process that got them; of several, only one has the bridge.
      has_bridge: bridge?.isConnected() ?? false,
      counts: bridge?.recorder.counts() ?? null,
      frames: bridge?.recorder.listUnmatched() ?? [],
    }),
  );
  routes.get("/outbox/uncertain", operation("Messages whose sending is in doubt."), async (c) =>
    c.json({ success: true as const, messages: await store.messages.listOutbound("uncertain", 100) }),
  );
  return routes;

  async function isHeldByAnother(conversationId: string): Promise<boolean> {
    return (await store.handoffs.openOf(conversationId)).some(({ status }) => status === "human");
  }

  /** The work tells why there was nothing to do; null when it is done. */
  async function withHandoff(
    c: Parameters<typeof apiError>[0],
    work: (handoff: Handoff) => Promise<string | null>,
  ) {
    const id = c.req.param("id") ?? "";
    const handoff = await store.handoffs.find(id);
    if (handoff === null) return apiError(c, 404, "no handoff with this id");
    const refusal = await work(handoff);
    if (refusal !== null) return apiError(c, 409, refusal);
    return c.json({ success: true as const, handoff: await store.handoffs.find(id) });
  }
}
