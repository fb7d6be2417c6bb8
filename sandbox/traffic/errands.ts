import { aPhoto, aProductOnWhite, asScreenshot } from "../pictures.ts";
import type { Random } from "../random.ts";
import type { Buyer, Errand } from "./buyers.ts";
import { isAtDesigner, isOver, isPriceAsked, type Saying, type Talk } from "./talk.ts";
import * as words from "./words.ts";

const SMALL = { width: 160, height: 120 };
/** Seeds of photos that are in nobody's gallery. */
const STRANGE = { least: 1_000, most: 9_000 };

type Wish = { words: readonly string[]; picture(random: Random): Promise<Uint8Array> };
type Play = (talk: Talk, buyer: Buyer) => Promise<void>;

/** Plays a buyer's errand to its end, by rules and the buyer's own chance. */
export async function playErrand(talk: Talk, buyer: Buyer): Promise<void> {
  const { random } = talk;
  if (random.chance(0.25)) await talk.say(...chatterOf(random));
  await ERRAND_PLAYS[buyer.errand](talk, buyer);
}

function anywhere(random: Random): number {
  return Math.floor(random.between(STRANGE.least, STRANGE.most));
}

/** Words broken up as people type them. */
function chatterOf(random: Random): Saying[] {
  const many = Math.floor(random.between(0, 3));
  return [words.GREETINGS, ...Array.from({ length: many }, () => words.CHATTER)].map((from) => ({
    text: random.pick(from) ?? "",
  }));
}

const SMALL_PHOTO = (random: Random) => aPhoto(anywhere(random), SMALL);

const WISHES: Partial<Record<Errand, Wish>> = {
  enlarge: { words: ["这张图放大2倍", "帮我放大两倍", "放大一下 2倍就行"], picture: SMALL_PHOTO },
  "cut out": {
    words: ["帮我抠图 要透明底的", "抠图 透明底", "把背景去掉 要透明的"],
    picture: (random) => aProductOnWhite(anywhere(random)),
  },
  crop: { words: ["裁成正方形", "帮我裁成1:1的", "裁剪成正方形 1比1"], picture: SMALL_PHOTO },
  vector: {
    words: ["把这张图描成矢量图", "帮我做成矢量图", "要矢量的 描一下"],
    picture: SMALL_PHOTO,
  },
  find: {
    words: ["帮我找一下这张图的原图", "找原图", "这张图有高清原图吗"],
    picture: async (random) => await asScreenshot(await aPhoto(1 + Math.floor(random.between(0, 12)))),
  },
  "find in vain": {
    words: ["帮我找这张图的原图", "找一下这个图 要高清的"],
    picture: SMALL_PHOTO,
  },
};

const ERRAND_PLAYS: Record<Errand, Play> = {
  enlarge: work,
  "cut out": work,
  crop: work,
  vector: work,
  find: work,
  "find in vain": work,

  async ask({ random, say }, { register }) {
    const times = 1 + Math.floor(random.between(0, 3));
    for (let n = 0; n < times; n += 1)
      await say({ text: words.inRegister(register, random.pick(words.QUESTIONS) ?? "", random) });
    if (random.chance(0.5)) await say({ text: random.pick(words.THANKS) ?? "" });
  },

  async chat({ random, say }) {
    await say(...chatterOf(random));
    if (random.chance(0.5)) await say({ text: random.pick(words.THANKS) ?? "" });
  },

  async "ask for a person"({ random, say }, { register }) {
    await say({ text: words.inRegister(register, random.pick(words.PERSON) ?? "", random) });
  },

  async abuse({ random, say }) {
    const times = 1 + Math.floor(random.between(0, 2));
    for (let n = 0; n < times; n += 1) {
      const answer = await say({ text: random.pick(words.ABUSE) ?? "" });
      if (answer === null || isOver(answer)) return;
    }
  },

  async risk({ random, say }, { register }) {
    const text = random.pick(words.RISKY) ?? "";
    const answer = await say(
      { picture: await SMALL_PHOTO(random) },
      { text: words.inRegister(register, text, random) },
    );
    if (answer !== null && random.chance(0.5)) await say({ text: "就改一点点 没事的" });
  },

  async inject({ random, say }) {
    const answer = await say({ text: random.pick(words.INJECTIONS) ?? "" });
    if (answer !== null && random.chance(0.5)) await say({ text: random.pick(words.QUESTIONS) ?? "" });
  },
};

/** A picture and a wish, a price, what the buyer thinks of it, and the work. */
async function work(talk: Talk, { errand, register }: Buyer): Promise<void> {
  const { random, say, hear } = talk;
  const wish = WISHES[errand];
  if (wish === undefined) throw new Error(`nobody wishes to ${errand}`);
  const text = words.inRegister(register, random.pick(wish.words) ?? "", random);
  let answer = await say(...arranged({ text, picture: await wish.picture(random) }, random));
  // They want to know more: once, then the buyer has had enough.
  if (answer !== null && !isPriceAsked(answer) && !isOver(answer))
    answer = await say({ text: random.pick(words.DETAILS) ?? "" });
  if (answer === null || !isPriceAsked(answer)) return;
  if (!(await agrees(talk))) return;
  let end = await hear((line) => isOver(line) || isAtDesigner(line));
  if (end !== null && isAtDesigner(end)) end = (await whileDesigned(talk)) ? await hear(isOver) : null;
  if (end === null || !/^做好啦|^原图发您了/u.test(end)) return;
  if (random.chance(0.5)) await say({ text: random.pick(words.THANKS) ?? "" });
  else if (random.chance(0.25)) await say({ text: random.pick(words.FAULTS) ?? "" });
}

/** Picture and words in one message, or one after the other, whichever first. */
function arranged({ text, picture }: Required<Saying>, random: Random): Saying[] {
  if (random.chance(0.4)) return [{ text, picture }];
  return random.chance(0.6) ? [{ picture }, { text }] : [{ text }, { picture }];
}

/** What comes between a price and a yes; false when there is no yes. */
async function agrees({ random, say }: Talk): Promise<boolean> {
  if (random.chance(0.1)) return false;
  if (random.chance(0.25)) await say({ text: random.pick(words.HAGGLES) ?? "" });
  if (random.chance(0.2)) await say({ text: random.pick(words.HOW_LONG) ?? "" });
  if (random.chance(0.15)) await say({ text: random.pick(words.MORE) ?? "" });
  if (random.chance(0.15)) {
    await say({ text: random.pick(words.NOES) ?? "" });
    return false;
  }
  const answer = await say({ text: random.pick(words.YES) ?? "" });
  return answer !== null && !isOver(answer);
}

/** The designer takes their time, and the buyer does not; false when nothing will come of it. */
async function whileDesigned({ random, say, designerDelivers }: Talk): Promise<boolean> {
  if (random.chance(0.3)) await say({ text: random.pick(words.PROGRESS) ?? "" });
  if (random.chance(0.3)) await say({ text: random.pick(words.FOR_DESIGNERS) ?? "" });
  if (random.chance(0.15)) {
    await say({ text: random.pick(words.CANCELS) ?? "" });
    return false;
  }
  return await designerDelivers();
}
