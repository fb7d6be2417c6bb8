import { afterEach, describe, expect, it } from "vitest";
import { AppError } from "../domain/errors.ts";
import { aConversationService, type ConversationService } from "../testing/conversation-harness.ts";
import { anInbound, CONVERSATION_ID } from "../testing/test-store.ts";

let open: ConversationService[] = [];
afterEach(async () => {
  for (const service of open) await service.close();
  open = [];
});

async function aService(
  options: Parameters<typeof aConversationService>[0] = {},
): Promise<ConversationService> {
  const service = await aConversationService(options);
  service.start();
  open.push(service);
  return service;
}

describe("a turn", () => {
  it("keeps a turn waiting for as long as its pictures cannot be kept", async () => {
    let areFilesAway = true;
    const service = await aService({
      takeIn: async (messages) => {
        if (areFilesAway) throw new AppError("files-unavailable", "away");
        return messages;
      },
    });

    await service.receive(anInbound());
    for (let minutes = 0; minutes < 90; minutes += 1) await service.advance(60_000);
    expect(service.asked).toEqual([]);
    areFilesAway = false;
    await service.advance(10_000);

    expect(service.asked).toHaveLength(1);
    expect(await service.jobs.dead()).toEqual([]);
  });

  it("answers a message once however often it is delivered", async () => {
    const service = await aService();
    const message = anInbound({ text: "在吗" });

    const received = [];
    for (let time = 0; time < 5; time += 1) received.push((await service.receive(message)).status);
    await service.jobs.idle();

    expect(received).toEqual(["stored", "duplicate", "duplicate", "duplicate", "duplicate"]);
    expect(service.texts()).toEqual(["答：在吗"]);
  });

  it("merges a burst into one turn and answers when the window after the last message has passed", async () => {
    const service = await aService({ mergeWindowMs: 1500 });

    for (const text of ["在吗", "这张图", "能弄清楚点不", "多少钱"]) {
      await service.receive(anInbound({ text }));
      await service.advance(1_000);
    }
    expect(service.asked).toHaveLength(0);
    await service.advance(1_000);

    expect(service.texts()).toEqual(["答：在吗｜这张图｜能弄清楚点不｜多少钱"]);
  });

  it("waits at most 6 s after the first message of a burst that does not end", async () => {
    const service = await aService({ mergeWindowMs: 1500 });

    for (let n = 0; n < 7; n += 1) {
      await service.receive(anInbound({ text: String(n) }));
      await service.advance(1_000);
    }

    expect(service.asked[0]?.messages).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  it("answers the tenth message of a burst at once", async () => {
    const service = await aService({ mergeWindowMs: 1500 });

    for (let n = 0; n < 10; n += 1) await service.receive(anInbound({ text: String(n) }));
    await service.jobs.idle();

    expect(service.asked[0]?.messages).toHaveLength(10);
  });

  it("answers what came while the agent was thinking in a turn of its own, after the first", async () => {
    let release: () => void = () => {};
    const service = await aService({
      answer: async ({ messages }) => {
        if (messages[0] === "一") await new Promise<void>((resolve) => (release = resolve));
        return {};
      },
    });

    await service.receive(anInbound({ text: "一" }));
    await expect.poll(() => service.asked.length).toBe(1);
    await service.receive(anInbound({ text: "二" }));
    release();
    await service.jobs.idle();

    expect(service.texts()).toEqual(["答：一", "答：二"]);
  });

  it("keeps 50 conversations apart and in order", async () => {
    const service = await aService();

    await Promise.all(
      Array.from({ length: 50 }, async (_none, n) => {
        for (const text of ["甲", "乙"]) {
          await service.receive(
            anInbound({ text, externalConversationId: `p${n}`, customer: { id: `u${n}`, name: null } }),
          );
          await service.jobs.idle();
        }
      }),
    );
    await service.jobs.idle();

    for (let n = 0; n < 50; n += 1) {
      const words = service.sent
        .filter((message) => message.conversation.external_id === `p${n}`)
        .flatMap((message) => message.parts.map((part) => (part.type === "text" ? part.text : "")))
        .join("");
      expect(words.replaceAll("答：", "").replaceAll("｜", "")).toBe("甲乙");
    }
  });

  it("runs again under the same turn id when the agent failed, and the buyer gets one answer", async () => {
    let failures = 1;
    const service = await aService({
      answer: async () => {
        if (failures-- > 0) throw new Error("crash");
        return {};
      },
    });

    await service.receive(anInbound({ text: "在吗" }));
    await service.jobs.idle();
    await service.advance(5_000);

    expect(new Set(service.asked.map((question) => question.turnId)).size).toBe(1);
    expect(service.texts()).toEqual(["答：在吗"]);
  });
});

describe("takeover", () => {
  it("keeps the bot silent while a person holds the conversation, and tells it what they said", async () => {
    const service = await aService();
    await service.receive(anInbound({ text: "在吗" }));
    await service.jobs.idle();

    await service.receive(anInbound({ author: "person", text: "我来处理" }));
    await service.receive(anInbound({ text: "好的" }));
    await service.jobs.idle();
    expect(service.texts()).toEqual(["答：在吗"]);

    await service.takeover.release(CONVERSATION_ID);
    await service.receive(anInbound({ text: "还在吗" }));
    await service.jobs.idle();

    expect(service.texts()).toEqual(["答：在吗", "答：还在吗"]);
    expect(service.asked.at(-1)?.facts.person_said).toEqual(["我来处理"]);
  });

  it("throws away the reply of a turn that was in flight", async () => {
    let release: () => void = () => {};
    const service = await aService({ answer: () => new Promise((resolve) => (release = () => resolve({}))) });

    await service.receive(anInbound({ text: "在吗" }));
    await expect.poll(() => service.asked.length).toBe(1);
    await service.takeover.takeOver(CONVERSATION_ID, "阿明");
    release();
    await service.jobs.idle();

    expect(service.sent).toEqual([]);
    expect(
      (await service.store.messages.recent(CONVERSATION_ID, 5)).map((message) => message.status),
    ).toEqual(["held"]);
  });

  it("gives the conversation back 30 minutes after the person's last word", async () => {
    const service = await aService();
    await service.receive(anInbound({ author: "person", text: "我来" }));

    await service.advance(29 * 60_000);
    expect((await service.store.conversations.find(CONVERSATION_ID))?.holder).toBe("human");
    await service.advance(2 * 60_000);

    expect((await service.store.conversations.find(CONVERSATION_ID))?.holder).toBe("bot");
  });
});

describe("delivery", () => {
  it("sends again under the same key until acknowledged, at most five times", async () => {
    const service = await aService({ send: async () => ({ status: "unanswered" }) });

    await service.receive(anInbound());
    for (let round = 0; round < 8; round += 1) await service.advance(20_000);

    expect(service.sent).toHaveLength(5);
    expect(new Set(service.sent.map((message) => message.idempotencyKey)).size).toBe(1);
    expect(await service.store.messages.listOutbound("uncertain", 5)).toHaveLength(1);
  });

  it("marks a dropped send uncertain and never repeats it on a platform that does not dedupe", async () => {
    const service = await aService({ dedupes: false, send: async () => ({ status: "dropped" }) });

    await service.receive(anInbound());
    for (let round = 0; round < 3; round += 1) await service.advance(60_000);

    expect(service.sent).toHaveLength(1);
    expect(await service.store.messages.listOutbound("uncertain", 5)).toMatchObject([{ error: "dropped" }]);
  });

  it("keeps the messages of a conversation in order behind one that must wait", async () => {
    let isDown = true;
    const service = await aService({
      send: async () => (isDown ? { status: "not-connected" } : { status: "acked" }),
    });

    for (const text of ["一", "二", "三"]) {
      await service.receive(anInbound({ text }));
      await service.jobs.idle();
    }
    service.sent.length = 0;
    isDown = false;
    await service.advance(31_000);

    expect(service.texts()).toEqual(["答：一", "答：二", "答：三"]);
  });

  it("sends a message whose pictures take longer to load than a claim on a send lasts", async () => {
    const service = await aService({
      prepare: async () => service.clock.advance(60_000),
      send: async ({ writeBefore }) =>
        service.clock.now() < writeBefore ? { status: "acked" } : { status: "too-late" },
    });

    await service.receive(anInbound());
    await service.advance(1_000);

    expect(service.sent).toHaveLength(1);
  });

  it("waits for pictures that cannot be read now, also where a send may not be repeated", async () => {
    let areFilesAway = true;
    const service = await aService({
      dedupes: false,
      prepare: async () => {
        if (areFilesAway) throw new AppError("files-unavailable", "away");
      },
    });

    await service.receive(anInbound());
    for (let minutes = 0; minutes < 90; minutes += 1) await service.advance(60_000);
    expect(service.sent).toEqual([]);
    areFilesAway = false;
    await service.advance(10_000);

    expect(service.sent).toHaveLength(1);
    expect(await service.store.messages.listOutbound("uncertain", 5)).toEqual([]);
  });

  it("gives up at once when the platform refuses for good, and says why", async () => {
    const service = await aService({
      send: async () => ({ status: "refused", code: "blocked", retry: false }),
    });

    await service.receive(anInbound());
    await service.jobs.idle();

    expect(service.sent).toHaveLength(1);
    expect(await service.store.messages.listOutbound("failed", 5)).toMatchObject([{ error: "blocked" }]);
  });
});
