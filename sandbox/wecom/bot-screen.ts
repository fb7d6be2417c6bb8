import type { Content, Screens } from "./screens.ts";

/** What a stream said at one moment; the user sees the last one only. */
export type StreamFrame = { atMs: number; content: string; finish: boolean };
/** text is what the user sees now. feedbackId: 👍/👎 is offered. */
export type StreamContent = {
  type: "stream";
  streamId: string;
  text: string;
  isFinished: boolean;
  frames: StreamFrame[];
  feedbackId: string | null;
};
/** One message of a bot as its user or group sees it; reqId is null for what came unasked. */
export type BotShown = {
  botId: string;
  /** A userid, or the chatid of a group. */
  chat: string;
  via: "reply" | "welcome" | "push" | "response-url";
  reqId: string | null;
  atMs: number;
} & (Content | StreamContent);

/** What bots show, in order. */
export function createBotScreen({ screens, now }: { screens: Screens; now: () => number }) {
  const all: BotShown[] = [];

  return {
    all,
    of: (chat: string): BotShown[] => all.filter((it) => it.chat === chat),
    add(message: Omit<BotShown, "atMs" | keyof Content>, content: Content | StreamContent): void {
      all.push({ ...message, atMs: now(), ...content });
      screens.changed();
    },
    changed: () => screens.changed(),
    findStream: (reqId: string, streamId: string): StreamContent | null =>
      all.find(
        (it): it is BotShown & StreamContent =>
          it.reqId === reqId && it.type === "stream" && it.streamId === streamId,
      ) ?? null,
    findCard: (chat: string, taskId: string): (BotShown & { type: "card" }) | null =>
      all.findLast(
        (it): it is BotShown & { type: "card" } =>
          it.chat === chat && it.type === "card" && it.card.task_id === taskId,
      ) ?? null,
  };
}
export type BotScreen = ReturnType<typeof createBotScreen>;
