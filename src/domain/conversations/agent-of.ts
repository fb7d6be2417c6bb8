import type { Conversation } from "./conversation.ts";

/** Who answers: the image shop's agent, or the IT desk's. */
export const AGENT_NAMES = ["shop", "helpdesk"] as const;
export type AgentName = (typeof AGENT_NAMES)[number];

/** Conversations that a caller of the OpenAI API holds; their platform is the model that was asked. */
export const API_CHANNEL = "openai";
const HELPDESK_CHANNELS = ["wecom-app", "wecom-bot", "wecom-kf"];

/** Staff write over 企业微信, buyers over 轻简; who calls the API says which. */
export function agentOf({ channel, platform }: Pick<Conversation, "channel" | "platform">): AgentName {
  if (channel === API_CHANNEL && platform === "helpdesk") return "helpdesk";
  return HELPDESK_CHANNELS.includes(channel) ? "helpdesk" : "shop";
}
