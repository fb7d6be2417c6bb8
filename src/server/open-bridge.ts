import { resolve } from "node:path";
import { createOwnership, type Ownership } from "../channels/ownership.ts";
import { type Bridge, type BridgeDeps, createBridge } from "../channels/qingjian/bridge.ts";
import { CHANNEL } from "../channels/qingjian/inbound.ts";
import { createFrameRecorder } from "../channels/qingjian/recorder.ts";
import type { Ambient } from "../domain/clock.ts";
import { queueDelivery } from "../domain/conversations/notify-buyer.ts";
import type { MessageSender } from "../domain/conversations/sender.ts";
import type { JobKind, JobRunner } from "../domain/jobs/jobs.ts";
import type { Log } from "../domain/log.ts";
import type { Store } from "../domain/records.ts";
import type { Env } from "../env.ts";
import { serviceName } from "../store/process-name.ts";
import { atMost } from "./at-most.ts";

/** They write to the bridge, so they run where it is. */
export const JOBS_OF_THE_BRIDGE: JobKind[] = ["deliver", "transfer"];
/** How long acks are waited for when the bridge is given on in order. */
const LAST_ACKS_MS = 5_500;

export type OpenedBridge = {
  /** Both null when the shop has no 轻简. */
  bridge: Bridge | null;
  ownership: Ownership | null;
  senders: ReadonlyMap<string, MessageSender>;
};

/** The bridge to 轻简 and who of all processes has it; it connects when `ownership` is started and gets it. */
export function openBridge(
  env: Env,
  deps: Pick<BridgeDeps, "version" | "files" | "receive" | "profile"> & {
    root: string;
    store: Store;
    jobs: JobRunner;
    ambient: Ambient;
    log: Log;
  },
): OpenedBridge {
  if (env.QINGJIAN_WS_URL === "off") return { bridge: null, ownership: null, senders: new Map() };
  const { root, version, files, profile, receive, store, jobs, ambient, log } = deps;
  const bridge = createBridge({
    url: env.QINGJIAN_WS_URL,
    profile,
    version,
    files,
    recorder: createFrameRecorder({
      file: env.BRIDGE_RECORD_FILE === undefined ? null : resolve(root, env.BRIDGE_RECORD_FILE),
      log,
    }),
    ambient,
    random: Math.random,
    log,
    receive,
    onRecall: async (recall) => {
      await store.messages.recall(recall);
    },
    lease: () => ownership.lease(),
    onConnected: () => {
      store
        .transaction(async (tx) => {
          for (const id of await tx.messages.conversationsToDeliver(CHANNEL)) await queueDelivery(tx, id);
        })
        .catch((error: unknown) => log.error("bridge.wake_failed", { error: String(error) }));
    },
  });
  const ownership = createOwnership({
    leases: store.leases,
    name: `bridge:${CHANNEL}`,
    owner: serviceName(),
    log,
    async onGained(former) {
      await jobs.take(JOBS_OF_THE_BRIDGE, former);
      bridge.start();
    },
    async onLost({ inOrder }) {
      const leaving = jobs.leave(JOBS_OF_THE_BRIDGE);
      if (inOrder) await atMost(leaving, LAST_ACKS_MS);
      await bridge.stop();
      await atMost(leaving, LAST_ACKS_MS);
    },
  });
  return { bridge, ownership, senders: new Map([[bridge.channel, bridge]]) };
}
