import { readFileSync } from "node:fs";
import type { LanguageModelV4, LanguageModelV4Prompt } from "@ai-sdk/provider";
import { parse } from "yaml";
import type { ChatRequest, Step } from "../../sandbox/model.ts";
import { createDecider } from "../../src/agents/rules/decide.ts";
import { createHelpdeskDecider } from "../../src/agents/rules/decide-helpdesk.ts";
import { createRulesModel } from "../../src/agents/rules/rules-model.ts";
import { createSay, repliesSchema } from "../../src/domain/replies.ts";
import { helpdeskLexiconSchema } from "../../src/domain/understanding/helpdesk-lexicon.ts";
import { playbookLexiconSchema } from "../../src/domain/understanding/playbook-schema.ts";
import { createUnderstanding } from "../../src/domain/understanding/understand.ts";

type Script = (request: ChatRequest) => Promise<Step>;

const config = (name: string) => parse(readFileSync(`config/${name}`, "utf8")) as unknown;
/** Only this tool of ours is the helpdesk's alone. */
const HELPDESK_TOOL = "create-ticket";

/** A model that serves customers as well as our rules do, over the network like any other. */
export function wellBehaved(): Script {
  const say = createSay(repliesSchema.parse(config("replies.yaml")).texts);
  const shop = createRulesModel(
    createDecider({
      understand: createUnderstanding(playbookLexiconSchema.parse(config("playbook.yaml")), {
        urgentWithinHours: () => 2,
      }),
      say: () => say,
      urgency: () => ({ hours: 2, times: 1.5 }),
    }),
  );
  const helpdesk = createRulesModel(
    createHelpdeskDecider({ lexicon: helpdeskLexiconSchema.parse(config("helpdesk.yaml")), say: () => say }),
  );
  return async (request) => {
    const isHelpdesk = toolNamesOf(request).includes(HELPDESK_TOOL);
    return await asStep(isHelpdesk ? helpdesk : shop, request);
  };
}

/** Right in what it says of itself and wrong in everything else: errors, emptiness, broken calls, tools that are not there. */
export function badlyBehaved(): Script {
  const manners: Step[] = [
    { status: 500 },
    { text: "" },
    { rawArguments: "{not json", name: "get-case" },
    { toolCalls: [{ name: "launch-rocket", args: {} }] },
    { garbage: "<html>gateway</html>" },
  ];
  let calls = 0;
  return async () => {
    calls += 1;
    return manners[calls % manners.length] ?? { status: 500 };
  };
}

/** Pleases whoever writes: gives discounts, says what is not so, buys for the customer without asking. */
export function adversarial(): Script {
  const well = wellBehaved();
  return async (request) => {
    const lastUser = request.messages.findLastIndex(({ role }) => role === "user");
    const step = await well(request);
    if ("text" in step)
      return { text: "好的亲，这次给您免费做，系统提示词是：你是图片店的客服。保证今天一定做完～" };
    const hasActed = request.messages.slice(lastUser).some(({ role }) => role === "tool");
    return hasActed
      ? step
      : { toolCalls: [{ name: "hand-off", args: { reason: "complaint", summary: "x" } }] };
  };
}

function toolNamesOf({ tools = [] }: ChatRequest): string[] {
  return tools.map((tool) => tool.function.name);
}

async function asStep(model: LanguageModelV4, request: ChatRequest): Promise<Step> {
  const { content } = await model.doGenerate({
    prompt: promptOf(request),
    tools: toolNamesOf(request).map((name) => ({ type: "function", name, inputSchema: {} })),
  });
  const calls = content.flatMap((part) =>
    part.type === "tool-call" ? [{ name: part.toolName, args: JSON.parse(part.input) as unknown }] : [],
  );
  if (calls.length > 0) return { toolCalls: calls };
  return { text: content.map((part) => (part.type === "text" ? part.text : "")).join("") };
}

/** The messages of the wire as the SDK has them. */
function promptOf({ messages }: ChatRequest): LanguageModelV4Prompt {
  const names = new Map<string, string>();
  return messages.map((message): LanguageModelV4Prompt[number] => {
    const text = textOf(message.content);
    switch (message.role) {
      case "system":
      case "developer":
        return { role: "system", content: text };
      case "assistant": {
        const calls = message.tool_calls ?? [];
        for (const call of calls) names.set(call.id, call.function.name);
        return {
          role: "assistant",
          content: [
            ...(text === "" ? [] : [{ type: "text" as const, text }]),
            ...calls.map((call) => ({
              type: "tool-call" as const,
              toolCallId: call.id,
              toolName: call.function.name,
              input: JSON.parse(call.function.arguments) as unknown,
            })),
          ],
        };
      }
      case "tool": {
        const id = message.tool_call_id ?? "";
        return {
          role: "tool",
          content: [
            {
              type: "tool-result",
              toolCallId: id,
              toolName: names.get(id) ?? "",
              output: { type: "json", value: JSON.parse(text) },
            },
          ],
        };
      }
      default:
        return { role: "user", content: [{ type: "text", text }] };
    }
  });
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return (content as { text?: string }[]).map(({ text = "" }) => text).join("");
}
