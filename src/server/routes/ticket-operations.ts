import { Hono } from "hono";
import { validator } from "hono-openapi";
import { z } from "zod";
import type { Ambient } from "../../domain/clock.ts";
import type { Store } from "../../domain/records.ts";
import type { Say } from "../../domain/replies.ts";
import { moveTicket, type TicketCallback } from "../../domain/tickets/move-ticket.ts";
import { TICKET_STATUSES, type Ticket } from "../../domain/tickets/ticket.ts";
import { apiError, onInvalid } from "../api-error.ts";
import { operation, personSchema } from "./order-operations.ts";

const querySchema = z.object({
  status: z.enum(TICKET_STATUSES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const moveSchema = personSchema.extend({
  status: z.enum(TICKET_STATUSES),
  note: z.string().min(1).max(500).optional(),
});

export type TicketOperationDeps = {
  store: Store;
  say: () => Say;
  ticketCallback: TicketCallback;
  ambient: Ambient;
};

/** The IT desk's tickets: see them, move them on. */
export function createTicketOperations({ store, say, ticketCallback, ambient }: TicketOperationDeps) {
  const routes = new Hono();
  routes.get(
    "/",
    operation("Tickets of the IT desk, newest first."),
    validator("query", querySchema, onInvalid),
    async (c) => c.json({ success: true as const, tickets: await store.tickets.list(c.req.valid("query")) }),
  );
  routes.get("/:id", operation("One ticket."), async (c) => {
    const ticket = await store.tickets.find(c.req.param("id") ?? "");
    return ticket === null
      ? apiError(c, 404, "no ticket with this id")
      : c.json({ success: true as const, ticket });
  });
  routes.post(
    "/:id/status",
    operation("Moves a ticket on; whoever opened it is told. A closed one stays closed."),
    validator("json", moveSchema, onInvalid),
    async (c) => {
      const { status, note = null, by } = c.req.valid("json");
      const moved = await store.transaction((tx) =>
        moveTicket(
          tx,
          { ambient, callback: ticketCallback },
          c.req.param("id") ?? "",
          { status, note, by },
          wordsOf,
        ),
      );
      if (moved.ok) return c.json({ success: true as const, ticket: moved.value });
      return moved.refusal === "not-found"
        ? apiError(c, 404, "no ticket with this id")
        : apiError(c, 409, `a ticket in this state cannot become ${status}`);
    },
  );
  return routes;

  function wordsOf({ id, title, status, note }: Ticket): string | null {
    if (status === "open") return null;
    return say()(`ticket_${status}`, { id, title, note: note === null ? "" : `：${note}` });
  }
}
