import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Conversation } from "../../src/domain/conversations/conversation.ts";
import { play } from "../scenarios/play.ts";
import { readScenarios } from "../scenarios/read-scenarios.ts";
import { PLAIN_WORLD } from "../scenarios/scenario.ts";
import { openStage, type Stage } from "../scenarios/stage.ts";
import { type Replayed, replay } from "./replay.ts";

const OTHERS = 4;

let stage: Stage;
let conversations: Conversation[];

beforeAll(async () => {
  // Every second of those that need nothing special of the world.
  const chosen = readScenarios("shop")
    .filter(
      ({ world, steps, before }) =>
        JSON.stringify(world) === JSON.stringify(PLAIN_WORLD) &&
        ![...before, ...steps].some((step) => "breaks" in step || "while_working" in step),
    )
    .filter((_scenario, at) => at % 2 === 0);
  expect(chosen.length).toBeGreaterThan(100);
  stage = await openStage("shop", PLAIN_WORLD);
  for (const scenario of chosen) await play(stage, scenario);
  // What comes later to the first of them is told as well.
  const all = await stage.service.store.conversations.list({ limit: 1_000 });
  for (const { id } of all) await stage.settle(id);
  // While the last ones settled, a task of an earlier one may have begun to speak.
  await stage.arrive(all.map(({ id }) => id));
  conversations = await stage.service.store.conversations.list({ limit: 1_000 });
}, 240_000);
afterAll(async () => {
  await stage.close();
});

async function replayed(
  configDir = "config",
  chosen: readonly Conversation[] = conversations,
): Promise<Replayed[]> {
  const all: Replayed[] = [];
  await replay(chosen, stage.service, { configDir, onReplayed: (one) => all.push(one) });
  return all;
}

it("tells and does the same again when nothing was changed", { timeout: 240_000 }, async () => {
  const all = await replayed();

  expect(all).toHaveLength(conversations.length);
  expect(all.filter(({ difference, skipped }) => difference !== null || skipped.length > 0)).toEqual([]);
});

it("differs where a changed price was told, and nowhere else", { timeout: 240_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), "replay-"));
  cpSync("config", dir, { recursive: true });
  const file = join(dir, "pricing.yaml");
  const before = readFileSync(file, "utf8");
  const after = before.replace(/(cutout: \{ name: [^,]+, base_fen: )2000/u, "$12300");
  expect(after).not.toBe(before);
  writeFileSync(file, after);
  const withCutout = new Set<string>();
  for (const { id } of conversations)
    for (const order of await stage.service.store.orders.ofConversation(id, 100)) {
      const quote =
        order.quote_id === null ? null : await stage.service.store.certificates.findQuote(order.quote_id);
      if (quote?.certificate.items.some(({ service }) => service === "cutout")) withCutout.add(id);
    }
  // Also a price that came to no order.
  for (const { id } of conversations)
    for (const { parts } of await stage.service.store.messages.recent(id, 1_000))
      if (JSON.stringify(parts).includes("抠图/换底 ")) withCutout.add(id);

  // Of those that it is nothing to, some: all of them were played again above.
  const chosen = conversations.filter(({ id }, at) => withCutout.has(id) || at % OTHERS === 0);
  const all = await replayed(dir, chosen);

  rmSync(dir, { recursive: true, force: true });
  expect(withCutout.size).toBeGreaterThan(1);
  expect(chosen.length).toBeGreaterThan(2 * withCutout.size);
  expect(
    new Set(all.filter(({ difference }) => difference !== null).map((one) => one.conversationId)),
  ).toEqual(withCutout);
});
