import { WebSocketServer } from "ws";
import { PLAIN, TOOL } from "./words.ts";

// A shop's PC for the bench, in a process of its own: many buyers write, every reply is acknowledged. It is told what
// to do by messages from its parent and reports what it saw.

export type BuyersPlan = {
  conversations: number;
  turns: number;
  /** 0: each buyer writes again as soon as the reply is there; else so many messages a second over all. */
  perSecond: number;
  toolShare: number;
  /** What the buyers' names begin with: absent, they are new. */
  names?: string | undefined;
};
export type BuyersReport = { turns: number; seconds: number; latenciesMs: number[]; doubled: number };

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
server.on("listening", () => process.send?.({ port: (server.address() as { port: number }).port }));

process.on("message", (plan: BuyersPlan) => {
  const socket = [...server.clients].at(-1);
  if (socket === undefined) throw new Error("the service is not connected");
  const waiting = new Map<string, number>();
  const latenciesMs: number[] = [];
  const seen = new Set<string>();
  let doubled = 0;
  let sent = 0;
  let seed = 7;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const startedAt = performance.now();

  function say(conversation: string): void {
    if (sent >= plan.turns) return;
    sent += 1;
    const words = random() < plan.toolShare ? TOOL : PLAIN;
    waiting.set(conversation, performance.now());
    socket?.send(
      JSON.stringify({
        v: 1,
        kind: "message",
        id: `f-${process.pid}-${startedAt}-${sent}`,
        ts: Date.now(),
        platform: "bench",
        shop: { id: "s1" },
        conversation: { id: conversation },
        from: { role: "buyer", id: conversation },
        message: {
          id: `m-${startedAt}-${sent}`,
          type: "text",
          text: words[Math.floor(random() * words.length)],
        },
      }),
    );
  }

  const onMessage = (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as {
      kind: string;
      id: string;
      idempotency_key?: string;
      conversation?: { id: string };
    };
    if (frame.kind !== "reply") return;
    socket.send(JSON.stringify({ v: 1, kind: "ack", id: `a-${frame.id}`, ref: frame.id, ok: true }));
    const key = frame.idempotency_key ?? "";
    if (seen.has(key)) doubled += 1;
    seen.add(key);
    const conversation = frame.conversation?.id ?? "";
    const at = waiting.get(conversation);
    if (at === undefined) return;
    waiting.delete(conversation);
    latenciesMs.push(performance.now() - at);
    if (latenciesMs.length >= plan.turns) {
      socket.off("message", onMessage);
      const report: BuyersReport = {
        turns: latenciesMs.length,
        seconds: (performance.now() - startedAt) / 1000,
        latenciesMs,
        doubled,
      };
      process.send?.({ report });
    } else if (plan.perSecond === 0) say(conversation);
  };
  socket.on("message", onMessage);

  const names = Array.from(
    { length: plan.conversations },
    (_none, n) => `${plan.names ?? `c-${startedAt}-`}${n}`,
  );
  if (plan.perSecond === 0) for (const name of names) say(name);
  else {
    // Evenly spaced; a buyer who still waits is passed over for the next free one.
    let due = 0;
    const timer = setInterval(() => {
      const until = ((performance.now() - startedAt) / 1000) * plan.perSecond;
      for (; due < until && sent < plan.turns; due += 1) {
        const free = names.find((name) => !waiting.has(name));
        if (free !== undefined) {
          names.push(names.splice(names.indexOf(free), 1)[0] ?? free);
          say(free);
        }
      }
      if (sent >= plan.turns) clearInterval(timer);
    }, 2);
  }
});
