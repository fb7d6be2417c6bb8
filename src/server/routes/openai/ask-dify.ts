import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Ambient } from "../../../domain/clock.ts";
import { AppError } from "../../../domain/errors.ts";
import type { DifyConversationStore } from "../../../domain/records.ts";
import { askDifyApp, type DifyQuestion } from "../../../integrations/dify/dify-app.ts";
import type { DifyTarget } from "../../../integrations/dify/dify-key.ts";
import {
  type CompletionRequest,
  readConversationId,
  readDataUrl,
  readMessage,
  readQuestion,
} from "./request.ts";
import type { Answering } from "./stream-answer.ts";

const REPLACED = "\n\n（以上内容已更正为：）\n";
const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** Which conversation of Dify's goes on, and as whom: Dify gives a conversation only to the person who began it. */
const linkSchema = z.object({ user: z.string(), id: z.string() });
type Talk = {
  /** Where what goes on is kept; null: nothing can. */
  key: string | null;
  user: string;
  /** Where it is kept for the next question, once this one is answered so. */
  nextKey: (answer: string) => string;
};

/**
 * A Dify app as a model (dify2openai, protocols §3): each caller's person and talk goes on in a Dify conversation of its
 * own, found again after a restart.
 */
export function createAskDify({
  conversations,
  ambient,
}: {
  conversations: DifyConversationStore;
  ambient: Ambient;
}) {
  /** Throws AppError("nothing-asked") when no message of the user's asks anything. */
  return function askDify(
    target: DifyTarget,
    request: CompletionRequest,
    header: string | undefined,
  ): Answering {
    const said = readQuestion(request);
    if (said === null) throw new AppError("nothing-asked", "messages: nobody asks anything");
    const talk = talkOf(target, request, header);
    return async ({ onText, signal }) => {
      const kept = talk.key === null ? null : await conversations.find(talk.key);
      const known = kept === null ? null : linkSchema.parse(JSON.parse(kept));
      const question: DifyQuestion = {
        query: said.text === "" ? "（图片）" : said.text,
        user: known?.user ?? talk.user,
        conversationId: known?.id ?? "",
        pictures: said.pictures.map((url) => readDataUrl(url) ?? { url }),
        inputs: isObject(request.variable) ? request.variable : {},
      };
      try {
        return await ask(question);
      } catch (error) {
        const isGone = error instanceof AppError && error.code === "dify-conversation-gone";
        if (!isGone || talk.key === null || known === null) throw error;
        await conversations.forget(talk.key);
        return await ask({ ...question, conversationId: "" });
      }

      async function ask(asked: DifyQuestion) {
        let text = "";
        let forwarded = "";
        let id = asked.conversationId;
        let usage = { input: 0, output: 0 };
        const say = async (words: string) => {
          forwarded += words;
          await onText?.(words);
        };
        for await (const piece of askDifyApp(target, asked, { signal })) {
          switch (piece.type) {
            case "words":
              text += piece.text;
              await say(piece.text);
              break;
            case "replaced":
              text = piece.text;
              // What a stream has said it cannot take back: it says what holds.
              if (text.startsWith(forwarded)) await say(text.slice(forwarded.length));
              else await say(`${REPLACED}${text}`);
              forwarded = text;
              break;
            case "conversation":
              id = piece.id;
              break;
            case "usage":
              usage = { input: piece.input, output: piece.output };
              break;
          }
        }
        if (id !== "")
          await conversations.put(
            talk.nextKey(text),
            JSON.stringify({ user: asked.user, id }),
            ambient.now(),
          );
        return { text, usage };
      }
    };
  };
}

/**
 * A caller that names its conversation, or its person, is known by that. One that names nothing is known by all that was
 * said until now: two people who begin with the same words have nothing in common.
 */
function talkOf(target: DifyTarget, request: CompletionRequest, header: string | undefined): Talk {
  const person = request.user?.trim() ?? "";
  const named = readConversationId({ ...request, user: null }, header);
  const app = [target.base, target.key, person];
  if (named !== null) {
    const key = hashed([...app, named]);
    return { key, nextKey: () => key, user: person === "" ? `talk-${key.slice(0, 24)}` : person };
  }
  const lastAnswer = request.messages.findLastIndex(({ role }) => role === "assistant");
  const words = (messages: CompletionRequest["messages"]) =>
    messages.map((message) => `${message.role}:${readMessage(message).text.trim()}`);
  return {
    key: lastAnswer < 0 ? null : hashed([...app, ...words(request.messages.slice(0, lastAnswer + 1))]),
    nextKey: (answer) => hashed([...app, ...words(request.messages), `assistant:${answer.trim()}`]),
    user: person === "" ? `talk-${randomUUID()}` : person,
  };
}

function hashed(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
