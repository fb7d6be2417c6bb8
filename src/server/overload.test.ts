import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { createInFlight } from "./overload.ts";

describe("requests at once", () => {
  it("beyond the limit are refused with a time to come back; those taken are all answered", async () => {
    const inFlight = createInFlight(3);
    const gate = Promise.withResolvers<void>();
    const app = new Hono().use(inFlight.guard).get("/", async (c) => {
      await gate.promise;
      return c.text("ok");
    });
    const taken = Array.from({ length: 3 }, () => app.request("/"));
    await Promise.resolve();
    const refused = await app.request("/");

    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(inFlight.count()).toBe(3);
    gate.resolve();
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(inFlight.count()).toBe(0);
    expect(inFlight.refused()).toBe(1);
    expect((await app.request("/")).status).toBe(200);
  });

  it("that fail count as ended", async () => {
    const inFlight = createInFlight(1);
    const app = new Hono().use(inFlight.guard).get("/", () => {
      throw new Error("told to");
    });
    app.onError((_error, c) => c.text("failed", 500));
    await app.request("/");
    await app.request("/");
    expect(inFlight.count()).toBe(0);
    expect(inFlight.refused()).toBe(0);
  });
});
