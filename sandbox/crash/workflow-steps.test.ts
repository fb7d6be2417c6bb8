import { describe, expect, it } from "vitest";
import { STEP_STORIES } from "./step-stories.ts";
import { type Ending, openStage, type StepStory } from "./steps.ts";

/** TIANWANG_EVERY_POINT=1 kills at everything a story does, some 200 times: a quarter of an hour. */
const EVERY_POINT = process.env.TIANWANG_EVERY_POINT === "1";
const KILLS = 4;
const AT_ONCE = 3;
const TIMEOUT = EVERY_POINT ? 1_800_000 : 600_000;

let free = AT_ONCE;
const waiting: (() => void)[] = [];
async function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
  if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  else free -= 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

/** Where to die: spread over everything that is done, from the first to the last. */
function pointsToDieAt(points: string[]): number[] {
  const count = EVERY_POINT ? points.length : Math.min(KILLS, points.length);
  return Array.from({ length: count }, (_, at) => 1 + Math.round((at * (points.length - 1)) / (count - 1)));
}

async function killEverywhere(story: StepStory) {
  const stage = await openStage(story.settings);
  try {
    const { points, ending: whole } = await stage.play(story);
    const buyers: string[] = [];
    const different: string[] = [];
    let kills = 0;
    const isWhole = (ending: Ending) => JSON.stringify(ending) === JSON.stringify(whole);
    for (const dieAt of pointsToDieAt(points)) {
      const { buyer, died, ending } = await stage.playAndDie(story, dieAt, whole);
      buyers.push(buyer);
      kills += died ? 1 : 0;
      if (!isWhole(ending))
        different.push(`killed at ${dieAt} (${points[dieAt - 1]}): ${JSON.stringify(ending)}`);
    }
    // Whatever came later, and twice, is seen now.
    for (const buyer of buyers) {
      const ending = await stage.endingOf(buyer);
      if (!isWhole(ending)) different.push(`${buyer} at the end: ${JSON.stringify(ending)}`);
    }
    return { whole, kills, tries: buyers.length, different };
  } finally {
    await stage.close();
  }
}

describe("wherever the process is killed in the middle, an order ends the same", () => {
  it.concurrent.each(STEP_STORIES)("$name", { timeout: TIMEOUT }, async (story) => {
    const { whole, kills, tries, different } = await inTurn(() => killEverywhere(story));

    expect(kills).toBeGreaterThan(tries / 2);
    expect(whole.doubledKeys).toBe(0);
    expect(different, `undisturbed: ${JSON.stringify(whole)}`).toEqual([]);
  });
});
