import { z } from "zod";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import { createConnection } from "../connection.ts";
import { WecomRefusal, WecomUnanswered } from "./api.ts";
import { ERROR_CODES } from "./error-codes.ts";

const BEAT_MS = 30_000;
const MOST_MISSED_BEATS = 2;
const ACK_WITHIN_MS = 5_000;

const frameSchema = z.looseObject({
  cmd: z.string().optional(),
  headers: z.looseObject({ req_id: z.string().default("") }).default({ req_id: "" }),
  body: z.looseObject({}).optional(),
  errcode: z.int().optional(),
});
export type BotFrame = z.infer<typeof frameSchema>;
export type BotAck = { errcode: number; body: Record<string, unknown> };

export type BotConnection = ReturnType<typeof createBotConnection>;

/**
 * The one connection of a 智能机器人 (protocols §1.5): subscribes, keeps alive, gives what comes and waits for acks. A newer
 * connection anywhere ends this one for good: two that come back would throw each other out for ever.
 */
export function createBotConnection({
  url,
  botId,
  secret,
  newId,
  random,
  log,
  onFrame,
  onReady,
  ackWithinMs = ACK_WITHIN_MS,
}: {
  url: string;
  botId: string;
  secret: string;
  newId: () => string;
  random: () => number;
  log: Log;
  onFrame: (frame: BotFrame) => void;
  onReady: () => void;
  ackWithinMs?: number;
}) {
  const waiting = new Map<string, { settle: (ack: BotAck | null) => void }>();
  let isReady = false;
  let missed = 0;
  let beat: NodeJS.Timeout | null = null;

  const connection = createConnection({
    url,
    name: "wecom_bot",
    log,
    random,
    onOpen: () => {
      missed = 0;
      beat = setInterval(keepAlive, BEAT_MS);
      subscribe().catch((error: unknown) => {
        log.warn("wecom_bot.not_subscribed", { error: errorText(error) });
        connection.drop();
      });
    },
    onText: take,
    onClose: () => {
      isReady = false;
      if (beat !== null) clearInterval(beat);
      for (const { settle } of [...waiting.values()]) settle(null);
    },
  });

  async function subscribe(): Promise<void> {
    const { errcode } = await ask("aibot_subscribe", newId(), { bot_id: botId, secret });
    if (errcode !== 0) {
      log.error("wecom.settings", {
        endpoint: "aibot_subscribe",
        error: ERROR_CODES[errcode]?.hint ?? `${errcode}`,
      });
      throw new WecomRefusal("aibot_subscribe", errcode);
    }
    connection.settle();
    isReady = true;
    onReady();
  }

  function keepAlive(): void {
    missed += 1;
    if (missed > MOST_MISSED_BEATS) {
      log.warn("wecom_bot.silent", {});
      connection.drop();
      return;
    }
    connection.write(JSON.stringify({ cmd: "ping", headers: { req_id: newId() } }));
  }

  function take(text: string): void {
    // Raw control characters do come, and JSON has none.
    const frame = frameSchema.safeParse(parse(text.replaceAll(/\p{Cc}/gu, " ")));
    if (!frame.success) {
      log.warn("wecom_bot.bad_frame", {});
      return;
    }
    missed = 0;
    const { cmd, headers, errcode, body = {} } = frame.data;
    if (cmd === undefined) {
      waiting.get(headers.req_id)?.settle({ errcode: errcode ?? 0, body });
      return;
    }
    const event = z.looseObject({ eventtype: z.string() }).safeParse(body.event);
    if (event.success && event.data.eventtype === "disconnected_event") {
      log.error("wecom_bot.replaced", {
        hint: "这个机器人在别处连上了，本服务不再连接；同一个机器人只能有一个连接",
      });
      void connection.stop();
      return;
    }
    onFrame(frame.data);
  }

  /** Writes a frame and waits for its ack. Throws WecomUnanswered: not written, or nobody knows. */
  function ask(cmd: string, reqId: string, body: object): Promise<BotAck> {
    return new Promise((resolve, reject) => {
      if (waiting.has(reqId)) {
        // Frames of one callback follow each other.
        reject(new WecomUnanswered(cmd, "another frame is not acknowledged yet", { isWritten: false }));
        return;
      }
      const settle = (ack: BotAck | null) => {
        clearTimeout(timer);
        waiting.delete(reqId);
        if (ack === null) reject(new WecomUnanswered(cmd, "no ack", { isWritten: true }));
        else resolve(ack);
      };
      const timer = setTimeout(() => settle(null), ackWithinMs);
      waiting.set(reqId, { settle });
      if (connection.write(JSON.stringify({ cmd, headers: { req_id: reqId }, body }))) return;
      clearTimeout(timer);
      waiting.delete(reqId);
      reject(new WecomUnanswered(cmd, "not connected", { isWritten: false }));
    });
  }

  return {
    start: connection.start,
    stop: connection.stop,
    isReady: () => isReady,
    /** Whether a frame under this id waits for its ack: the next one has to wait, too. */
    isWaiting: (reqId: string) => waiting.has(reqId),

    /** The ack's body. Throws WecomRefusal or WecomUnanswered. */
    async request(cmd: string, body: object, reqId: string = newId()): Promise<Record<string, unknown>> {
      if (!isReady) throw new WecomUnanswered(cmd, "not connected", { isWritten: false });
      const ack = await ask(cmd, reqId, body);
      if (ack.errcode !== 0) throw new WecomRefusal(cmd, ack.errcode);
      return ack.body;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
