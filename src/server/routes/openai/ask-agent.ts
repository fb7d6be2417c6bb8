import { randomUUID } from "node:crypto";
import type { AskedNow, createAnswerNow } from "../../../conversation/answer-now.ts";
import type { Ambient } from "../../../domain/clock.ts";
import { type AgentName, API_CHANNEL } from "../../../domain/conversations/agent-of.ts";
import type { Part } from "../../../domain/conversations/message.ts";
import { AppError } from "../../../domain/errors.ts";
import { joinKey } from "../../../domain/keys.ts";
import type { FileStore } from "../../../domain/pictures/ports.ts";
import {
  type CompletionRequest,
  idOf,
  readConversationId,
  readDataUrl,
  readHistory,
  readQuestion,
  type Said,
} from "./request.ts";
import type { Answering } from "./stream-answer.ts";

const MOST_PICTURES = 10;

export type Caller = {
  /** Of the server's key: conversations are apart by it. */
  key: string;
  conversationId: string | undefined;
  idempotencyKey: string | undefined;
  /** As chat programs tell of their own users. */
  userName: string | undefined;
};

/** One of our agents as a model: what is asked becomes a message of a conversation, and the answer comes back at once. */
export function createAskAgent({
  answerNow,
  files,
  fileUrl,
  ambient,
}: {
  answerNow: ReturnType<typeof createAnswerNow>;
  files: FileStore;
  fileUrl: (file: string) => string;
  ambient: Ambient;
}) {
  /** Throws AppError("nothing-asked") when no message of the user's asks anything. */
  return function askAgent(agent: AgentName, request: CompletionRequest, caller: Caller): Answering {
    const said = readQuestion(request);
    if (said === null) throw new AppError("nothing-asked", "messages: nobody asks anything");
    const named = readConversationId(request, caller.conversationId);
    // The same call again, which named nothing but itself, is the same conversation.
    const external =
      named ?? (caller.idempotencyKey === undefined ? `s:${randomUUID()}` : idOf("s", caller.idempotencyKey));
    const customer = request.user?.trim() ?? "";
    return async ({ onText, signal }) => {
      const asked: AskedNow = {
        message: {
          channel: API_CHANNEL,
          platform: agent,
          shop: { id: caller.key, name: null },
          externalConversationId: external,
          customer: {
            id: customer === "" ? external : idOf("u", customer),
            name: caller.userName ?? (customer === "" ? null : customer.slice(0, 100)),
          },
          author: "buyer",
          platformMessageId: null,
          dedupeKey: joinKey([
            API_CHANNEL,
            agent,
            caller.key,
            external,
            caller.idempotencyKey ?? randomUUID(),
          ]),
          parts: await partsOf(said),
          at: ambient.now(),
          context: null,
        },
        history: readHistory(request),
        signal,
        ...(onText === undefined ? {} : { onText }),
      };
      const { text, attachments, usage } = await answerNow(asked);
      const shown = attachments.map(linkTo).filter((link) => link !== "");
      const links = shown.length === 0 ? "" : `${text === "" ? "" : "\n\n"}${shown.join("\n")}`;
      if (links !== "") await onText?.(links);
      return { text: `${text}${links}`, usage };
    };
  };

  async function partsOf({ text, pictures }: Said): Promise<Part[]> {
    const parts: Part[] = text === "" ? [] : [{ type: "text", text }];
    for (const url of pictures.slice(0, MOST_PICTURES)) {
      const data = readDataUrl(url);
      parts.push({ type: "image", ...(data === null ? { url } : { file: await files.put(data.bytes) }) });
    }
    return parts;
  }

  function linkTo(part: Part): string {
    if (part.type !== "image") return "";
    if (part.file !== undefined) return `![图片](${fileUrl(part.file)})`;
    return part.url === undefined ? "" : `![图片](${part.url})`;
  }
}
