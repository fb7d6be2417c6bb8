import { EventSourceParserStream } from "eventsource-parser/stream";

/**
 * The JSON events of an SSE stream, whole characters and whole events however its bytes were cut, with or without a blank
 * behind "data:" or a blank line at the end. What is no JSON object (pings, [DONE]) is passed over.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, unknown>> {
  const events = body
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
    .pipeThrough(endedByBlankLine())
    .pipeThrough(new EventSourceParserStream());
  for await (const { data } of events) {
    const parsed = parseObject(data);
    if (parsed !== null) yield parsed;
  }
}

/** A last event without a blank line behind it would be thrown away. */
function endedByBlankLine(): TransformStream<string, string> {
  return new TransformStream({
    flush(controller) {
      controller.enqueue("\n\n");
    },
  });
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(text) as unknown;
    return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
