import { z } from "zod";

export const TICKET_STATUSES = ["open", "in_progress", "resolved", "closed"] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];

export const ticketPrioritySchema = z.enum(["low", "normal", "high", "urgent"]);

/** Work for the IT desk that a talk does not settle. */
export type Ticket = {
  id: string;
  conversation_id: string;
  /** The turn that opened it: the same turn run again finds it. */
  turn_id: string;
  customer_id: string;
  customer_name: string | null;
  title: string;
  description: string;
  priority: z.infer<typeof ticketPrioritySchema>;
  status: TicketStatus;
  /** What whoever changed the status last said to it. */
  note: string | null;
  changed_by: string | null;
  created_at: number;
  updated_at: number;
};

export type TicketStore = {
  /** Safe to repeat: one ticket per turn and title; returns the one that is there. */
  open(ticket: Ticket): Promise<Ticket>;
  find(id: string): Promise<Ticket | null>;
  ofConversation(conversationId: string): Promise<Ticket[]>;
  list(filter: { status?: TicketStatus | undefined; limit: number }): Promise<Ticket[]>;
  /** Only from the status it was read in; null when somebody changed it meanwhile. */
  change(
    ticket: Pick<Ticket, "id" | "status">,
    to: Pick<Ticket, "status" | "note" | "changed_by" | "updated_at">,
  ): Promise<Ticket | null>;
};

/** A closed ticket stays closed; before that the desk may move it to and fro. */
export function mayMove(from: TicketStatus, to: TicketStatus): boolean {
  return from !== "closed" && from !== to;
}
