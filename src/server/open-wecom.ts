import { z } from "zod";
import { createWecomApi } from "../channels/wecom/api.ts";
import { APP_CHANNEL, createAppSender } from "../channels/wecom/app-sender.ts";
import { createBotConnection } from "../channels/wecom/bot-connection.ts";
import { BOT_CHANNEL, botMessageSchema, botTalkId, toBotMessage } from "../channels/wecom/bot-inbound.ts";
import { createBotMediaSource, createBotSender } from "../channels/wecom/bot-sender.ts";
import { createCallbackCrypto } from "../channels/wecom/callback-crypto.ts";
import { type Callbacks, createCallbacks, kfPull } from "../channels/wecom/callbacks.ts";
import { createCardPressHandler } from "../channels/wecom/card-presses.ts";
import { createHandoffCards } from "../channels/wecom/handoff-cards.ts";
import { KF_CHANNEL } from "../channels/wecom/kf-inbound.ts";
import { createKfPullHandler } from "../channels/wecom/kf-pull.ts";
import { createKfSender } from "../channels/wecom/kf-sender.ts";
import { createMediaSource } from "../channels/wecom/media-source.ts";
import type { Takeover } from "../conversation/takeover.ts";
import type { Ambient } from "../domain/clock.ts";
import type { InboundMessage } from "../domain/conversations/conversation.ts";
import type { MediaSource, TextToSpeech } from "../domain/conversations/media.ts";
import { errorText } from "../domain/errors.ts";
import type { JobHandler, JobKind } from "../domain/jobs/jobs.ts";
import type { Lease } from "../domain/leases.ts";
import type { Log } from "../domain/log.ts";
import type { FileStore, PictureFetcher } from "../domain/pictures/ports.ts";
import type { Store } from "../domain/records.ts";
import type { Say } from "../domain/replies.ts";
import type { Env } from "../env.ts";
import type { Channel } from "./open-channels.ts";

export type Wecom = {
  channels: Channel[];
  media: ReadonlyMap<string, MediaSource>;
  handlers: (takeover: Takeover) => Partial<Record<JobKind, JobHandler>>;
  /** Null: no app, or no 微信客服, calls us. */
  callbacks: { app: Callbacks | null; kf: Callbacks | null };
  /** Null: no 智能机器人. */
  isBotReady: (() => boolean) | null;
};

export type WecomDeps = {
  store: Store;
  files: FileStore;
  fetcher: PictureFetcher;
  receive: (message: InboundMessage) => Promise<{ status: "stored" | "duplicate" }>;
  speak: TextToSpeech | null;
  say: () => Say;
  wake: (channel: string) => void;
  lease: () => Lease | null;
  /** People of 企业微信 have a conversation. */
  hold: (conversationId: string) => Promise<unknown>;
  ambient: Ambient;
  log: Log;
};

