import { randomUUID } from "node:crypto";
import type { CallbackSender, Delivery } from "./callback-sender.ts";
import type { Cards } from "./cards.ts";
import type { CallbackCrypto } from "./crypto.ts";
import type { MediaStore } from "./media.ts";
import { fileContent, type Screens } from "./screens.ts";
import { textIn, type XmlFields, xmlOf } from "./xml.ts";

/** What a member writes to an app; an event has its own fields in `fields`. */
export type MemberSaid = { userid: string } & (
  | { text: string }
  | { image: Uint8Array }
  | { voice: Uint8Array }
  | { location: { latitude: number; longitude: number; label: string } }
  | { link: { title: string; description: string; url: string } }
  | { event: string; eventKey?: string; fields?: XmlFields }
);
export type MemberDelivery = Delivery & { msgId: string | null };
export type CardClick = {
  userid: string;
  taskId: string;
  /** Of the button, or of the submit button. */
  key: string;
  selected?: { questionKey: string; optionIds: string[] }[];
};

/** The member's side of an app: what they write, open and press, as callbacks. */
export function createAppCallbacks(deps: {
  corpId: string;
  agentId: number;
  sender: CallbackSender;
  crypto: CallbackCrypto;
  cards: Cards;
  media: MediaStore;
  screens: Screens;
  now: () => number;
  /** Of the stand-in; only known once it listens. */
  baseUrl: () => string;
}) {
  const { corpId, agentId, sender, crypto, cards, media, screens, now, baseUrl } = deps;
  // A 64-bit number that JavaScript's own numbers cannot hold.
  let lastMsgId = 7_000_000_000_000_000_000n;
  /** Passive replies that could not be read: what 企业微信 would drop. */
  const badReplies: string[] = [];

  function fieldsOf(said: MemberSaid): XmlFields {
    if ("text" in said) return { MsgType: "text", Content: said.text };
    if ("image" in said) {
      const { id } = media.add("image", said.image, "image.png");
      return { MsgType: "image", PicUrl: `${baseUrl()}/pictures/${id}`, MediaId: id };
    }
    if ("voice" in said)
      return { MsgType: "voice", MediaId: media.add("voice", said.voice, "voice.amr").id, Format: "amr" };
    if ("location" in said) {
      const { latitude, longitude, label } = said.location;
      return {
        MsgType: "location",
        Location_X: latitude,
        Location_Y: longitude,
        Scale: 15,
        Label: label,
        AppType: "wxwork",
      };
    }
    if ("link" in said) {
      const { title, description, url } = said.link;
      return { MsgType: "link", Title: title, Description: description, Url: url, PicUrl: "" };
    }
    return { MsgType: "event", Event: said.event, EventKey: said.eventKey ?? "", ...said.fields };
  }

  async function say(said: MemberSaid): Promise<MemberDelivery> {
    const isEvent = "event" in said;
    if (!isEvent) lastMsgId += 1n;
    const message = xmlOf({
      ToUserName: corpId,
      FromUserName: said.userid,
      CreateTime: Math.floor(now() / 1000),
      ...fieldsOf(said),
      ...(isEvent ? {} : { MsgId: lastMsgId }),
      AgentID: agentId,
    });
    const msgId = isEvent ? null : String(lastMsgId);
    const delivery = await sender.post(message, agentId);
    const answer = delivery.tries.at(-1);
    const taskId = textIn(message, "TaskId");
    if (answer?.status === 200) takePassive(said.userid, answer.body, taskId);
    return { ...delivery, msgId };
  }

  /** The answer to a callback is a message too, unless it is empty or "success". */
  function takePassive(userid: string, body: string, taskId: string | null): void {
    if (body === "" || body === "success") return;
    const [encrypted, signature, timestamp, nonce] = ["Encrypt", "MsgSignature", "TimeStamp", "Nonce"].map(
      (name) => textIn(body, name),
    );
    try {
      if (!encrypted || !timestamp || !nonce) throw new Error("not an encrypted reply");
      if (crypto.sign(timestamp, nonce, encrypted) !== signature) throw new Error("wrong signature");
      showPassive(userid, crypto.decrypt(encrypted), taskId);
    } catch (error) {
      badReplies.push(`${String(error)}: ${body}`);
    }
  }

  function showPassive(userid: string, xml: string, taskId: string | null): void {
    const type = textIn(xml, "MsgType");
    const id = `passive-${randomUUID()}`;
    if (type === "text") screens.show(userid, "passive", { type, text: textIn(xml, "Content") ?? "" }, id);
    else if (type === "image" || type === "voice") {
      const file = media.find(textIn(xml, "MediaId"));
      if (file === null) throw new Error("invalid MediaId");
      screens.show(userid, "passive", fileContent(type, file), id);
    } else if (type === "update_button") {
      if (taskId === null || !cards.change(userid, taskId, { button: textIn(xml, "ReplaceName") ?? "" }))
        throw new Error("update_button answers a pressed card only");
    } else screens.show(userid, "passive", { type: "other", msgtype: String(type), body: { xml } }, id);
  }

  return {
    say,
    badReplies,
    /** Presses a button of a card that the member sees; its code may be used once to change the card. */
    async clickCard({
      userid,
      taskId,
      key,
      selected = [],
    }: CardClick): Promise<MemberDelivery & { responseCode: string }> {
      const shown = cards.find(userid, taskId);
      if (shown === null) throw new Error(`${userid} sees no card ${taskId}`);
      const responseCode = cards.newCode(agentId, taskId, [userid]);
      const chosen = selected.map(({ questionKey, optionIds }) => ({
        QuestionKey: questionKey,
        OptionIds: { OptionId: optionIds },
      }));
      const fields: XmlFields = {
        TaskId: taskId,
        CardType: String(shown.card.card_type),
        ResponseCode: responseCode,
        ...(chosen.length === 0 ? {} : { SelectedItems: { SelectedItem: chosen } }),
      };
      return {
        ...(await say({ userid, event: "template_card_event", eventKey: key, fields })),
        responseCode,
      };
    },
  };
}
