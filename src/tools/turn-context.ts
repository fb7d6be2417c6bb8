import type { RequestContext } from "@mastra/core/request-context";
import type { Conversation } from "../domain/conversations/conversation.ts";
import type { Part } from "../domain/conversations/message.ts";
import type { KnowledgeFound } from "../domain/knowledge/knowledge.ts";
import type { Store } from "../domain/records.ts";

/** What a tool knows of the turn that calls it; put into the request context by the conversation. */
export type TurnContext = {
  conversationId: string;
  turnId: string;
  /** Pictures that go out with the reply; tools add to it. */
  attachments: Part[];
  /** What was looked for in the knowledge; the search adds to it. */
  searches: KnowledgeFound[];
  /** When an earlier run of this turn read its case (UTC ms), which may have done what is asked for; absent: none did. */
  firstRunAt?: number | undefined;
  /** Comes before each tool that writes; when it throws the tool does not run. */
  beforeWrite?: (() => Promise<void>) | undefined;
};

export const TURN_KEY = "turn";
const STUDIO = { channel: "studio", platform: "studio", shop: "studio", customer: "studio" };

/** The turn a tool was called in; undefined when it is called by hand. */
export function turnOf(requestContext: RequestContext | undefined): TurnContext | undefined {
  return requestContext?.get(TURN_KEY) as TurnContext | undefined;
}

/** As readTurn, for a tool that may change what the next turn would be told of the case. */
export async function readTurnToWrite(...called: Parameters<typeof readTurn>): ReturnType<typeof readTurn> {
  await turnOf(called[0])?.beforeWrite?.();
  return await readTurn(...called);
}

/**
 * The turn a tool was called in. Called by hand in Studio there is none: then a conversation of its own stands in,
 * so that every tool is usable alone.
 */
export async function readTurn(
  requestContext: RequestContext | undefined,
  store: Store,
  now: number,
): Promise<TurnContext & { conversation: Conversation }> {
  const turn = turnOf(requestContext);
  if (turn !== undefined) {
    const conversation = await store.conversations.find(turn.conversationId);
    if (conversation !== null) return { ...turn, conversation };
  }
  const conversation = await store.conversations.upsert(
    {
      channel: STUDIO.channel,
      platform: STUDIO.platform,
      shop: { id: STUDIO.shop, name: null },
      externalConversationId: STUDIO.customer,
      customer: { id: STUDIO.customer, name: null },
      author: "buyer",
      platformMessageId: null,
      dedupeKey: "",
      parts: [],
      at: now,
      context: null,
    },
    now,
  );
  return {
    conversationId: conversation.id,
    turnId: `studio_${now}`,
    attachments: [],
    searches: [],
    conversation,
  };
}
