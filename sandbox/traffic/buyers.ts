import { type Random, randomOf } from "../random.ts";
import { REGISTERS, type Register } from "./words.ts";

/** What a buyer came for. */
export const ERRANDS = [
  "enlarge",
  "cut out",
  "crop",
  "vector",
  "find",
  "find in vain",
  "ask",
  "chat",
  "ask for a person",
  "abuse",
  "risk",
  "inject",
] as const;
export type Errand = (typeof ERRANDS)[number];

export type Buyer = {
  id: string;
  name: string;
  register: Register;
  errand: Errand;
  /** What they do by chance, they do by this. */
  seed: number;
};

const NAMES = ["小林", "阿敏", "老周", "晓晓", "王姐", "大鹏", "果果", "陈工", "安安", "李想"];
/** As often as in a shop's day: most want work, few are trouble. */
const SHARES: Record<Errand, number> = {
  enlarge: 5,
  "cut out": 4,
  crop: 3,
  vector: 4,
  find: 4,
  "find in vain": 2,
  ask: 4,
  chat: 3,
  "ask for a person": 2,
  abuse: 1,
  risk: 2,
  inject: 1,
};

/** The buyers of a seed: the first so many are the same however many are asked for. */
export function buyersOf(seed: number, count: number): Buyer[] {
  return Array.from({ length: count }, (_none, at) => {
    const own = seed * 1_000_003 + at;
    const random = randomOf(own);
    return {
      id: `t${seed}-${at + 1}`,
      errand: pickErrand(random),
      register: random.pick(REGISTERS) ?? "plain",
      name: random.pick(NAMES) ?? "",
      seed: own,
    };
  });
}

function pickErrand(random: Random): Errand {
  const all = Object.values(SHARES).reduce((sum, share) => sum + share, 0);
  let left = random.between(0, all);
  for (const errand of ERRANDS) {
    left -= SHARES[errand];
    if (left < 0) return errand;
  }
  return "chat";
}
