import { EntityType, type ObservabilityInstance, SpanType } from "@mastra/core/observability";
import type { AgentQuestion } from "../../agents/answer.ts";
import type { TurnWatch, WatchedTurn } from "../../agents/turn-watch.ts";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import type { Figures } from "./figures.ts";
import { addLogContext } from "./log-context.ts";

/**
 * Turns as traces and figures: a root span per turn with its ids and the versions it stood on, a span per tool that the
 * rules call; Mastra's own spans of a model lie under it.
 *
 * @param traces - where spans begin; null when nothing is traced
 */
export function createTurnWatch({
  traces,
  figures,
  log,
}: {
  traces: ObservabilityInstance | null;
  figures: Figures;
  log: Log;
}): TurnWatch {
  return {
    begin(question) {
      return quietly(begin(question), log);
    },
  };

  function begin(question: AgentQuestion): WatchedTurn {
    addLogContext({ turnId: question.turnId, conversationId: question.conversationId });
    const startedAt = performance.now();
    const root = traces === null ? null : rootOf(traces, question, log);
    return {
      tracing: root === null ? undefined : { currentSpan: root },
      rungFailed(rung, error) {
        figures.rungFailures.inc({ rung });
        root?.createEventSpan({
          type: SpanType.GENERIC,
          name: `rung failed: ${rung}`,
          output: { error: errorText(error) },
        });
      },
      toolBegins(tool, input) {
        const span = root?.createChildSpan({
          type: SpanType.TOOL_CALL,
          name: `tool: ${tool}`,
          entityType: EntityType.TOOL,
          entityId: tool,
          input,
        });
        return (outcome, output) => {
          figures.tools.inc({ tool, outcome });
          if (outcome === "broken") span?.error({ error: new Error(errorText(output)), endSpan: true });
          else span?.end({ output, attributes: { success: outcome === "done" } });
        };
      },
      toolEnded(tool, outcome) {
        figures.tools.inc({ tool, outcome });
      },
      end(answer) {
        const { agent } = question;
        figures.seconds.observe({ agent }, (performance.now() - startedAt) / 1_000);
        if ("failed" in answer) {
          figures.turns.inc({ agent, rung: "failed" });
          root?.error({ error: new Error(errorText(answer.failed)), endTree: true });
          return;
        }
        figures.turns.inc({ agent, rung: answer.rung });
        if (answer.usage.input > 0) figures.tokens.inc({ direction: "in" }, answer.usage.input);
        if (answer.usage.output > 0) figures.tokens.inc({ direction: "out" }, answer.usage.output);
        root?.end({
          output: { text: answer.text },
          metadata: { rung: answer.rung, tools: answer.tools, versions: answer.versions },
        });
      },
    };
  }
}

/** What is told of a turn never breaks it. */
function quietly(turn: WatchedTurn, log: Log): WatchedTurn {
  const attempt = (tell: () => void) => {
    try {
      tell();
    } catch (error) {
      log.warn("traces.broken", { error: errorText(error) });
    }
  };
  return {
    tracing: turn.tracing,
    rungFailed: (rung, error) => attempt(() => turn.rungFailed(rung, error)),
    toolBegins(tool, input) {
      let ended: ReturnType<WatchedTurn["toolBegins"]> | undefined;
      attempt(() => {
        ended = turn.toolBegins(tool, input);
      });
      return (outcome, output) => attempt(() => ended?.(outcome, output));
    },
    toolEnded: (tool, outcome) => attempt(() => turn.toolEnded(tool, outcome)),
    end: (answer) => attempt(() => turn.end(answer)),
  };
}

/** Null when this turn is not among those that are traced. */
function rootOf(traces: ObservabilityInstance, question: AgentQuestion, log: Log) {
  const { agent, conversationId, turnId, platform, messages } = question;
  try {
    const root = traces.startSpan({
      type: SpanType.AGENT_RUN,
      name: `turn: ${agent}`,
      entityType: EntityType.AGENT,
      entityId: agent,
      input: { messages },
      metadata: { conversationId, turnId, platform },
    });
    return root.isValid ? root : null;
  } catch (error) {
    log.warn("traces.broken", { error: errorText(error) });
    return null;
  }
}
