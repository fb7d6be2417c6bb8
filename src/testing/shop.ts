import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConversationContext, conversationIdOf } from "../domain/conversations/conversation.ts";
import { type Part, plainText } from "../domain/conversations/message.ts";
import { JOB_KINDS } from "../domain/jobs/jobs.ts";
import { type Log, silentLog } from "../domain/log.ts";
import type { ImageOrder } from "../domain/orders/order.ts";
import { readEnv } from "../env.ts";
import { fingerprintPicture } from "../integrations/pictures/fingerprint.ts";
import { createApp } from "../server/app.ts";
import type { Outside } from "../server/outside.ts";
import { wire } from "../server/wire.ts";
import { aDatabase, isOnPostgres, showTime } from "./test-database.ts";

export type Shop = Awaited<ReturnType<typeof aShop>>;

/**
 * The whole service in this process on the rules path, without a platform: what buyers are told stays in the outbox.
 * Its clock only goes forward by `pass`; retries and deadlines need no waiting.
 */
export async function aShop(
  options: {
    settings?: Record<string, string>;
    around?: (outside: Outside) => Outside;
    /** What the gallery holds from the start. */
    gallery?: Uint8Array[];
    /** False: whatever model the settings name is asked first. */
    rulesOnly?: boolean;
    log?: Log;
  } = {},
) {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-shop-"));
  const database = await aDatabase(dir);
  let ahead = 0;
  showTime(Date.now(), { goesOn: true });
  const env = readEnv({
    DATA_DIR: dir,
    DATABASE_URL: database.url,
    QINGJIAN_WS_URL: "off",
    TIANWANG_CALLBACK_URL: "off",
    TUHUI_API_URL: "off",
    MERGE_WINDOW_MS: "0",
    TRACES: "off",
    ...options.settings,
  });
  const service = await wire(env, {
    root: process.cwd(),
    version: "test",
    log: options.log ?? silentLog,
    rulesOnly: options.rulesOnly ?? true,
    ownUrl: () => "http://127.0.0.1:0",
    ambient: {
      now: () => Date.now() + ahead,
      newId: (prefix) => `${prefix}_${randomUUID().replaceAll("-", "")}`,
    },
    ...(options.around === undefined ? {} : { around: options.around }),
  });
  for (const [index, bytes] of (options.gallery ?? []).entries())
    service.gallery.add({
      id: `g${index}`,
      title: `图案${index}`,
      tags: [],
      description: "",
      file: await service.files.put(bytes),
      fingerprint: await fingerprintPicture(bytes),
    });
  service.startJobs();
  const app = createApp(service);
  let count = 0;

  const shop = {
    service,
    /** Where its records and files lie. */
    dir,
    /** One message of a buyer, and everything that follows from it now. */
    async say(
      buyer: string,
      text: string,
      pictures: Uint8Array[] = [],
      context: ConversationContext | null = null,
    ): Promise<void> {
      const parts: Part[] = [];
      for (const bytes of pictures) parts.push({ type: "image", file: await service.files.put(bytes) });
      if (text !== "") parts.push({ type: "text", text });
      count += 1;
      await service.receiveMessage({
        ...whoIs(buyer),
        customer: { id: buyer, name: null },
        author: "buyer",
        platformMessageId: `${buyer}-${count}`,
        dedupeKey: `${buyer}-${count}`,
        parts,
        at: Date.now() + ahead,
        context,
      });
      await service.jobs.idle();
    },
    /** Time goes by, and whatever is due by then happens. */
    async pass(ms: number): Promise<void> {
      if (isOnPostgres()) showTime(Date.now() + ms);
      else {
        ahead += ms;
        for (const kind of JOB_KINDS) service.jobs.wake(kind, 0);
      }
      await service.jobs.idle();
    },
    orders: (buyer: string): Promise<ImageOrder[]> =>
      service.store.orders.ofConversation(conversationIdOf(whoIs(buyer)), 20),
    async handoffs(buyer: string) {
      const all = await service.store.handoffs.list({ limit: 200 });
      return all.filter((handoff) => handoff.customer_id === buyer);
    },
    /** Everything that this buyer was told, in order. */
    async told(buyer: string): Promise<string[]> {
      const recent = await service.store.messages.recent(conversationIdOf(whoIs(buyer)), 200);
      return recent
        .filter((message) => message.direction === "out")
        .map((message) => plainText(message.parts));
    },
    request: (path: string, init?: RequestInit) => app.request(path, init),
    async close(): Promise<void> {
      await service.stop();
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return shop;
}

/** Where a buyer of this shop writes from. */
export function whoIs(buyer: string) {
  return {
    channel: "qingjian",
    platform: "pinduoduo",
    shop: { id: "s1", name: null },
    externalConversationId: buyer,
  };
}
