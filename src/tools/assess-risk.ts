import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import { weighDemand } from "../domain/orders/desk/weigh-demand.ts";
import { decisionSchema, serviceSchema } from "../domain/orders/service.ts";
import { modelFlagsSchema } from "./model-flags.ts";
import { riskWords } from "./risk-words.ts";
import { readTurn } from "./turn-context.ts";

export function createAssessRiskTool(deps: DeskDeps) {
  return createTool({
    id: "assess-risk",
    description:
      "判断一个要求能不能接：证件公章、色情暴力、侵权等。拿不准时先调用；结果 reject 必须婉拒，review 要转人工。只判断，不下单。",
    inputSchema: z.object({
      demand: z.string().min(1).max(2000).describe("买家的要求，用原话"),
      services: z.array(serviceSchema).default([]),
      picture_ids: z.array(z.string()).max(30).default([]),
      flags: modelFlagsSchema,
    }),
    outputSchema: z.object({
      decision: decisionSchema,
      score: z.number(),
      reasons: z.array(z.object({ rule: z.string(), words: z.string() })),
      tell: z.string().describe("可以直接告诉买家的话；能接时为空"),
    }),
    execute: async ({ demand, services, picture_ids, flags }, { requestContext }) => {
      const turn = await readTurn(requestContext, deps.store, deps.ambient.now());
      const evidence = await Promise.all(picture_ids.map(deps.readText));
      const risk = await weighDemand(
        deps,
        turn.conversation,
        {
          sourceId: turn.turnId,
          kind: "process",
          services,
          operations: [],
          local: false,
          urgent: false,
          words: demand,
          pictures: picture_ids,
          modelFlags: flags,
        },
        evidence,
      );
      const { decision, score, reasons } = risk.assessment;
      return {
        decision,
        score,
        reasons: reasons.map(({ rule, words }) => ({ rule, words })),
        tell:
          decision === "accept"
            ? ""
            : riskWords(decision === "reject" ? "rejected" : "review", risk, deps.rules().say),
      };
    },
  });
}
