import type { Ambient } from "../../domain/clock.ts";
import type { InboundMessage } from "../../domain/conversations/conversation.ts";
import type { Recall } from "../../domain/conversations/ports.ts";
import type { MessageSender, OutgoingMessage, SendOutcome } from "../../domain/conversations/sender.ts";
import { errorText } from "../../domain/errors.ts";
import { isDeeperThan } from "../../domain/json.ts";
import type { Lease } from "../../domain/leases.ts";
import type { Log } from "../../domain/log.ts";
import type { FileStore } from "../../domain/pictures/ports.ts";
import { createConnection } from "../connection.ts";
import { createAcks } from "./acks.ts";
import { type InboundFrame, inboundFrameSchema, type OutboundContent, type OutboundFrame } from "./frames.ts";
import { CHANNEL, toInboundMessage } from "./inbound.ts";
import { createIntake, type Intake } from "./intake.ts";
import { createFrameMapper } from "./mapping.ts";
import { toContents } from "./outbound.ts";
import type { Profile } from "./profile.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { FrameRecorder } from "./recorder.ts";

export const ACK_WITHIN_MS = 5_000;
const TRANSFER_WITHIN_MS = 10_000;
const DEEPEST_FRAME = 32;

export type BridgeDeps = {
  url: string;
  profile: Profile;
  version: string;
  files: FileStore;
  recorder: FrameRecorder;
  ambient: Ambient;
  random: () => number;
  log: Log;
  receive: (message: InboundMessage) => Promise<{ status: "stored" | "duplicate" }>;
  onRecall: (recall: Recall) => Promise<void>;
  onConnected: () => void;
  /** Under which this process may write to customers; null: not now. */
  lease: () => Lease | null;
  ackWithinMs?: number;
  /** How much may wait to be stored. */
  intake?: { mostFrames?: number; mostBytes?: number };
};

export type Bridge = MessageSender & {
  start(): void;
  stop(): Promise<void>;
  isConnected(): boolean;
  recorder: FrameRecorder;
  intake: Pick<Intake, "counts">;
};