/** 企业微信 in as many of its three ways as the settings name: an app, 微信客服, a 智能机器人. */
export function openWecom(env: Env, deps: WecomDeps): Wecom {
  const { store, files, say, speak, receive, lease, ambient, log } = deps;
  const { now } = ambient;
  const channels: Channel[] = [];
  const media = new Map<string, MediaSource>();
  const handlers: ((takeover: Takeover) => Partial<Record<JobKind, JobHandler>>)[] = [];
  const wecom: Wecom = {
    channels,
    media,
    handlers: (takeover) => Object.assign({}, ...handlers.map((make) => make(takeover))),
    callbacks: { app: null, kf: null },
    isBotReady: null,
  };
  const corpId = env.WECOM_CORP_ID;
  const apiOf = (secret: string) =>
    createWecomApi({ baseUrl: env.WECOM_API_BASE, corpId: corpId ?? "", secret, now, log });
  const callbacksOf = (token?: string, encodingAesKey?: string) =>
    corpId === undefined || token === undefined || encodingAesKey === undefined
      ? null
      : createCallbacks({
          crypto: createCallbackCrypto({ token, encodingAesKey, receiveId: corpId }),
          agentId: env.WECOM_AGENT_ID === undefined ? null : String(env.WECOM_AGENT_ID),
          accounts: env.WECOM_KF_SECRET === undefined ? [] : env.WECOM_KF_OPEN_IDS,
          receive,
          jobs: store.jobs,
          now,
        });

  const agentId = env.WECOM_AGENT_ID;
  const appApi = env.WECOM_SECRET === undefined ? null : apiOf(env.WECOM_SECRET);
  const cards =
    appApi === null || agentId === undefined
      ? null
      : createHandoffCards({ api: appApi, agentId, people: env.WECOM_HANDOFF_USERS, say });
  if (appApi !== null && agentId !== undefined && cards !== null) {
    const recent = (id: string) => store.messages.recent(id, 40);
    const sender = createAppSender({ api: appApi, agentId, files, speak, cards, lease, recent, now, log });
    channels.push({ sender, start: () => deps.wake(APP_CHANNEL) });
    media.set(APP_CHANNEL, createMediaSource({ api: appApi, log }));
    handlers.push((takeover) => ({
      "handoff-card": createCardPressHandler({ store, takeover, cards, say }),
    }));
    wecom.callbacks.app = callbacksOf(env.WECOM_TOKEN, env.WECOM_AES_KEY);
  }

  if (env.WECOM_KF_SECRET !== undefined) {
    const api =
      env.WECOM_KF_SECRET === env.WECOM_SECRET && appApi !== null ? appApi : apiOf(env.WECOM_KF_SECRET);
    channels.push({
      sender: createKfSender({ api, files, speak, lease, hold: (id) => deps.hold(id), now, log }),
      start() {
        deps.wake(KF_CHANNEL);
        // What rang while nobody was here is fetched now.
        for (const openKfId of env.WECOM_KF_OPEN_IDS)
          store.jobs
            .enqueue(kfPull({ openKfId, token: "" }))
            .catch((error: unknown) =>
              log.error("wecom.kf_not_asked", { openKfId, error: errorText(error) }),
            );
      },
    });
    media.set(KF_CHANNEL, createMediaSource({ api, log }));
    handlers.push((takeover) => ({
      "kf-pull": createKfPullHandler({ api, store, receive, takeover, say, ambient, log }),
    }));
    wecom.callbacks.kf = callbacksOf(
      env.WECOM_KF_TOKEN ?? env.WECOM_TOKEN,
      env.WECOM_KF_AES_KEY ?? env.WECOM_AES_KEY,
    );
  }

  const botId = env.WECOM_BOT_ID;
  if (botId !== undefined && env.WECOM_BOT_SECRET !== undefined) {
    const connection = createBotConnection({
      url: env.WECOM_BOT_WS_URL,
      botId,
      secret: env.WECOM_BOT_SECRET,
      newId: () => ambient.newId("wb"),
      random: Math.random,
      log,
      onReady: () => deps.wake(BOT_CHANNEL),
      onFrame: ({ cmd, headers, body = {} }) => {
        const { eventtype } = (body.event ?? {}) as { eventtype?: unknown };
        if (eventtype === "enter_chat") void greet(headers.req_id, body.from);
        const message = cmd === "aibot_msg_callback" ? botMessageSchema.safeParse(body) : null;
        if (message === null) return;
        if (!message.success) {
          log.warn("wecom_bot.unread", { why: message.error.issues[0]?.path.join(".") ?? "" });
          return;
        }
        bot.noteCallback(message.data.msgid, headers.req_id);
        // It does not come again: what cannot be stored now is told to the one who wrote it.
        receive(toBotMessage(message.data, now())).catch((error: unknown) => {
          log.error("wecom_bot.not_stored", { error: errorText(error) });
          bot.apologize(message.data.msgid, say()("helpdesk_not_stored"));
        });
      },
    });
    const bot = createBotSender({
      connection,
      files,
      speak,
      cards,
      thinking: () => say()("helpdesk_thinking"),
      lease,
      now,
      log,
    });
    const greet = async (reqId: string, from: unknown) => {
      const who = z.looseObject({ userid: z.string() }).safeParse(from);
      try {
        // Whoever a person has is not greeted by the bot.
        const id = who.success ? botTalkId(botId, who.data.userid) : null;
        if (id !== null && (await store.conversations.find(id))?.holder === "human") return;
        const body = { msgtype: "text", text: { content: say()("helpdesk_greeting") } };
        await connection.request("aibot_respond_welcome_msg", body, reqId);
      } catch (error) {
        log.warn("wecom_bot.not_greeted", { error: errorText(error) });
      }
    };
    channels.push({ sender: bot.sender, start: connection.start, stop: connection.stop });
    media.set(BOT_CHANNEL, createBotMediaSource({ fetcher: deps.fetcher }));
    wecom.isBotReady = connection.isReady;
  }
  return wecom;
}
