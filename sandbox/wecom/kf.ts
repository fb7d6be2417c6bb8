import { z } from "zod";
import type { CallbackSender, Delivery } from "./callback-sender.ts";
import { createKfLog } from "./kf-log.ts";
import { createKfSending } from "./kf-send.ts";
import { codeValidMs, createKfSessions, type KfSession } from "./kf-sessions.ts";
import type { MediaStore } from "./media.ts";
import { fileContent, type Screens } from "./screens.ts";
import type { WecomSettings } from "./settings.ts";
import { type Handler, type Json, ok, refused, withBody } from "./wire.ts";
import { xmlOf } from "./xml.ts";

/** Without openKfId the first account is meant. menuId: the text is a pressed menu item. */
export type CustomerSaid = { externalUserid: string; openKfId?: string } & (
  | { text: string; menuId?: string }
  | { image: Uint8Array }
  | { voice: Uint8Array }
  | { msgtype: string; body: Json }
);
export type ServicerSaid = { externalUserid: string; servicerUserid: string; openKfId?: string } & (
  | { text: string }
  | { image: Uint8Array }
);
/** What a person did in the client: took from the queue, passed on, ended, took up again. */
export type SessionChange = {
  externalUserid: string;
  openKfId?: string;
  changeType: 1 | 2 | 3 | 4;
  servicerUserid?: string;
};
/** tries are those of the callback that only says "there is mail"; the message itself is fetched. */
export type KfDelivery = Delivery & { msgid: string; token: string };

const batchSchema = z.object({ external_userid_list: z.array(z.string()).min(1).max(100) });
const contactSchema = z.object({ open_kfid: z.string(), scene: z.string().max(32).optional() });
const listSchema = z.object({
  offset: z.int().min(0).default(0),
  limit: z.int().min(1).max(100).default(100),
});

