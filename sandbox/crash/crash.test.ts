import { describe, expect, it } from "vitest";
import { findProblems, type History } from "./history.ts";
import { killAgainAndAgain } from "./load.ts";
import { runNaively } from "./naive-runner.ts";

const KILLS = 50;

describe("the checker", () => {
  const kept: History = {
    acked: [
      { conversation: "c", messageId: "m1" },
      { conversation: "c", messageId: "m2" },
    ],
    stored: [
      { messageId: "m1", isSettled: true },
      { messageId: "m2", isSettled: true },
    ],
    shown: [
      { conversation: "c", key: "k1", inReplyTo: "m1", text: "答" },
      { conversation: "c", key: "k2", inReplyTo: "m2", text: "答" },
      { conversation: "c", key: "k3", inReplyTo: null, text: "任务1" },
    ],
    tasks: [
      { id: "t1", text: "任务1", status: "completed" },
      { id: "t2", text: "任务2", status: "pending" },
    ],
    reports: [
      { taskId: "t1", webhookId: "w1" },
      { taskId: "t1", webhookId: "w1" },
    ],
  };

  it("finds nothing where every promise was kept", () => {
    expect(findProblems(kept)).toEqual([]);
  });

  it.each<[string, Partial<History>]>([
    ["lost", { stored: kept.stored.slice(1) }],
    ["lost", { stored: [...kept.stored.slice(1), { messageId: "m1", isSettled: false }] }],
    ["doubled", { stored: [...kept.stored, { messageId: "m1", isSettled: true }] }],
    ["doubled", { shown: [...kept.shown, { conversation: "c", key: "k9", inReplyTo: "m2", text: "答" }] }],
    ["order", { shown: [...kept.shown].reverse() }],
    ["doubled", { shown: [...kept.shown, { conversation: "c", key: "k9", inReplyTo: null, text: "任务1" }] }],
    ["lost", { shown: kept.shown.slice(0, 2) }],
    ["report", { reports: [] }],
    ["report", { reports: [...kept.reports, { taskId: "t1", webhookId: "w2" }] }],
  ])("finds what was %s", (kind, change) => {
    expect(findProblems({ ...kept, ...change }).some((problem) => problem.startsWith(kind))).toBe(true);
  });

  it("fails a runner that acknowledges before it stores and marks after it ran", () => {
    const problems = findProblems(runNaively({ messages: 30, tasks: 30 }));

    expect(problems.filter((problem) => problem.startsWith("lost")).length).toBeGreaterThan(0);
    expect(problems.filter((problem) => problem.startsWith("doubled")).length).toBeGreaterThan(0);
  });
});

describe("the service", () => {
  it(`loses and doubles nothing when it is killed ${KILLS} times while messages and tasks flow`, {
    timeout: 280_000,
  }, async () => {
    const history = await killAgainAndAgain({ kills: KILLS, seed: 20_261_121 });

    expect(history.acked.length).toBeGreaterThan(KILLS);
    expect(history.tasks.length).toBeGreaterThan(KILLS / 2);
    expect(findProblems(history)).toEqual([]);
  });
});
