export type DifyAppMode = "chat" | "agent" | "chatflow" | "workflow" | "completion" | "new-agent";
export type DifyFault = { status: number; code: string; message: string };
export type DifyThought = { thought: string; tool?: string; tool_input?: string; observation?: string };

/** How a stream looks in bytes; nothing of it changes what is said. */
export type DifyWire = {
  /** A bare `event: ping` without data that often, between two events. None by default; Dify's own is 10 s. */
  pingEveryMs?: number;
  /**
   * The size of the pieces that go out one by one, wherever that cuts an event or a character; a list is used
   * in turn, and Infinity joins events. What is left goes out before a wait. Without it: one piece per event.
   */
  chunkBytes?: number | number[];
  /** Whether there is a space behind `data:` (true by default). */
  hasSpace?: boolean;
  lineEnd?: "\n" | "\r\n";
  /** What is missing behind the very last event: nothing, its blank line, or its line end as well. */
  lastEvent?: "whole" | "no-blank-line" | "no-line-end";
};

/** What an app answers and how it goes wrong. Places are counted in deltas: 2 is behind the second, before the third. */
export type DifyScript = {
  /** What it says, piece by piece. Without it, the query (or a workflow's first text input) comes back. */
  deltas?: string[];
  /** Wait before each delta. */
  delayMs?: number;
  /** Silence before the first byte, the HTTP head included. */
  hangMs?: number;
  retriever_resources?: Record<string, unknown>[];
  /** Laid over the default usage. */
  usage?: Record<string, unknown>;
  /** A message_replace: it stands in for all that was said, and later deltas follow it. */
  replaceAt?: { delta: number; answer: string; reason?: string };
  /**
   * The answer breaks off with an `error` event (HTTP stays 200). In a "node", chatflow and workflow first
   * report a failed node and a failed run, and for a workflow that is all. Blocking: the envelope, or a failed run.
   */
  failAfter?: { delta: number; fault?: DifyFault; in?: "stream" | "node" };
  /** The connection is cut, in the middle of the answer. */
  cutAfter?: number;
  /** Nothing is answered but this envelope, with its HTTP status. */
  refuse?: DifyFault;
  /** Agent and New Agent: agent_thought events before the text. */
  thoughts?: DifyThought[];
  /** message_file events before the text. */
  messageFiles?: { type: string; url: string }[];
  /** Chatflow and workflow: the titles of the nodes that run before the text. One called LLM by default. */
  nodes?: string[];
  /** Any other events on the way (reasoning_chunk, iteration_*, something unknown); ids are added. */
  extras?: { delta: number; event: { event: string } & Record<string, unknown> }[];
  /** A workflow's outputs; `{ text }` by default. */
  outputs?: Record<string, unknown>;
  /** A workflow streams no text_chunk: its text is in the outputs alone. */
  isSilent?: boolean;
  /** It never ends by itself: it goes on until stop is called or the stand-in closes. */
  isEndless?: boolean;
  wire?: DifyWire;
};

/** A request for an answer, as it came; also one that was refused. */
export type DifyRequest = {
  path: string;
  key: string;
  query: string;
  inputs: Record<string, unknown>;
  user: string;
  conversation_id: string;
  files: Record<string, unknown>[];
  response_mode: "streaming" | "blocking";
  body: Record<string, unknown>;
};

/** One answer under way. Like Dify, it goes on without a listener: only a stop call ends it early. */
export type DifyRun = {
  taskId: string;
  messageId: string;
  workflowRunId: string;
  /** Empty for a workflow or a completion. */
  conversationId: string;
  request: DifyRequest;
  status: "running" | "succeeded" | "failed" | "stopped" | "cut";
  /** The client hung up before the end. */
  isClientGone: boolean;
  answer: string;
};

/** isObeyed is false when no such task ran for that app and user; Dify says success all the same. */
export type DifyStop = { path: string; key: string; taskId: string; user: string; isObeyed: boolean };

export type DifyConversation = {
  id: string;
  key: string;
  user: string;
  turns: { query: string; answer: string }[];
};

/** What a script says when it says nothing itself: the query in pieces of three characters. */
export function deltasOf(script: DifyScript, { query, inputs }: DifyRequest): string[] {
  if (script.deltas !== undefined) return script.deltas;
  const text = query || String(Object.values(inputs).find((value) => typeof value === "string") ?? "");
  return text.match(/.{1,3}/gsu) ?? [];
}