/** The client side of spec/bridge.md: frames in, acks after storing, replies out with one key until acknowledged. */
export function createBridge(deps: BridgeDeps): Bridge {
  const { profile, files, recorder, ambient, log } = deps;
  const mapper = createFrameMapper(profile);
  const rate = createRateLimit(profile.rate_per_second, ambient.now);
  const acks = createAcks(deps.ackWithinMs ?? ACK_WITHIN_MS);
  const intake = createIntake({ log, ...deps.intake });
  const waitingTransfers = new Map<string, (ok: boolean) => void>();
  let heartbeat: NodeJS.Timeout | null = null;

  const connection = createConnection({
    url: deps.url,
    name: "bridge",
    log,
    random: deps.random,
    onOpen: () => {
      connection.settle();
      if (profile.handshake === undefined)
        write({ kind: "hello", client: "tianwang-cs", version: deps.version });
      else for (const frame of profile.handshake) connection.write(JSON.stringify(frame));
      const beat = profile.heartbeat;
      if (beat !== undefined)
        heartbeat = setInterval(() => connection.write(JSON.stringify(beat.send)), beat.every_ms);
      deps.onConnected();
    },
    onText: takeText,
    onClose: () => {
      if (heartbeat !== null) clearInterval(heartbeat);
      acks.drop();
      for (const settle of waitingTransfers.values()) settle(false);
    },
  });

  return {
    channel: CHANNEL,
    recorder,
    intake,
    start: connection.start,
    stop: connection.stop,
    isConnected: connection.isOpen,
    dedupes: () => profile.dedupes,
    lease: deps.lease,

    async prepare(message) {
      if (!connection.isOpen()) return async () => ({ status: "not-connected" });
      const contents = await toContents(message.parts, files, profile.split_chars);
      return (writeBefore) => send(message, contents, writeBefore);
    },

    async transfer(conversation, { reason, group_name: group }) {
      const id = ambient.newId("out");
      const frame: OutboundFrame = {
        kind: "transfer",
        platform: conversation.platform,
        shop: { id: conversation.shop_id },
        conversation: { id: conversation.external_id },
        ...(group === null ? {} : { to: { group_id: group } }),
        reason,
      };
      return await new Promise<boolean>((resolve) => {
        const settle = (ok: boolean) => {
          clearTimeout(timer);
          waitingTransfers.delete(id);
          resolve(ok);
        };
        const timer = setTimeout(() => settle(false), TRANSFER_WITHIN_MS);
        waitingTransfers.set(id, settle);
        if (deps.lease() === null || !write(frame, id)) settle(false);
      });
    },
  };

  async function send(
    { conversation, idempotencyKey, inReplyTo }: OutgoingMessage,
    messages: OutboundContent[],
    writeBefore: number,
  ): Promise<SendOutcome> {
    if (!connection.isOpen() || deps.lease() === null) return { status: "not-connected" };
    // Waiting would not help, and would hold up what comes behind it.
    if (messages.length === 0) return { status: "refused", code: "empty_message", retry: false };
    const wait = rate.take(messages.length);
    if (wait > 0) return { status: "busy", retryAt: ambient.now() + wait };
    // The claim on this send may be over, and a person may have the conversation.
    if (ambient.now() >= writeBefore) return { status: "too-late" };
    const frame: OutboundFrame = {
      kind: "reply",
      platform: conversation.platform,
      shop: { id: conversation.shop_id },
      conversation: { id: conversation.external_id },
      ...(inReplyTo === null ? {} : { in_reply_to: inReplyTo }),
      messages,
      mode: profile.mode,
      idempotency_key: idempotencyKey,
    };
    const id = ambient.newId("out");
    const acked = acks.expect(refsOf(id, idempotencyKey, messages.length));
    if (!write(frame, id)) {
      acked.give({ status: "not-connected" });
    } else if (!profile.acks) acked.give({ status: "acked" });
    return await acked.outcome;
  }

  function write(frame: OutboundFrame, id = ambient.newId("out")): boolean {
    const raws = mapper.outbound(frame, { id, ts: ambient.now() });
    for (const raw of raws) {
      if (!connection.write(JSON.stringify(raw))) return false;
      recorder.record("out", raw);
    }
    return raws.length > 0;
  }

  /** What the acks of a reply will name: the frame, or with a profile of its own the key of each piece. */
  function refsOf(id: string, key: string, pieces: number): string[] {
    if (profile.outbound === "identity") return [id];
    return pieces === 1 ? [key] : Array.from({ length: pieces }, (_none, index) => `${key}#${index}`);
  }

  function takeText(text: string): void {
    let raw: unknown;
    try {
      raw = JSON.parse(text) as unknown;
    } catch {
      bad(text, undefined, "not JSON");
      return;
    }
    if (isDeeperThan(raw, DEEPEST_FRAME)) {
      bad(text, undefined, "nested too deep");
      return;
    }
    recorder.record("in", raw);
    for (const mapped of mapper.inbound(raw)) {
      if (mapped.status === "ignored") continue;
      if (mapped.status === "unmatched") {
        recorder.unmatched("unmatched", raw);
        continue;
      }
      const frame = inboundFrameSchema.safeParse(mapped.frame);
      if (frame.success) takeFrame(frame.data, text.length);
      else {
        const issue = frame.error.issues[0];
        bad(raw, refOf(mapped.frame), `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
      }
    }
  }

  function bad(raw: unknown, ref: string | undefined, why: string): void {
    recorder.unmatched("bad_frame", raw);
    log.warn("bridge.bad_frame", { ref: ref ?? null });
    write({
      kind: "error",
      code: "bad_frame",
      message: why.slice(0, 200),
      ...(ref === undefined ? {} : { ref }),
    });
  }

  function takeFrame(frame: InboundFrame, size: number): void {
    switch (frame.kind) {
      case "message":
        if (frame.from.role === "bot") write({ kind: "ack", ref: frame.id, ok: true });
        else if (!intake.take(frame.conversation.id, size, () => takeMessage(frame))) busy(frame.id);
        return;
      case "ack":
        acks.take(frame);
        return;
      case "transfer_result":
        waitingTransfers.get(frame.ref)?.(frame.ok);
        return;
      case "recall":
        intake.follow(frame.conversation.id, () => recall(frame));
        return;
      case "ping":
        write({ kind: "pong", ...(frame.id === undefined ? {} : { ref: frame.id }) });
        return;
      case "error":
        log.warn("bridge.peer_error", { code: frame.code, ref: frame.ref ?? null });
        return;
      case "pong":
        return;
    }
  }

  async function takeMessage(frame: Extract<InboundFrame, { kind: "message" }>): Promise<void> {
    try {
      await deps.receive(await toInboundMessage(frame, files, ambient.now()));
      write({ kind: "ack", ref: frame.id, ok: true });
    } catch (error) {
      // No ack: the platform sends it again. What we did not store we must not confirm.
      log.error("bridge.not_stored", { ref: frame.id, error: errorText(error) });
      write({
        kind: "error",
        ref: frame.id,
        code: "not_stored",
        message: "could not be stored, send it again",
      });
    }
  }

  async function recall(frame: Extract<InboundFrame, { kind: "recall" }>): Promise<void> {
    await deps.onRecall({
      channel: CHANNEL,
      platform: frame.platform,
      shopId: frame.shop?.id,
      externalConversationId: frame.conversation.id,
      platformMessageId: frame.message.id,
    });
  }

  function busy(ref: string): void {
    write({ kind: "error", ref, code: "busy", message: "too much at once, send it again" });
  }
}

function refOf(frame: unknown): string | undefined {
  if (frame === null || typeof frame !== "object" || !("id" in frame)) return undefined;
  return typeof frame.id === "string" ? frame.id : undefined;
}
