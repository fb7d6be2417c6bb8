import { afterEach, beforeEach, expect, it } from "vitest";
import type { Takeover } from "../../conversation/takeover.ts";
import type { InboundMessage } from "../../domain/conversations/conversation.ts";
import { againAt, DONE } from "../../domain/jobs/jobs.ts";
import { silentLog } from "../../domain/log.ts";
import { aClock, aStore } from "../../testing/test-store.ts";
import { WecomRefusal } from "./api.ts";
import { createKfPullHandler } from "./kf-pull.ts";

const HOUR_MS = 3_600_000;

let opened: Awaited<ReturnType<typeof aStore>>;
let clock: ReturnType<typeof aClock>;
let received: InboundMessage[];
let pulls: Record<string, unknown>[];
/** What kf/sync_msg answers in turn. */
let pages: ((body: Record<string, unknown>) => unknown)[];

beforeEach(async () => {
  clock = aClock();
  opened = await aStore(clock);
  received = [];
  pulls = [];
  pages = [];
});
afterEach(() => opened.store.close());

function said(id: string, agoMs: number, more: object = {}) {
  return {
    msgid: id,
    open_kfid: "wk1",
    external_userid: "wm1",
    send_time: Math.floor((clock.now() - agoMs) / 1000),
    origin: 3,
    msgtype: "text",
    text: { content: id },
    ...more,
  };
}
const page =
  (items: object[], cursor: string, hasMore = 0) =>
  () => ({
    errcode: 0,
    errmsg: "",
    msg_list: items,
    next_cursor: cursor,
    has_more: hasMore,
  });

async function pull(token = "t1") {
  const { run } = createKfPullHandler({
    api: {
      async post(endpoint, body) {
        if (endpoint !== "kf/sync_msg") return { errcode: 0, errmsg: "" };
        pulls.push(body as Record<string, unknown>);
        return pages.shift()?.(body as Record<string, unknown>) as never;
      },
    },
    store: opened.store,
    receive: async (message) => {
      received.push(message);
      return { status: "stored" };
    },
    takeover: {} as Takeover,
    say: () => (key) => key,
    ambient: clock,
    log: silentLog,
  });
  return await run({
    id: "1",
    kind: "kf-pull",
    payload: { openKfId: "wk1", token },
    attempt: 1,
    maxAttempts: 5,
  });
}
const texts = () => received.map(({ parts }) => (parts[0] as { text: string }).text);

it("answers nothing of the days before it began, on however many pages they come, and all that came while it was down", async () => {
  pages = [
    page([said("old1", 2 * HOUR_MS)], "c1", 1),
    page([said("old2", 61 * 60_000), said("new1", 5 * 60_000)], "c2"),
  ];
  expect(await pull()).toEqual(DONE);
  expect(texts()).toEqual(["new1"]);

  clock.advance(9 * HOUR_MS);
  pages = [page([said("night", 8 * HOUR_MS)], "c3")];
  expect(await pull()).toEqual(DONE);
  expect(texts()).toEqual(["new1", "night"]);
  expect(pulls.map(({ cursor }) => cursor)).toEqual([undefined, "c1", "c2"]);
});

it("goes on without a token that is refused, and begins anew when its cursor is", async () => {
  const refused = () => {
    throw new WecomRefusal("kf/sync_msg", 40058);
  };
  await opened.store.kfCursors.put("wk1", "gone", clock.now());
  pages = [refused, refused];
  expect(await pull()).toEqual(againAt(clock.now()));
  pages = [page([said("new", 0)], "c1")];
  expect(await pull("")).toEqual(DONE);
  expect(pulls.map(({ cursor, token }) => [cursor, token])).toEqual([
    ["gone", "t1"],
    ["gone", undefined],
    [undefined, undefined],
  ]);
  expect(texts()).toEqual(["new"]);
});

it("waits when it asks too often, and leaves the rest to the next try when nobody answers", async () => {
  pages = [
    () => {
      throw new WecomRefusal("kf/sync_msg", 45009);
    },
  ];
  expect(await pull()).toEqual(againAt(clock.now() + 60_000));
  pages = [
    page([said("one", 0)], "c1", 1),
    () => {
      throw new Error("cut");
    },
  ];
  await expect(pull()).rejects.toThrow("cut");
  expect((await opened.store.kfCursors.find("wk1"))?.cursor).toBe("c1");
});

it("passes over lines that it cannot read, and reads the others", async () => {
  pages = [
    page(
      [
        { msgid: 7 },
        said("ok", 0),
        said("odd", 0, { text: null }),
        said("card", 0, { msgtype: "business_card" }),
      ],
      "c1",
    ),
  ];
  expect(await pull()).toEqual(DONE);
  expect(received.map(({ parts }) => parts[0])).toMatchObject([
    { type: "text", text: "ok" },
    { type: "text", text: "" },
    { type: "file", refused: "unreadable-file" },
  ]);
});
