import type { ServerResponse } from "node:http";
import { type Answer, listen, type Request } from "../http-server.ts";
import { asHttp, createApi } from "./api.ts";
import { createAppCallbacks } from "./app-callbacks.ts";
import { createAppMessages } from "./app-messages.ts";
import { createBot } from "./bot.ts";
import type { BotShown } from "./bot-screen.ts";
import { createCallbackSender } from "./callback-sender.ts";
import { createCards } from "./cards.ts";
import { createCallbackCrypto } from "./crypto.ts";
import { createFaults } from "./faults.ts";
import { createKf } from "./kf.ts";
import { createMedia } from "./media.ts";
import { createScreens, type Shown } from "./screens.ts";
import { WECOM_DEFAULTS, type WecomSettings } from "./settings.ts";
import { createTokens } from "./tokens.ts";
import { type Handler, ok } from "./wire.ts";

const CALLBACK_TIMEOUT_MS = 5000;

/**
 * 企业微信's stand-in on loopback, as spec/protocols.md §1 has it: an app's API and callbacks, 微信客服, 智能机器人 over
 * its WebSocket, and trouble on demand (`faults`). Members, customers and what they see are in memory.
 *
 * @param settings - what differs from WECOM_DEFAULTS; callbacks need their URL in `knobs` before anybody says
 *   anything, and go to the first app
 */
export async function startWecom({
  port = 0,
  now = Date.now,
  ...settings
}: {
  port?: number;
  /** UTC ms; timeouts and delays follow the real clock all the same. */
  now?: () => number;
} & Partial<WecomSettings> = {}) {
  const { port: _, ...company }: typeof WECOM_DEFAULTS = { ...structuredClone(WECOM_DEFAULTS), ...settings };
  const { corpId, apps, callbackToken, encodingAesKey, members, bots } = company;
  const agentId = apps[0]?.agentId ?? 0;
  const knobs = {
    app: { url: null as string | null, timeoutMs: CALLBACK_TIMEOUT_MS },
    kf: { url: null as string | null, timeoutMs: CALLBACK_TIMEOUT_MS },
  };

  const faults = createFaults();
  const screens = createScreens(now);
  const media = createMedia(now);
  const cards = createCards({ screens, now });
  const tokens = createTokens({ corpId, apps, now });
  const messages = createAppMessages({ members, media, cards, screens, now });
  const crypto = createCallbackCrypto({ token: callbackToken, encodingAesKey, receiveId: corpId });
  const shared = { corpId, crypto, faults, now };
  const appSender = createCallbackSender({ ...shared, endpoint: "callback", knobs: knobs.app });
  const kfSender = createCallbackSender({ ...shared, endpoint: "kf-callback", knobs: knobs.kf });
  const kf = createKf({ settings: company, sender: kfSender, media, screens, now });

  const handlers: Record<string, Handler> = {
    "message/send": messages.send,
    "message/update_template_card": cards.update,
    "media/upload": media.upload,
    "media/get": media.get,
    getcallbackip: () => ok({ ip_list: ["127.0.0.1"] }),
    ...kf.api,
  };

  async function take(request: Request, response: ServerResponse): Promise<Answer | null> {
    const { pathname } = new URL(request.path, "http://sandbox");
    if (pathname.startsWith("/cgi-bin/")) return await api.handle(request, response);
    const [, folder, id = ""] = pathname.split("/");
    if (folder === "bot-files") {
      const file = bot.fileAt(id);
      if (file !== null) return asHttp(file, response);
    }
    // PicUrl of a member's picture: plain, without a token.
    const picture =
      folder === "pictures" ? media.get({ query: new URLSearchParams({ media_id: id }) }) : null;
    if (picture !== null && "bytes" in picture) return asHttp(picture, response);
    return { status: 404 };
  }

  const { url, server, close } = await listen(port, take);
  const baseUrl = () => url;
  const bot = createBot({ server, bots, media, screens, faults, now, baseUrl });
  const api = createApi({
    tokens,
    faults,
    handlers,
    respondByUrl: bot.respondByUrl,
    onCall: () => screens.changed(),
  });
  const callbacks = createAppCallbacks({
    corpId,
    agentId,
    sender: appSender,
    crypto,
    cards,
    media,
    screens,
    now,
    baseUrl,
  });

  return {
    url,
    wsUrl: url.replace(/^http/u, "ws"),
    company,
    /** Callback URLs and timeouts, kf's pages and failing sends, the bot's windows and delays. */
    knobs: { ...knobs, kfLog: kf.knobs.log, kfSending: kf.knobs.sending, ...bot.knobs },
    /** What goes wrong next; a test pushes. */
    faults: faults.list,
    /** Every API request, in order. */
    calls: api.calls,
    countCalls: (endpoint: string) => api.calls.filter((it) => it.endpoint === endpoint).length,
    revokeTokens: tokens.revokeAll,
    addMedia: media.add,
    findMedia: media.find,

    say: callbacks.say,
    clickCard: callbacks.clickCard,
    badPassiveReplies: callbacks.badReplies,
    verifyUrl: appSender.verifyUrl,

    verifyKfUrl: kfSender.verifyUrl,
    kfSay: kf.say,
    kfEnter: kf.enter,
    servicerSays: kf.servicerSays,
    servicerChanges: kf.servicerChanges,
    servicerTurns: kf.servicerTurns,
    kfSession: kf.sessionOf,

    botSay: bot.say,
    botEvent: bot.event,
    botFrames: bot.connections.received,
    isBotConnected: (botId = bots[0]?.botId ?? "") => bot.connections.isConnected(botId),
    dropBot: (botId = bots[0]?.botId ?? "") => bot.connections.drop(botId),
    /** Any text as a frame, such as one with raw control characters. */
    sendBotRaw: (text: string, botId = bots[0]?.botId ?? "") => bot.connections.send(botId, text),

    /** What a member or customer sees of the app and of 微信客服, in order. */
    shown: screens.of,
    /** What bots show, in order, everywhere or in one chat (a userid or a chatid). */
    botShown: (chat?: string) => (chat === undefined ? bot.screen.all : bot.screen.of(chat)),
    /** Calls back when anything shown or asked changed; gives what ends that. */
    onChange: screens.onChange,
    /** The first message from the `after`-th on that fits, now or when it comes. */
    waitForShown: (person: string, fits: (shown: Shown) => boolean, timeoutMs = 10_000, after = 0) =>
      screens.waitFor(
        () => screens.of(person).slice(after).find(fits),
        timeoutMs,
        `a fitting message for ${person}`,
      ),
    waitForBotShown: (chat: string, fits: (shown: BotShown) => boolean, timeoutMs = 10_000, after = 0) =>
      screens.waitFor(
        () => bot.screen.of(chat).slice(after).find(fits),
        timeoutMs,
        `a fitting message of a bot in ${chat}`,
      ),
    async close(): Promise<void> {
      await bot.connections.close();
      await close();
    },
  };
}
