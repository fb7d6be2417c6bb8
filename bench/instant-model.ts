import { type ChatRequest, startModel, toolAnswers } from "../sandbox/model.ts";
import { TOOL } from "./words.ts";

// A model behind HTTP that answers at once, in a process of its own: what is left of a turn is our side of it.

const model = await startModel();
model.play((request) => {
  // It would keep every request it ever got.
  model.requests.length = 0;
  return asksForCase(request) && toolAnswers(request).length === 0
    ? { toolCalls: [{ name: "get-case", args: {} }] }
    : { text: "好的，有什么可以帮您？" };
});
process.send?.({ url: model.url });

function asksForCase({ messages }: ChatRequest): boolean {
  const said = JSON.stringify(messages.findLast(({ role }) => role === "user")?.content ?? "");
  return TOOL.some((words) => said.includes(words));
}
