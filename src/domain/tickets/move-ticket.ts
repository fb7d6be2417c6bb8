import type { Ambient } from "../clock.ts";
import { notifyBuyer } from "../conversations/notify-buyer.ts";
import type { Records } from "../records.ts";
import { accept, type Result, refuse } from "../result.ts";
import { mayMove, type Ticket, type TicketStatus } from "./ticket.ts";

const CALLBACK_ATTEMPTS = 7;

/** Where other systems hear of tickets; null: nowhere. */
export type TicketCallback = { url: string | null };

/** Opens a ticket once, and tells of it. */
export async function openTicket(
  tx: Records,
  { ambient, callback }: { ambient: Ambient; callback: TicketCallback },
  ticket: Ticket,
): Promise<Ticket> {
  const opened = await tx.tickets.open(ticket);
  if (opened.id === ticket.id) await queueTicketCallback(tx, { ambient, callback }, opened, "ticket.opened");
  return opened;
}

/**
 * Moves a ticket on; whoever opened it is told in their conversation, other systems by callback.
 *
 * @param words - tells the member of staff; null: nothing is said
 */
export async function moveTicket(
  tx: Records,
  deps: { ambient: Ambient; callback: TicketCallback },
  id: string,
  to: { status: TicketStatus; note: string | null; by: string },
  words: (ticket: Ticket) => string | null,
): Promise<Result<Ticket, "not-found" | "not-allowed">> {
  const ticket = await tx.tickets.find(id);
  if (ticket === null) return refuse("not-found");
  if (!mayMove(ticket.status, to.status)) return refuse("not-allowed");
  const now = deps.ambient.now();
  const changed = await tx.tickets.change(ticket, {
    status: to.status,
    note: to.note,
    changed_by: to.by,
    updated_at: now,
  });
  if (changed === null) return refuse("not-allowed");
  await queueTicketCallback(tx, deps, changed, `ticket.${changed.status}`);
  const text = words(changed);
  if (text !== null)
    await notifyBuyer(tx, deps.ambient, {
      id: `m_${changed.id}_${changed.status}_${now}`,
      conversationId: changed.conversation_id,
      parts: [{ type: "text", text }],
    });
  return accept(changed);
}

/** Signed and retried as 天网's callbacks are (spec tasks). */
async function queueTicketCallback(
  tx: Records,
  { ambient, callback }: { ambient: Ambient; callback: TicketCallback },
  { id, status, title, description, priority, customer_id, customer_name, note, changed_by }: Ticket,
  event: string,
): Promise<void> {
  if (callback.url === null) return;
  await tx.jobs.enqueue({
    kind: "task-callback",
    payload: {
      id: ambient.newId("cb"),
      url: callback.url,
      body: {
        event,
        ticket_id: id,
        status,
        title,
        description,
        priority,
        customer: { id: customer_id, name: customer_name },
        ...(note === null ? {} : { note }),
        ...(changed_by === null ? {} : { by: changed_by }),
        occurred_at: new Date(ambient.now()).toISOString(),
      },
    },
    maxAttempts: CALLBACK_ATTEMPTS,
  });
}
