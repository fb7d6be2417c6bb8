import { createHash } from "node:crypto";
import type { Conversation } from "./play-traffic.ts";

/** What was said, buyer by buyer, without anything that differs from one run to the next. */
export function trafficLog(conversations: readonly Conversation[]): string {
  return conversations
    .map(
      ({ buyer: { id, name, register, errand }, lines }) =>
        `== ${id} ${name}: ${errand}, ${register}\n${lines
          .map(({ from, text }) => `${from === "buyer" ? ">" : "<"} ${text.replaceAll("\n", " ")}\n`)
          .join("")}`,
    )
    .join("\n");
}

export function logHash(log: string): string {
  return createHash("sha256").update(log).digest("hex").slice(0, 16);
}
