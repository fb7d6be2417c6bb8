import { Counter, Histogram, Registry } from "prom-client";

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60];

/** What this process counts of its turns, for /metrics. Labels are names of ours, never words of anybody. */
export function createFigures() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    turns: new Counter({
      name: "tianwang_turns_total",
      help: "Turns answered, by agent and by the rung of the ladder that answered; failed: by none",
      labelNames: ["agent", "rung"],
      registers,
    }),
    seconds: new Histogram({
      name: "tianwang_turn_seconds",
      help: "How long agents took to answer",
      labelNames: ["agent"],
      buckets: SECONDS,
      registers,
    }),
    rungFailures: new Counter({
      name: "tianwang_rung_failures_total",
      help: "How often a rung of the ladder was left for the next one",
      labelNames: ["rung"],
      registers,
    }),
    tools: new Counter({
      name: "tianwang_tool_calls_total",
      help: "Calls of tools: done, refused with a reason, called wrongly, broken",
      labelNames: ["tool", "outcome"],
      registers,
    }),
    tokens: new Counter({
      name: "tianwang_model_tokens_total",
      help: "Tokens that models have taken and given",
      labelNames: ["direction"],
      registers,
    }),
  };
}
export type Figures = ReturnType<typeof createFigures>;