/** 微信客服: its log and API, and what customers and servicers do. */
export function createKf(deps: {
  settings: WecomSettings;
  sender: CallbackSender;
  media: MediaStore;
  screens: Screens;
  now: () => number;
}) {
  const { settings, sender, media, screens, now } = deps;
  const { accounts, customers, servicers } = settings;
  const isAccount = (openKfId: string) => accounts.some(({ open_kfid }) => open_kfid === openKfId);
  const isCustomer = (id: string) => customers.some(({ external_userid }) => external_userid === id);
  const log = createKfLog(now);
  const sessions = createKfSessions({ isAccount, isCustomer, servicers, now });
  const sending = createKfSending({ sessions, log, media, screens, now });

  function sessionOf({ externalUserid, openKfId }: { externalUserid: string; openKfId?: string }): KfSession {
    const account = openKfId ?? accounts[0]?.open_kfid ?? "";
    if (!isAccount(account)) throw new Error(`no 客服账号 ${account}`);
    // Whoever writes is known from then on.
    if (!isCustomer(externalUserid))
      customers.push({ external_userid: externalUserid, nickname: externalUserid, gender: 0, unionid: "" });
    return sessions.of(account, externalUserid);
  }

  /** Appends to the log and rings: an event callback with a Token for the pull. */
  async function ring(openKfId: string, item: Json): Promise<KfDelivery> {
    const msgid = log.append(openKfId, item);
    const token = log.newToken(openKfId);
    const message = xmlOf({
      ToUserName: settings.corpId,
      CreateTime: Math.floor(now() / 1000),
      MsgType: "event",
      Event: "kf_msg_or_event",
      Token: token,
      OpenKfId: openKfId,
    });
    return { ...(await sender.post(message, null)), msgid, token };
  }

  function itemOf({ openKfId, externalUserid }: KfSession, said: CustomerSaid | ServicerSaid): Json {
    const about = { open_kfid: openKfId, external_userid: externalUserid };
    if ("text" in said) {
      const menu = "menuId" in said && said.menuId !== undefined ? { menu_id: said.menuId } : {};
      return { ...about, msgtype: "text", text: { content: said.text, ...menu } };
    }
    if ("image" in said)
      return {
        ...about,
        msgtype: "image",
        image: { media_id: media.add("image", said.image, "image.png").id },
      };
    if ("voice" in said)
      return {
        ...about,
        msgtype: "voice",
        voice: { media_id: media.add("voice", said.voice, "voice.amr").id },
      };
    return { ...about, msgtype: said.msgtype, [said.msgtype]: said.body };
  }

  function event(session: KfSession, eventType: string, more: Json): Promise<KfDelivery> {
    const about = { open_kfid: session.openKfId, external_userid: session.externalUserid };
    const item = { origin: 4, msgtype: "event", event: { event_type: eventType, ...about, ...more } };
    return ring(session.openKfId, item);
  }

  const api: Record<string, Handler> = {
    "kf/sync_msg": (call) => log.sync(call, isAccount),
    "kf/send_msg": sending.send,
    "kf/send_msg_on_event": sending.sendOnEvent,
    "kf/service_state/get": sessions.get,
    "kf/service_state/trans": sessions.trans,
    "kf/servicer/list": ({ query }) =>
      isAccount(query.get("open_kfid") ?? "")
        ? ok({ servicer_list: servicers })
        : refused(95000, "invalid open_kfid"),
    "kf/account/list": ({ body }) =>
      withBody(listSchema, body, ({ offset, limit }) => {
        const page = accounts.slice(offset, offset + limit);
        return ok({ account_list: page.map((it) => ({ ...it, avatar: "", manage_privilege: true })) });
      }),
    "kf/customer/batchget": ({ body }) =>
      withBody(batchSchema, body, ({ external_userid_list: ids }) =>
        ok({
          customer_list: customers
            .filter((it) => ids.includes(it.external_userid))
            .map((it) => ({ ...it, avatar: "" })),
          invalid_external_userid: ids.filter((id) => !isCustomer(id)),
        }),
      ),
    "kf/add_contact_way": ({ body }) =>
      withBody(contactSchema, body, ({ open_kfid, scene }) =>
        isAccount(open_kfid)
          ? ok({ url: `https://work.weixin.qq.com/kfid/${open_kfid}?enc_scene=${scene ?? ""}` })
          : refused(95000, "invalid open_kfid"),
      ),
  };

  return {
    api,
    knobs: { log: log.knobs, sending: sending.knobs },
    sessionOf,
    say(said: CustomerSaid): Promise<KfDelivery> {
      const session = sessionOf(said);
      sessions.noteCustomer(session);
      return ring(session.openKfId, { ...itemOf(session, said), origin: 3 });
    },
    /** The customer opens the chat; the welcome code holds for 20 s and one message. */
    enter(who: {
      externalUserid: string;
      openKfId?: string;
      scene?: string;
      sceneParam?: string;
    }): Promise<KfDelivery> {
      const session = sessionOf(who);
      return event(session, "enter_session", {
        scene: who.scene ?? "",
        scene_param: who.sceneParam ?? "",
        welcome_code: sessions.newCode(session, codeValidMs("welcome"), true),
      });
    },
    /** A person writes in the client; the customer sees it too. */
    servicerSays(said: ServicerSaid): Promise<KfDelivery> {
      const session = sessionOf(said);
      const content =
        "text" in said
          ? ({ type: "text", text: said.text } as const)
          : fileContent("image", { bytes: said.image, filename: "image.png" });
      screens.show(said.externalUserid, "kf-servicer", content);
      return ring(session.openKfId, {
        ...itemOf(session, said),
        origin: 5,
        servicer_userid: said.servicerUserid,
      });
    },
    servicerChanges(change: SessionChange): Promise<KfDelivery> {
      const session = sessionOf(change);
      const old = session.servicerUserid;
      const isEnd = change.changeType === 3;
      session.state = isEnd ? 4 : 3;
      session.servicerUserid = isEnd ? "" : (change.servicerUserid ?? old);
      return event(session, "session_status_change", {
        change_type: change.changeType,
        old_servicer_userid: old,
        new_servicer_userid: session.servicerUserid,
        ...(change.changeType === 2
          ? {}
          : { msg_code: sessions.newCode(session, codeValidMs(session.state), isEnd) }),
      });
    },
    /** status 1 is 接待中 here, 2 is not: the event counts otherwise than kf/servicer/list. */
    servicerTurns(
      userid: string,
      isOn: boolean,
      openKfId = accounts[0]?.open_kfid ?? "",
    ): Promise<KfDelivery> {
      const servicer = servicers.find((it) => it.userid === userid);
      if (servicer === undefined) throw new Error(`no servicer ${userid}`);
      servicer.status = isOn ? 0 : 1;
      const about = { servicer_userid: userid, open_kfid: openKfId, status: isOn ? 1 : 2 };
      return ring(openKfId, {
        origin: 4,
        msgtype: "event",
        event: { event_type: "servicer_status_change", ...about },
      });
    },
  };
}
