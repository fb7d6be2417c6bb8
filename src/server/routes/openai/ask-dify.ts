import { createHash } from "node:crypto";
import type { Ambient } from "../../../domain/clock.ts";
import { AppError } from "../../../domain/errors.ts";
import type { DifyConversationStore } from "../../../domain/records.ts";
import { askDifyApp, type DifyQuestion } from "../../../integrations/dify/dify-app.ts";
import type { DifyTarget } from "../../../integrations/dify/dify-key.ts";
import { type CompletionRequest, readConversationId, readMessage, readQuestion } from "./request.ts";
import type { Answering } from "./stream-answer.ts";

const REPLACED = "\n\n（以上内容已更正为：）\n";
const DATA_URL = /^data:([^,;]*)(?:;[^,;]+)*;base64,/iu;
const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

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
    const user = userOf(request, header);
    const key = hashed([target.base, target.key, user, talkOf(request, header)]);
    return async ({ onText, signal }) => {
      const known = await conversations.find(key);
      const question: DifyQuestion = {
        query: said.text === "" ? "（图片）" : said.text,
        user,
        conversationId: known ?? "",
        pictures: said.pictures.map(pictureOf),
        inputs: isObject(request.variable) ? request.variable : {},
      };
      try {
        return await ask(question);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== "dify-conversation-gone" || known === null)
          throw error;
        await conversations.forget(key);
        return await ask({ ...question, conversationId: "" });
      }

      async function ask(asked: DifyQuestion) {
        let text = "";
        let forwarded = "";
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
              if (piece.id !== asked.conversationId) await conversations.put(key, piece.id, ambient.now());
              break;
            case "usage":
              usage = { input: piece.input, output: piece.output };
              break;
          }
        }
        return { text, usage };
      }
    };
  };
}

/** Dify keeps people apart by it; a talk without a named person is a person of its own. */
function userOf(request: CompletionRequest, header: string | undefined): string {
  const user = request.user?.trim() ?? "";
  return user === "" ? `talk-${hashed([talkOf(request, header)]).slice(0, 24)}` : user;
}

/** A caller that names no conversation is known by how it began: its first words and its instructions. */
function talkOf(request: CompletionRequest, header: string | undefined): string {
  const named = readConversationId({ ...request, user: null }, header);
  if (named !== null) return named;
  const first = request.messages.find(({ role }) => role === "user");
  const system = request.messages.find(({ role }) => role === "system" || role === "developer");
  return hashed([first, system].map((message) => (message === undefined ? "" : readMessage(message).text)));
}

function pictureOf(url: string): DifyQuestion["pictures"][number] {
  const data = DATA_URL.exec(url);
  if (data === null) return { url };
  return { bytes: Buffer.from(url.slice(data[0].length), "base64"), type: data[1] || "image/png" };
}

function hashed(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
