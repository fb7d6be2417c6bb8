import { aPhoto, aProductOnWhite } from "../pictures.ts";
import { pause, type Random } from "../random.ts";
import { DELIVERED_WORDS } from "./judges/orders.ts";
import type { Platform } from "./platform.ts";
import type { Yard } from "./yard.ts";

const AT_ONCE = 6;
/** A buyer who hears nothing for so long leaves; the records must be in order all the same. */
const PATIENCE_MS = 180_000;
/** When nothing goes wrong any more, answers are quick or do not come. */
const CALM_PATIENCE_MS = 15_000;
const LOOK_EVERY_MS = 40;
const SMALL = { width: 160, height: 120 };

type Scene = {
  random: Random;
  say(text: string, picture?: Uint8Array): void;
  /** Waits for words that have come since the last wait; false when the buyer's patience ends. */
  hear(fits: (text: string) => boolean): Promise<boolean>;
};
type Story = { name: string; weight: number; play(scene: Scene): Promise<boolean> };

/** The shop's buyers: some at once, each with a conversation of their own, until they are told to stop coming. */
export function openBuyers(yard: Yard, platform: Platform) {
  const { random, count } = yard;
  let isOpen = true;
  let served = 0;

  const coming = Promise.all(Array.from({ length: AT_ONCE }, come));
  return {
    /** No new ones; resolves when those who are here have left. */
    async stop(): Promise<void> {
      isOpen = false;
      await coming;
    },
  };

  async function come(): Promise<void> {
    while (isOpen) {
      served += 1;
      const story = pickStory(random);
      const isHappy = await story.play(sceneOf(`b${served}`));
      count(isHappy ? `stories: ${story.name}` : `stories given up: ${story.name}`);
      await pause(random.between(10, 100));
    }
  }

  function sceneOf(conversation: string): Scene {
    let heard = 0;
    return {
      random,
      say: (text, picture) => platform.say(conversation, text, picture),
      async hear(fits) {
        const until = performance.now() + PATIENCE_MS;
        while (performance.now() < until && yard.calmFor() < CALM_PATIENCE_MS) {
          const replies = platform.seenBy(conversation);
          const found = replies.findIndex(({ text }, at) => at >= heard && fits(text));
          if (found >= 0) {
            heard = found + 1;
            return true;
          }
          await pause(LOOK_EVERY_MS);
        }
        return false;
      },
    };
  }
}

function pickStory(random: Random): Story {
  const all = STORIES.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.between(0, all);
  for (const story of STORIES) {
    left -= story.weight;
    if (left <= 0) return story;
  }
  return CHAT;
}

const CHAT: Story = {
  name: "chat",
  weight: 4,
  async play({ random, say, hear }) {
    const times = 1 + Math.floor(random.between(1, 6));
    for (let n = 1; n <= times; n += 1) {
      say(`你好 ${n}`);
      await pause(random.between(5, 250));
    }
    return await hear(() => true);
  },
};

/** Said again now and then, as buyers do: a second yes is the same yes. */
async function agree({ random, say }: Scene): Promise<void> {
  say("可以");
  if (random.chance(0.2)) {
    await pause(random.between(5, 200));
    say("可以");
  }
}

/** Whether a text asks for the buyer's yes to that price. */
function isAsked(text: string, price: string): boolean {
  return text.includes(`${price}，您看可以吗`);
}

const LOCAL_WORK: Story = {
  name: "work of our own",
  weight: 3,
  async play(scene) {
    const { random, say, hear } = scene;
    const seed = Math.floor(random.between(1, 1_000));
    if (random.chance(0.5)) say("帮我抠图 要透明底的", await aProductOnWhite(seed));
    else say("这张图放大2倍", await aPhoto(seed, SMALL));
    if (!(await hear((text) => isAsked(text, "20 元")))) return false;
    if (random.chance(0.15)) {
      say("不用了");
      return await hear(() => true);
    }
    await agree(scene);
    return await hear((text) => text.startsWith(DELIVERED_WORDS));
  },
};

const DESIGNER_WORK: Story = {
  name: "work of a designer",
  weight: 3,
  async play(scene) {
    const { random, say, hear } = scene;
    say("把这张图描成矢量图", await aPhoto(Math.floor(random.between(1, 1_000)), SMALL));
    if (!(await hear((text) => isAsked(text, "50 元")))) return false;
    await agree(scene);
    if (!(await hear((text) => text.includes("设计师")))) return false;
    for (const demand of ["新年快乐", "万事如意"]) {
      if (!random.chance(0.4)) break;
      await pause(random.between(20, 400));
      say(`刚才那单再加一行字：${demand}`);
    }
    if (random.chance(0.25)) {
      await pause(random.between(20, 600));
      say("这单不要了，取消吧");
      return await hear((text) => text.includes("取消") || text.startsWith(DELIVERED_WORDS));
    }
    return await hear((text) => text.startsWith(DELIVERED_WORDS) || text.includes("没能完成"));
  },
};

const ASKS_FOR_PERSON: Story = {
  name: "a person is asked for",
  weight: 2,
  async play({ random, say, hear }) {
    say("转人工");
    if (!(await hear((text) => text.includes("人工")))) return false;
    for (let n = 1; n <= 12; n += 1) {
      say(`你好 还在吗 ${n}`);
      await pause(random.between(20, 300));
    }
    return true;
  },
};

const STORIES: readonly Story[] = [CHAT, LOCAL_WORK, DESIGNER_WORK, ASKS_FOR_PERSON];
/** What a long run must have seen through to its end, or it says nothing of it. */
export const STORY_NAMES = STORIES.map(({ name }) => name);
