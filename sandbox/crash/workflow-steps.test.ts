import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STEP_STORIES } from "./step-stories.ts";
import { type Ending, openStage } from "./steps.ts";

describe.each(STEP_STORIES)("$name", (story) => {
  let stage: Awaited<ReturnType<typeof openStage>>;
  let points: string[] = [];
  let whole: Ending;
  beforeAll(async () => {
    stage = await openStage(story.settings);
    ({ points, ending: whole } = await stage.play(story));
  }, 60_000);
  afterAll(() => stage.close());

  it("ends the same wherever the process is killed in the middle", { timeout: 400_000 }, async () => {
    const buyers: string[] = [];
    const different: string[] = [];
    for (const [index, point] of points.entries()) {
      const { buyer, ending } = await stage.playAndDie(story, index + 1, whole);
      buyers.push(buyer);
      if (JSON.stringify(ending) !== JSON.stringify(whole))
        different.push(`killed at ${index + 1} (${point}): ${JSON.stringify(ending)}`);
    }
    // Whatever came later, and twice, is seen now.
    for (const buyer of buyers)
      if (JSON.stringify(await stage.endingOf(buyer)) !== JSON.stringify(whole))
        different.push(`${buyer} at the end: ${JSON.stringify(await stage.endingOf(buyer))}`);

    expect(points.length).toBeGreaterThan(2);
    expect(whole.doubledKeys).toBe(0);
    expect(different, `whole: ${JSON.stringify(whole)}`).toEqual([]);
  });
});
