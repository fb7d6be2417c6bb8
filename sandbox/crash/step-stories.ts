import { aPhoto, asScreenshot } from "../pictures.ts";
import type { Scene, StepStory } from "./steps.ts";

const REQUEST_LOST = "the callback did not arrive";

async function quoted(scene: Scene, demand: string, picture?: Uint8Array): Promise<void> {
  await scene.say(demand, picture);
  await scene.qingjian.waitForReply(scene.buyer, (text) => text.includes("元"));
}

/** A designer works on the buyer's order. */
async function withDesigner(scene: Scene): Promise<void> {
  await quoted(scene, "把这张图描成矢量图", await aPhoto(7, { width: 320, height: 240 }));
  await scene.say("可以");
  await scene.qingjian.waitForReply(scene.buyer, (text) => text.includes("设计师"));
  for (let tries = 0; scene.dispatchNo() === "" && tries < 200; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
  // Noted on our side too.
  await new Promise((resolve) => setTimeout(resolve, 200));
}

/** A callback that the service did not take is sent again, as 图绘 does. */
async function reported(send: () => Promise<number[]>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const statuses = await send().catch(() => [0]);
    if (statuses.every((status) => status === 200)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(REQUEST_LOST);
}

/** Every workflow with every step it has, and every way a designer's work goes on. */
export const STEP_STORIES: readonly StepStory[] = [
  {
    name: "process-image: work, preview, deliver",
    ends: "delivered",
    prepare: async (scene) => quoted(scene, "这张图放大2倍", await aPhoto(5, { width: 240, height: 180 })),
    act: (scene) => scene.say("可以"),
  },
  {
    name: "process-image: work fails, a designer gets it",
    settings: { ENGINE_FAILS: "1" },
    ends: "dispatched",
    prepare: async (scene) => quoted(scene, "这张图放大2倍", await aPhoto(6, { width: 240, height: 180 })),
    act: (scene) => scene.say("可以"),
  },
  {
    name: "process-image: what needs a designer is dispatched",
    ends: "dispatched",
    prepare: async (scene) =>
      quoted(scene, "把这张图描成矢量图", await aPhoto(7, { width: 320, height: 240 })),
    act: (scene) => scene.say("可以"),
  },
  {
    name: "dispatch: the designer delivers",
    ends: "delivered",
    prepare: withDesigner,
    act: async (scene) => {
      const picture = await aPhoto(8, { width: 320, height: 240 });
      await reported(() => scene.tuhui.deliver(scene.dispatchNo(), [picture]));
    },
  },
  {
    name: "dispatch: the designer gives up",
    ends: "handed_off",
    prepare: withDesigner,
    act: (scene) => reported(() => scene.tuhui.fail(scene.dispatchNo(), "画不了")),
  },
  {
    name: "dispatch: a later demand goes to the designer",
    ends: "dispatched",
    prepare: withDesigner,
    act: (scene) => scene.say("刚才那单再加一行字：新年快乐"),
  },
  {
    name: "find-image: the original is sent",
    ends: "delivered",
    prepare: async (scene) => {
      await scene.say("帮我找一下这张图的原图", await asScreenshot(await aPhoto(2)));
      await scene.qingjian.waitForReply(scene.buyer, () => true);
      await quoted(scene, "就要第1张");
    },
    act: (scene) => scene.say("可以"),
  },
  {
    name: "find-image: searched by its workflow",
    ends: "draft",
    prepare: (scene) => scene.say("你好"),
    act: (scene) =>
      scene.post("/api/task/receive", {
        task_id: `task-${scene.buyer}`,
        type: "steps",
        customer: { id: scene.buyer },
        trigger: { type: "immediate" },
        action: { type: "start_workflow", workflow: "find-image", input: { words: "图案2 插画" } },
        created_by: "steps",
      }),
  },
  {
    name: "dispatch-to-human: handed over and dispatched",
    ends: "dispatched",
    prepare: (scene) => scene.say("你好"),
    act: (scene) =>
      scene.post("/api/task/receive", {
        task_id: `task-${scene.buyer}`,
        type: "steps",
        customer: { id: scene.buyer },
        trigger: { type: "immediate" },
        action: { type: "start_workflow", workflow: "dispatch-to-human", input: { demand: "设计一张海报" } },
        created_by: "steps",
      }),
  },
];
