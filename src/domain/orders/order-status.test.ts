import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decideMove,
  ORDER_MOVES,
  ORDER_STATUSES,
  type OrderStatus,
  orderStatusSchema,
} from "./order-status.ts";

const TERMINAL: OrderStatus[] = ["closed", "rejected", "cancelled"];
const statuses = fc.constantFrom(...ORDER_STATUSES);

function reachableFrom(start: OrderStatus): Set<OrderStatus> {
  const reached = new Set<OrderStatus>([start]);
  for (const status of reached) for (const next of ORDER_MOVES[status]) reached.add(next);
  return reached;
}

describe("decideMove", () => {
  it("allows exactly what the table lists", () => {
    fc.assert(
      fc.property(statuses, statuses, (from, to) => {
        expect(decideMove(from, to).ok).toBe(ORDER_MOVES[from].includes(to));
      }),
    );
  });

  it("allows the straight way from draft to closed", () => {
    const way: OrderStatus[] = ["draft", "quoted", "accepted", "processing", "delivered", "closed"];
    way.slice(1).forEach((to, index) => {
      expect(decideMove(way[index] ?? "draft", to)).toEqual({ ok: true, value: to });
    });
  });

  it("refuses to stay in place", () => {
    for (const status of ORDER_STATUSES) expect(decideMove(status, status).ok).toBe(false);
  });

  it.each([
    ["work without a yes", "quoted", "processing"],
    ["a yes without a price", "draft", "accepted"],
    ["a designer without a yes", "quoted", "dispatched"],
    ["cancelling what was delivered", "delivered", "cancelled"],
    ["rejecting work that runs", "processing", "rejected"],
  ] as [string, OrderStatus, OrderStatus][])("refuses %s", (_name, from, to) => {
    expect(decideMove(from, to)).toEqual({ ok: false, refusal: "move-not-allowed" });
  });
});

describe("ORDER_MOVES", () => {
  it("has no exit from closed, rejected and cancelled, and one from every other", () => {
    for (const status of ORDER_STATUSES) {
      expect(ORDER_MOVES[status].length === 0, status).toBe(TERMINAL.includes(status));
    }
  });

  it("reaches every status from draft, and an end from every status", () => {
    expect([...reachableFrom("draft")].sort()).toEqual([...ORDER_STATUSES].sort());
    for (const status of ORDER_STATUSES) {
      expect(
        TERMINAL.some((end) => reachableFrom(status).has(end)),
        status,
      ).toBe(true);
    }
  });

  it("lets every order that is not delivered or over be cancelled, where it can stay", () => {
    for (const status of orderStatusSchema.exclude(["delivered"]).options) {
      // Broken work is handed to people in the transaction that says so.
      if (TERMINAL.includes(status) || status === "failed") continue;
      expect(decideMove(status, "cancelled").ok, status).toBe(true);
    }
  });
});
