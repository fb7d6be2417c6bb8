import { type ChatRequest, type Step, startModel, toolAnswers } from "../../sandbox/model.ts";
import { field } from "../../src/agents/rules/situation.ts";
import type { World } from "./scenario.ts";

/** What anybody finds on the web. */
export const WEB_PAGE = { title: "公开资料", url: "https://www.example.com/how-to" };
const TIMEOUT_MS = 300;
/** A model that answers must not be late on a busy machine. */
const ABLE_MS = 20_000;

/** How long the service waits for the world's model, in ms. */
export function modelTimeoutMs({ model }: World): number {
  return model === "able" ? ABLE_MS : TIMEOUT_MS;
}

/** A model that is there and no good: the ladder must leave it. */
export async function startScripted({ model }: World) {
  const scripted = await startModel();
  scripted.play((request) => {
    switch (model) {
      case "able":
        return ableStep(request);
      case "down":
        return { status: 500 };
      case "slow":
        return { hang: true };
      case "empty":
        return { text: "" };
      case "promising":
        return { text: "好的亲，已经帮您转人工了，也已下单，马上发给您。" };
      case "wrong_call":
        return { toolCalls: [{ name: "give-away", args: { everything: true } }] };
      default:
        return { garbage: "<html>502 Bad Gateway</html>" };
    }
  });
  return scripted;
}

/** Does what the rules never do (a reminder, a designer instead of the quote, a search on the web) and says what came of it. */
function ableStep(request: ChatRequest): Step {
  const [answer] = toolAnswers(request);
  if (answer !== undefined) {
    const told = field(answer, "tell");
    return { text: typeof told === "string" ? told : `网上查到：${WEB_PAGE.title} ${WEB_PAGE.url}` };
  }
  const words = String(request.messages.findLast(({ role }) => role === "user")?.content ?? "");
  const orderId = /"id":"(o_[^"]+)"/u.exec(JSON.stringify(request.messages).replaceAll('\\"', '"'))?.[1];
  if (words.includes("设计师") && orderId !== undefined)
    return {
      toolCalls: [
        { name: "hand-off", args: { reason: "designer_dispatch", summary: "要设计师做", order_id: orderId } },
      ],
    };
  if (words.includes("提醒"))
    return {
      toolCalls: [{ name: "schedule-task", args: { delay_minutes: 60, message: "您约的时间到啦～" } }],
    };
  const mayBrowse = request.tools?.some((tool) => tool.function.name === "search-web") === true;
  // The rest is left to the rules.
  if (!mayBrowse) return { status: 500 };
  return { toolCalls: [{ name: "search-web", args: { query: words.slice(0, 100) } }] };
}
