import { listen } from "./http-server.ts";

export type ChatRequest = {
  model: string;
  stream?: boolean;
  messages: { role: string; content: unknown; tool_call_id?: string }[];
  tools?: { function: { name: string } }[];
};
/** What the model does next; the odd ones are how real ones fail. */
export type Step =
  | { text: string }
  | { toolCalls: { name: string; args: unknown }[] }
  | { rawArguments: string; name: string }
  | { status: number }
  | { garbage: string }
  | { hang: true };

/** A scripted OpenAI-compatible model (chat completions, whole and streamed) that can behave badly. */
export async function startModel({ port = 0 }: { port?: number } = {}) {
  const requests: ChatRequest[] = [];
  let script: (request: ChatRequest) => Step = () => ({ text: "（没有剧本）" });

  const { url, close } = await listen(port, ({ path, body }, response) => {
    if (path.endsWith("/models"))
      return {
        status: 200,
        body: { object: "list", data: [{ id: "scripted", object: "model", owned_by: "sandbox" }] },
      };
    const request = JSON.parse(body) as ChatRequest;
    requests.push(request);
    const step = script(request);
    if ("hang" in step) return null;
    if ("status" in step)
      return { status: step.status, body: { error: { message: "scripted failure", type: "server_error" } } };
    if ("garbage" in step) return { status: 200, bytes: Buffer.from(step.garbage), type: "text/html" };
    const { message, finish } = messageOf(step, requests.length);
    const head = { id: `c-${requests.length}`, created: Math.floor(Date.now() / 1000), model: request.model };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    if (request.stream !== true)
      return {
        status: 200,
        body: {
          ...head,
          object: "chat.completion",
          choices: [{ index: 0, message, finish_reason: finish }],
          usage,
        },
      };
    response.writeHead(200, { "content-type": "text/event-stream" });
    const chunk = (delta: unknown, finish_reason: string | null) =>
      response.write(
        `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })}\n\n`,
      );
    chunk(message, null);
    chunk({}, finish);
    response.end("data: [DONE]\n\n");
    return null;
  });

  return {
    url: `${url}/v1`,
    requests,
    play(next: (request: ChatRequest) => Step): void {
      script = next;
    },
    close,
  };
}

function messageOf(
  step: Extract<Step, { text: string } | { toolCalls: unknown } | { rawArguments: string }>,
  n: number,
) {
  if ("text" in step) return { message: { role: "assistant", content: step.text }, finish: "stop" };
  const calls =
    "toolCalls" in step
      ? step.toolCalls.map(({ name, args }) => ({ name, arguments: JSON.stringify(args) }))
      : [{ name: step.name, arguments: step.rawArguments }];
  return {
    message: {
      role: "assistant",
      content: null,
      tool_calls: calls.map((call, index) => ({
        index,
        id: `call_${n}_${index}`,
        type: "function",
        function: call,
      })),
    },
    finish: "tool_calls",
  };
}

/** What the tools of this turn have answered so far, by name. */
export function toolAnswers(request: ChatRequest): unknown[] {
  const lastUser = request.messages.findLastIndex((message) => message.role === "user");
  return request.messages
    .slice(lastUser + 1)
    .filter((message) => message.role === "tool")
    .map((message) => JSON.parse(String(message.content)) as unknown);
}
