import { randomUUID } from "node:crypto";
import type { DifyAppMode, DifyFault, DifyRun, DifyScript, DifyThought } from "./script.ts";

export type DifyEvent = { event: string } & Record<string, unknown>;
/** What the events of one answer share. */
export type Turn = { mode: DifyAppMode; script: DifyScript; run: DifyRun; at: number };

const GENERATION_FAULT: DifyFault = {
  status: 400,
  code: "completion_request_error",
  message: "Completion request failed.",
};
const USAGE = {
  prompt_tokens: 12,
  prompt_unit_price: "0.001",
  prompt_price_unit: "0.001",
  prompt_price: "0.0000120",
  completion_tokens: 8,
  completion_unit_price: "0.002",
  completion_price_unit: "0.001",
  completion_price: "0.0000160",
  total_tokens: 20,
  total_price: "0.0000280",
  currency: "USD",
  latency: 0.4,
};

/** What comes before the text: the run and its nodes, an agent's thoughts, files. */
export function openingEvents(turn: Turn): DifyEvent[] {
  const { mode, script, run } = turn;
  const thoughts = mode === "agent" || mode === "new-agent" ? (script.thoughts ?? []) : [];
  return [
    ...(isWorkflow(mode)
      ? [
          workflowEvent(turn, "workflow_started", {
            id: run.workflowRunId,
            inputs: run.request.inputs,
            created_at: turn.at,
          }),
          ...nodesOf(turn).flatMap((title, index) => [
            nodeEvent(turn, "node_started", title, index),
            // The last node is the one that speaks: it finishes behind the text.
            ...(index === nodesOf(turn).length - 1 ? [] : [nodeEvent(turn, "node_finished", title, index)]),
          ]),
        ]
      : []),
    ...thoughts.map((thought, index) => thoughtEvent(turn, thought, index + 1)),
    ...(script.messageFiles ?? []).map((file) =>
      messageEvent(turn, { event: "message_file", id: randomUUID(), belongs_to: "assistant", ...file }),
    ),
  ];
}

/** A piece of the text, or null where the app does not stream it. */
export function deltaEvent(turn: Turn, delta: string): DifyEvent | null {
  const { mode, script, run } = turn;
  if (mode === "workflow")
    return script.isSilent
      ? null
      : workflowEvent(turn, "text_chunk", { text: delta, from_variable_selector: ["llm", "text"] });
  const event = mode === "agent" || mode === "new-agent" ? "agent_message" : "message";
  return messageEvent(turn, { event, id: run.messageId, answer: delta });
}

export function replaceEvent(turn: Turn, { answer, reason = "output_moderation" }: Replacement): DifyEvent {
  return messageEvent(turn, { event: "message_replace", answer, reason });
}
type Replacement = { answer: string; reason?: string };

/** An event of any kind with the ids that all of this app's events carry. */
export function extraEvent(turn: Turn, event: DifyEvent): DifyEvent {
  return turn.mode === "workflow"
    ? { task_id: turn.run.taskId, workflow_run_id: turn.run.workflowRunId, ...event }
    : messageEvent(turn, event);
}

/** How it ends when all was said, or when it was stopped. */
export function closingEvents(turn: Turn, status: "succeeded" | "stopped"): DifyEvent[] {
  const { mode, run } = turn;
  const end = messageEvent(turn, {
    event: "message_end",
    id: run.messageId,
    metadata: metadataOf(turn),
    files: [],
  });
  if (mode === "workflow") return [...lastNode(turn, status), workflowFinished(turn, status)];
  // Both arrive, in this order: whoever closes at message_end cuts off the run's own end.
  if (mode === "chatflow") return [...lastNode(turn, status), end, workflowFinished(turn, status)];
  if (mode === "new-agent" && status === "succeeded")
    return [messageEvent(turn, { event: "message", id: run.messageId, answer: run.answer }), end];
  return [end];
}

/** How it ends when it breaks off; the error event is the only one without a task id. */
export function failingEvents(turn: Turn): DifyEvent[] {
  const { mode, run, script } = turn;
  const { task_id: _, ...error } = messageEvent(turn, { event: "error", ...faultOf(script) });
  if (!isWorkflow(mode)) return [error];
  if (script.failAfter?.in !== "node")
    return [
      mode === "workflow"
        ? { event: "error", workflow_run_id: run.workflowRunId, ...faultOf(script) }
        : error,
    ];
  const failed = [...lastNode(turn, "failed"), workflowFinished(turn, "failed")];
  return mode === "workflow" ? failed : [...failed, error];
}

