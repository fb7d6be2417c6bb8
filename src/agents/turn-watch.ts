import type { TracingContext } from "@mastra/core/observability";
import type { AgentAnswer, AgentQuestion } from "./answer.ts";

/** How a tool's call ended: done, refused with a reason, called wrongly, or broken. */
export type ToolOutcome = "done" | "refused" | "wrong" | "broken";

/** Is told what turns do, for traces and figures. It never throws and nobody waits for it. */
export type TurnWatch = { begin(question: AgentQuestion): WatchedTurn };

export type WatchedTurn = {
  /** Where Mastra's own spans of this turn belong. */
  tracing: TracingContext | undefined;
  /** A rung was left for the next one. */
  rungFailed(rung: string, error: unknown): void;
  /** A tool is called by us; what it returns is told when it has ended. */
  toolBegins(tool: string, input: unknown): (outcome: ToolOutcome, output: unknown) => void;
  /** A tool was called by Mastra, which traces it itself. */
  toolEnded(tool: string, outcome: ToolOutcome): void;
  /** @param failed - the turn ended without an answer */
  end(answer: AgentAnswer | { failed: unknown }): void;
};

/** Of turns that nobody watches. */
export const UNWATCHED: WatchedTurn = {
  tracing: undefined,
  rungFailed() {},
  toolBegins: () => () => {},
  toolEnded() {},
  end() {},
};

/** Tells a tool's result from a refusal and from a wrong call, which Mastra answers with a result as well. */
export function outcomeOf(output: unknown): ToolOutcome {
  if (output === null || typeof output !== "object") return "done";
  if ("error" in output && output.error === true) return "wrong";
  return "status" in output && output.status === "refused" ? "refused" : "done";
}
