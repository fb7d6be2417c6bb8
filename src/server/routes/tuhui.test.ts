import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import type { Store } from "../../domain/records.ts";
import { createTuhuiRoutes } from "./tuhui.ts";

const SECRET = `whsec_${Buffer.from("a test's secret of thirty-two by").toString("base64")}`;
const EVENT = {
  event: "order.delivered",
  order_no: "TH1",
  occurred_at: "2026-01-05T02:00:00Z",
  images: [{ url: "https://example.com/a.png" }],
};

/** Posts a callback; what comes back is the status and the jobs that it left. */
async function callBack(body: string, { secret, sign }: { secret: string | null; sign?: string }) {
  const jobs: { key?: string; payload: unknown }[] = [];
  const store = {
    orders: { findByDispatch: async (no: string) => (no === "TH1" ? { id: "o1" } : null) },
    jobs: { enqueue: async (job: (typeof jobs)[number]) => void jobs.push(job) },
  } as unknown as Store;
  const at = new Date();
  const response = await createTuhuiRoutes({ store, secret }).request("/callback", {
    method: "POST",
    headers: {
      "webhook-id": "w1",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      ...(sign === undefined ? {} : { "webhook-signature": new Webhook(sign).sign("w1", at, body) }),
    },
    body,
  });
  return { status: response.status, jobs };
}

describe("图绘's callback", () => {
  it("is believed when it is signed", async () => {
    const { status, jobs } = await callBack(JSON.stringify(EVENT), { secret: SECRET, sign: SECRET });

    expect(status).toBe(200);
    expect(jobs).toMatchObject([{ key: "tuhui-ending:o1", payload: { orderId: "o1", event: EVENT } }]);
  });

  it("only makes us ask 图绘 when no secret is set: anybody could have sent it", async () => {
    const { status, jobs } = await callBack(JSON.stringify(EVENT), { secret: null });

    expect(status).toBe(200);
    expect(jobs).toMatchObject([{ key: "tuhui-news:o1" }]);
    expect(jobs[0]?.payload).toEqual({ orderId: "o1" });
  });

  it.each([
    ["unsigned", JSON.stringify(EVENT), undefined, 401],
    [
      "signed with another secret",
      JSON.stringify(EVENT),
      `whsec_${Buffer.from("x".repeat(32)).toString("base64")}`,
      401,
    ],
    ["of an unknown order", JSON.stringify({ ...EVENT, order_no: "TH9" }), SECRET, 404],
    ["no JSON", "{", SECRET, 401],
    ["of an unknown kind", JSON.stringify({ ...EVENT, event: "order.eaten" }), SECRET, 400],
  ])("leaves no job when it is %s", async (_what, body, sign, expected) => {
    const { status, jobs } = await callBack(body, {
      secret: SECRET,
      ...(sign === undefined ? {} : { sign }),
    });

    expect([status, jobs]).toEqual([expected, []]);
  });
});
