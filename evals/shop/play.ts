import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aPhoto, aProductOnWhite, asScreenshot, withText } from "../../sandbox/pictures.ts";
import { conversationIdOf } from "../../src/domain/conversations/conversation.ts";
import { type Part, plainText } from "../../src/domain/conversations/message.ts";
import { silentLog } from "../../src/domain/log.ts";
import { readEnv } from "../../src/env.ts";
import { fingerprintPicture } from "../../src/integrations/pictures/fingerprint.ts";
import { type Service, wire } from "../../src/server/wire.ts";
import type { Outcome, Scenario } from "./scenario.ts";

const GALLERY = 8;

/** The whole service on the rules path, with a small gallery, and nothing outside it. */
export async function openShop(): Promise<{ service: Service; close(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-eval-"));
  const env = readEnv({
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: "off",
    TIANWANG_CALLBACK_URL: "off",
    TUHUI_API_URL: "http://127.0.0.1:9",
    MERGE_WINDOW_MS: "0",
  });
  const service = await wire(env, {
    root: process.cwd(),
    version: "eval",
    log: silentLog,
    rulesOnly: true,
    ownUrl: () => "http://127.0.0.1:0",
  });
  for (let seed = 1; seed <= GALLERY; seed += 1) {
    const bytes = await aPhoto(seed);
    service.gallery.add({
      id: `g${seed}`,
      title: seed === 5 ? "小猫插画" : `图案${seed}`,
      tags: [],
      description: "",
      file: await service.files.put(bytes),
      fingerprint: await fingerprintPicture(bytes),
    });
  }
  service.startJobs();
  return {
    service,
    async close() {
      await service.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Plays a buyer's turns, each to its end, and reads the records. */
export async function play(service: Service, scenario: Scenario): Promise<Outcome> {
  const who = {
    channel: "qingjian",
    platform: "pinduoduo",
    shop: { id: "s1", name: null },
    externalConversationId: scenario.id,
  };
  const conversationId = conversationIdOf(who);
  if (scenario.buyer.blacklisted)
    await service.store.customers.setBlacklisted(scenario.id, who.platform, true);
  let count = 0;
  for (const turn of scenario.turns) {
    if (turn.person_confirms)
      for (const order of await service.store.orders.ofConversation(conversationId, 10))
        if (order.status === "review") await service.desk.confirm(order.id, "阿明");
    const pictures = await Promise.all(turn.pictures.map((name) => picturePart(service, name)));
    const messages: Part[][] = [
      ...(pictures.length > 0 ? [pictures] : []),
      ...turn.say.map((text): Part[] => [{ type: "text", text }]),
    ];
    // One transaction after another, but no turn in between: a burst, as buyers send it.
    await Promise.all(
      messages.map((parts) => {
        count += 1;
        const id = `${scenario.id}-${count}`;
        return service.receiveMessage({
          ...who,
          customer: { id: scenario.id, name: null },
          author: "buyer",
          platformMessageId: id,
          dedupeKey: id,
          parts,
          at: Date.now(),
          context: null,
        });
      }),
    );
    await service.jobs.idle();
  }
  return await read(service, conversationId);
}

async function read({ store }: Service, conversationId: string): Promise<Outcome> {
  const orders = (await store.orders.ofConversation(conversationId, 20)).reverse();
  const handoffs = await store.handoffs.list({ limit: 200 });
  const messages = await store.messages.recent(conversationId, 100);
  const turns = await Promise.all(
    [...new Set(messages.flatMap((message) => (message.turn_id === null ? [] : [message.turn_id])))].map(
      (id) => store.turns.find(id),
    ),
  );
  return {
    orders: await Promise.all(
      orders.map(async (order) => ({
        kind: order.kind,
        status: order.status,
        total_fen:
          order.quote_id === null
            ? null
            : ((await store.certificates.findQuote(order.quote_id))?.certificate.total_fen ?? null),
        revisions: order.revision,
      })),
    ),
    handoffs: handoffs.filter((it) => it.conversation_id === conversationId).map((it) => it.reason),
    replies: messages
      .filter((message) => message.direction === "out")
      .map((message) => plainText(message.parts)),
    tools: turns.flatMap((turn) => turn?.tools ?? []),
  };
}

async function picturePart({ files }: Service, name: string): Promise<Part> {
  const [kind, detail = ""] = name.split(":");
  const bytes =
    kind === "broken"
      ? Buffer.from("this is no picture")
      : kind === "screenshot"
        ? await asScreenshot(await aPhoto(Number(detail)))
        : kind === "white"
          ? await aProductOnWhite(Number(detail))
          : kind === "text"
            ? await withText(await aPhoto(90), detail)
            : await aPhoto(Number(detail), { width: 400, height: 300 });
  return { type: "image", file: await files.put(bytes) };
}
