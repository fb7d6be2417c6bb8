import type { CompletionRequest } from "./request.ts";
import { readMessage } from "./request.ts";

const MOST_TITLE = 20;
const MOST_ORDER = 1_000;

/**
 * Chat programs ask the model itself for a title, tags or what to ask next (Open WebUI, LobeChat, LibreChat …). That is no
 * question of anybody's: it is answered from the words alone and kept nowhere.
 *
 * @returns the answer; null when somebody asks something
 */
export function answerHousekeeping(request: CompletionRequest): string | null {
  const texts = request.messages.map((message) => ({ role: message.role, text: readMessage(message).text }));
  const order = texts.find(({ role, text }) =>
    isOrder(text, role === "system" || role === "developer"),
  )?.text;
  if (order === undefined) return null;
  if (/follow[- _]?ups?/iu.test(order)) return JSON.stringify({ follow_ups: [] });
  if (/\b(?:search )?quer(?:y|ies)\b/iu.test(order)) return JSON.stringify({ queries: [] });
  if (/autocomplet/iu.test(order)) return JSON.stringify({ text: "" });
  if (/\btags?\b|标签/iu.test(order)) return JSON.stringify({ tags: [] });
  const title = titleOf(
    texts.filter(({ text }) => text !== order).map(({ text }) => text),
    order,
  );
  return /json/iu.test(order) ? JSON.stringify({ title }) : title;
}

function isOrder(text: string, isSystem: boolean): boolean {
  // Open WebUI's templates all begin so, as one message of the user's, and say in what form they want it.
  if (/^\s*###\s*Task:/u.test(text)) return /<chat_history>|###\s*Output|\bJSON\b/iu.test(text);
  // An order that is about the talk itself and about nothing else; who is told to answer shall answer.
  return (
    isSystem &&
    text.length <= MOST_ORDER &&
    /(?:generate|create|summari[sz]e|总结|概括|生成|起).{0,60}(?:title|标题|\btags?\b|标签)/isu.test(text) &&
    /conversation|chat|dialog|会话|对话|聊天/iu.test(text) &&
    !/\b(?:answer|reply|support|help)\b|回答|解答|客服|服务台/iu.test(text)
  );
}

/** The first words of the talk; in a template the talk stands between its own marks. */
function titleOf(others: readonly string[], order: string): string {
  const within = /<chat_history>([\s\S]*?)<\/chat_history>/u.exec(order)?.[1] ?? "";
  const [first = "对话"] = [within, ...others]
    .map((text) => text.replace(/^\s*(?:USER|user|用户)\s*[:：]\s*/u, "").trim())
    .filter((text) => text !== "");
  return [...(first.split("\n")[0] ?? "")].slice(0, MOST_TITLE).join("") || "对话";
}