export function faultOf({ failAfter }: DifyScript): DifyFault {
  return failAfter?.fault ?? GENERATION_FAULT;
}

/** What a blocking request gets in place of the events. */
export function blockingBody(
  turn: Turn,
  status: "succeeded" | "stopped" | "failed",
): Record<string, unknown> {
  const { mode, run, at } = turn;
  if (mode === "workflow")
    return { task_id: run.taskId, workflow_run_id: run.workflowRunId, data: runData(turn, status) };
  return {
    event: "message",
    task_id: run.taskId,
    id: run.messageId,
    message_id: run.messageId,
    ...(mode === "completion" ? {} : { conversation_id: run.conversationId }),
    mode: modeName(mode),
    answer: run.answer,
    metadata: metadataOf(turn),
    created_at: at,
  };
}

/** What Dify calls the mode, in /info and in a blocking answer. */
export function modeName(mode: DifyAppMode): string {
  if (mode === "chatflow") return "advanced-chat";
  if (mode === "agent") return "agent-chat";
  return mode === "new-agent" ? "agent" : mode;
}

function isWorkflow(mode: DifyAppMode): boolean {
  return mode === "workflow" || mode === "chatflow";
}

function messageEvent({ mode, run, at }: Turn, event: DifyEvent): DifyEvent {
  return {
    ...event,
    ...(mode === "completion" ? {} : { conversation_id: run.conversationId }),
    message_id: run.messageId,
    created_at: at,
    task_id: run.taskId,
  };
}

function thoughtEvent(turn: Turn, { thought, tool = "", ...rest }: DifyThought, position: number): DifyEvent {
  const { tool_input = "", observation = "" } = rest;
  return messageEvent(turn, {
    event: "agent_thought",
    id: randomUUID(),
    position,
    thought,
    observation,
    tool,
    tool_labels: {},
    tool_input,
    message_files: [],
  });
}

function workflowEvent({ mode, run, at }: Turn, event: string, data: Record<string, unknown>): DifyEvent {
  return {
    event,
    ...(mode === "chatflow"
      ? { conversation_id: run.conversationId, message_id: run.messageId, created_at: at }
      : {}),
    task_id: run.taskId,
    workflow_run_id: run.workflowRunId,
    data,
  };
}

type NodeStatus = "succeeded" | "stopped" | "failed";

function nodeEvent(
  turn: Turn,
  event: string,
  title: string,
  index: number,
  status: NodeStatus = "succeeded",
) {
  return workflowEvent(turn, event, {
    id: `${turn.run.workflowRunId}-${index + 1}`,
    node_id: `node-${index + 1}`,
    node_type: title.toLowerCase(),
    title,
    index: index + 1,
    inputs: {},
    created_at: turn.at,
    ...(event === "node_started"
      ? {}
      : {
          status,
          outputs: {},
          error: status === "failed" ? faultOf(turn.script).message : null,
          elapsed_time: 0.1,
        }),
  });
}

function lastNode(turn: Turn, status: NodeStatus): DifyEvent[] {
  const index = nodesOf(turn).length - 1;
  const title = nodesOf(turn)[index];
  return title === undefined ? [] : [nodeEvent(turn, "node_finished", title, index, status)];
}

function nodesOf({ script }: Turn): string[] {
  return script.nodes ?? ["LLM"];
}

function workflowFinished(turn: Turn, status: NodeStatus): DifyEvent {
  return workflowEvent(turn, "workflow_finished", runData(turn, status));
}

function runData(turn: Turn, status: NodeStatus): Record<string, unknown> {
  const { mode, run, script, at } = turn;
  const said = mode === "chatflow" ? { answer: run.answer } : { text: run.answer };
  return {
    id: run.workflowRunId,
    workflow_id: "workflow-1",
    status,
    outputs: status === "succeeded" ? (script.outputs ?? said) : {},
    error: status === "failed" ? faultOf(script).message : null,
    elapsed_time: 0.4,
    total_tokens: 20,
    total_steps: nodesOf(turn).length,
    created_at: at,
    finished_at: at,
  };
}

function metadataOf({ mode, script }: Turn): Record<string, unknown> {
  const usage = { ...USAGE, ...script.usage };
  // A New Agent never tells its sources.
  return mode === "new-agent" ? { usage } : { usage, retriever_resources: script.retriever_resources ?? [] };
}
