import { Hono } from "hono";
import { collectDefaultMetrics, Gauge } from "prom-client";
import { requireKeyOrLoopback } from "../auth.ts";
import type { InFlight } from "../overload.ts";
import type { Service } from "../wire.ts";

const MOST_IN_DOUBT = 1_000;

/** Prometheus: the process, the queues, the bridge, the turns. */
export function createMetricsRoutes({
  env,
  jobs,
  bridge,
  ownership,
  inFlight,
  figures: { registry },
  store,
}: Service & { inFlight: InFlight }) {
  collectDefaultMetrics({ register: registry });
  const depth = new Gauge({
    name: "tianwang_jobs",
    help: "Jobs by kind",
    labelNames: ["kind"],
    registers: [registry],
  });
  const late = new Gauge({
    name: "tianwang_job_late_seconds",
    help: "For how long the job of a kind that waits longest has been due",
    labelNames: ["kind"],
    registers: [registry],
  });
  const storeUp = new Gauge({
    name: "tianwang_store_up",
    help: "1 when the database answers",
    registers: [registry],
  });
  const uncertain = new Gauge({
    name: "tianwang_messages_uncertain",
    help: "Messages of which nobody knows whether they were sent; at most 1000 are counted",
    registers: [registry],
  });
  const connected = new Gauge({
    name: "tianwang_bridge_connected",
    help: "1 when 轻简 is connected",
    registers: [registry],
  });
  const frames = new Gauge({
    name: "tianwang_bridge_frames_refused",
    help: "Frames no rule understood",
    labelNames: ["why"],
    registers: [registry],
  });
  const owned = new Gauge({
    name: "tianwang_bridge_owned",
    help: "1 when this process has the bridge; of all on a database one has",
    registers: [registry],
  });
  const intake = new Gauge({
    name: "tianwang_bridge_intake",
    help: "Inbound frames and characters that wait to be stored, and frames refused since the start",
    labelNames: ["what"],
    registers: [registry],
  });
  new Gauge({
    name: "tianwang_http_in_flight",
    help: "Requests being answered",
    registers: [registry],
    collect() {
      this.set(inFlight.count());
    },
  });
  new Gauge({
    name: "tianwang_http_refused",
    help: "Requests refused since the start because too many came at once",
    registers: [registry],
    collect() {
      this.set(inFlight.refused());
    },
  });
  return new Hono().use("*", requireKeyOrLoopback(env.TIANWANG_API_KEY)).get("/", async (c) => {
    depth.reset();
    // Without the database the process can still be measured, and that is when somebody looks.
    const waiting = await jobs.depth().catch(() => null);
    storeUp.set(waiting === null ? 0 : 1);
    for (const [kind, count] of Object.entries(waiting ?? {})) depth.set({ kind }, count);
    late.reset();
    for (const [kind, ms] of Object.entries(await jobs.lateness().catch(() => ({}))))
      late.set({ kind }, ms / 1_000);
    const inDoubt = await store.messages.listOutbound("uncertain", MOST_IN_DOUBT).catch(() => []);
    uncertain.set(inDoubt.length);
    owned.set(ownership.lease() === null ? 0 : 1);
    for (const [what, count] of Object.entries(bridge?.intake.counts() ?? {})) intake.set({ what }, count);
    connected.set(bridge?.isConnected() === true ? 1 : 0);
    for (const [why, count] of Object.entries(bridge?.recorder.counts() ?? {})) frames.set({ why }, count);
    return c.text(await registry.metrics(), 200, { "content-type": registry.contentType });
  });
}
