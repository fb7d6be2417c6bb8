import { afterEach, beforeEach, expect, it } from "vitest";
import type { Message } from "../domain/conversations/message.ts";
import { silentLog } from "../domain/log.ts";
import type { PictureFetcher } from "../domain/pictures/ports.ts";
import { refuse } from "../domain/result.ts";
import { aClock, anInbound, aStore, CONVERSATION_ID } from "../testing/test-store.ts";
import { createPartIntake } from "./part-intake.ts";

const URL = "https://pictures.example/slow.png";

let opened: Awaited<ReturnType<typeof aStore>>;
let asked: string[];
let arrive: () => void;

beforeEach(async () => {
  opened = await aStore(aClock());
  asked = [];
});
afterEach(() => opened.store.close());

/** An intake whose pictures come when the test says so; each is refused in the end. */
function anIntake(patienceMs: number) {
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const fetcher: PictureFetcher = {
    async fetch(url) {
      asked.push(url);
      await arrived;
      return refuse("fetch-failed");
    },
  };
  const { store } = opened;
  return createPartIntake({
    messages: store.messages,
    pictures: store.pictures,
    files: { put: async () => "", get: async () => null, check: async () => {} },
    fetcher,
    inspector: { inspect: async () => refuse("unsupported-format") },
    ambient: aClock(),
    log: silentLog,
    patienceMs,
  });
}

async function pending(): Promise<Message[]> {
  return await opened.store.messages.pending(CONVERSATION_ID);
}

async function receive(urls: string[]) {
  const message = anInbound({ parts: urls.map((url) => ({ type: "image", url })) });
  await opened.store.conversations.upsert(message, 0);
  await opened.store.messages.addInbound(message, {
    id: `m${message.dedupeKey}`,
    conversationId: CONVERSATION_ID,
    status: "pending",
    fence: 1,
  });
}

it("lets the turn go when a picture is slow, asks for it once, and has it when the turn comes again", async () => {
  const intake = anIntake(5);
  await receive([URL]);

  expect(await intake.takeIn(await pending())).toBeNull();
  expect(await intake.takeIn(await pending())).toBeNull();
  arrive();
  await expect.poll(async () => (await pending())[0]?.parts).toMatchObject([{ refused: "fetch-failed" }]);

  expect(await intake.takeIn(await pending())).toMatchObject([{ parts: [{ refused: "fetch-failed" }] }]);
  expect(asked).toEqual([URL]);
});

it("asks for all pictures of a burst at once", async () => {
  const intake = anIntake(1_000);
  await receive([URL, `${URL}?2`]);
  await receive([`${URL}?3`]);

  const taking = intake.takeIn(await pending());
  await expect.poll(() => asked).toHaveLength(3);
  arrive();

  expect((await taking)?.flatMap((message) => message.parts)).toHaveLength(3);
});
