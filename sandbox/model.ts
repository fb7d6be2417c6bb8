import sharp from "sharp";
import { type Answer, listen, type Request } from "./http-server.ts";
import { aPhoto } from "./pictures.ts";

export type ChatRequest = {
  model: string;
  stream?: boolean;
  messages: {
    role: string;
    content: unknown;
    tool_call_id?: string;
    tool_calls?: { id: string; function: { name: string; arguments: string } }[];
  }[];
  tools?: { function: { name: string } }[];
};
/** What the model does next; the odd ones are how real ones fail. */
export type Step =
  | { text: string }
  | { toolCalls: { name: string; args: unknown }[] }
  | { rawArguments: string; name: string }
  | { status: number; message?: string }
  | { garbage: string }
  | { hang: true };

type PictureSize = { width: number; height: number };
export type ImageRequest = {
  path: string;
  headers: Record<string, string>;
  /** Everything that was sent as text: model, prompt, n, size. */
  fields: Record<string, string>;
  prompt: string;
  /** Null when the picture is to be made from words alone. */
  picture: (PictureSize & { bytes: Uint8Array; type: string }) | null;
};
/** What becomes of a picture: its negative at its own or another size, one colour, data, or what goes wrong. */
export type ImageStep =
  | { draw: "negative"; size?: PictureSize }
  | { draw: "blank" }
  | { base64: string }
  | { status: number; code?: string; message?: string }
  | { refuse: true }
  | { garbage: string }
  | { hang: true };

/** A scripted OpenAI-compatible model (chat completions, whole and streamed; pictures) that can behave badly. */
export async function startModel({ port = 0 }: { port?: number } = {}) {
  const requests: ChatRequest[] = [];
  const imageRequests: ImageRequest[] = [];
  let script: (request: ChatRequest) => Step | Promise<Step> = () => ({ text: "（没有剧本）" });
  let imageScript: (request: ImageRequest) => ImageStep = () => ({ draw: "negative" });

  const { url, close } = await listen(port, async (asked, response) => {
    const { path, body } = asked;
    if (/\/images\/(edits|generations)$/u.test(path)) {
      const request = await readImageRequest(asked);
      imageRequests.push(request);
      return await answerImage(request, imageScript(request));
    }
    if (path.endsWith("/models"))
      return {
        status: 200,
        body: { object: "list", data: [{ id: "scripted", object: "model", owned_by: "sandbox" }] },
      };
    const request = JSON.parse(body) as ChatRequest;
    requests.push(request);
    const step = await script(request);
    if ("hang" in step) return null;
    if ("status" in step)
      return {
        status: step.status,
        body: { error: { message: step.message ?? "scripted failure", type: "server_error" } },
      };
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
    imageRequests,
    play(next: (request: ChatRequest) => Step | Promise<Step>): void {
      script = next;
    },
    playImages(next: (request: ImageRequest) => ImageStep): void {
      imageScript = next;
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

async function readImageRequest({ path, headers, body, raw }: Request): Promise<ImageRequest> {
  if (path.endsWith("/generations")) {
    const fields = Object.fromEntries(
      Object.entries(JSON.parse(body) as Record<string, unknown>).map(([key, value]) => [key, String(value)]),
    );
    return { path, headers, fields, prompt: fields.prompt ?? "", picture: null };
  }
  const form = await new Response(Buffer.from(raw), {
    headers: { "content-type": headers["content-type"] ?? "" },
  }).formData();
  const fields: Record<string, string> = {};
  let file: File | null = null;
  for (const [key, value] of form) {
    if (typeof value === "string") fields[key] = value;
    else file = value;
  }
  return { path, headers, fields, prompt: fields.prompt ?? "", picture: await readPicture(file) };
}

async function readPicture(file: File | null): Promise<ImageRequest["picture"]> {
  if (file === null) return null;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { width, height } = await sharp(bytes).metadata();
  return { bytes, width, height, type: file.type };
}

async function answerImage(request: ImageRequest, step: ImageStep): Promise<Answer | null> {
  if ("hang" in step) return null;
  if ("garbage" in step) return { status: 200, bytes: Buffer.from(step.garbage), type: "text/html" };
  if ("status" in step) {
    const { status, code = null, message = "scripted failure" } = step;
    return { status, body: { error: { message, type: "server_error", param: null, code } } };
  }
  if ("refuse" in step)
    return {
      status: 400,
      body: {
        error: {
          message: "Your request was rejected as a result of our safety system.",
          type: "image_generation_user_error",
          param: null,
          code: "content_policy_violation",
        },
      },
    };
  const b64_json = "base64" in step ? step.base64 : (await draw(request, step)).toString("base64");
  return { status: 200, body: { created: Math.floor(Date.now() / 1000), data: [{ b64_json }] } };
}

async function draw(
  { picture, fields, prompt }: ImageRequest,
  step: Extract<ImageStep, { draw: string }>,
): Promise<Buffer> {
  const [width = 1024, height = 1024] = fields.size?.match(/\d+/gu)?.map(Number) ?? [];
  const own = picture ?? { width, height };
  if (step.draw === "blank") {
    const { width, height } = own;
    return await sharp({ create: { width, height, channels: 3, background: "#fff" } })
      .png()
      .toBuffer();
  }
  const { width: wide, height: high } = step.size ?? own;
  return await sharp(picture?.bytes ?? (await aPhoto(prompt.length, own)))
    .negate({ alpha: false })
    .resize(wide, high, { fit: "fill" })
    .png()
    .toBuffer();
}
