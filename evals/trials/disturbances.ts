import type { Random } from "../../sandbox/random.ts";
import type { Leniency } from "../scenarios/judge.ts";
import { type Delivery, PLAIN } from "../scenarios/play.ts";
import type { SaidStep, Scenario, Step } from "../scenarios/scenario.ts";
import { withTypo } from "./typos.ts";

/**
 * What may come between a customer and us without changing the story.
 * typo: the pinyin input method chose another character. reordered: a burst arrives in the wrong order. split: one
 * message comes as two. picture_first: the picture comes alone and is answered before the words. delivered_twice: every
 * message arrives again. taken_over: a person takes the chat in the middle of a turn and gives it back. cut_off: the
 * process ends just before a turn commits. slow_model: a model is configured and does not answer in time.
 */
export const DISTURBANCES = [
  "typo",
  "reordered",
  "split",
  "picture_first",
  "delivered_twice",
  "taken_over",
  "cut_off",
  "slow_model",
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

/** A scenario as it is played in one trial. */
export type Disturbed = { scenario: Scenario; delivery: Delivery; lenient: ReadonlySet<Leniency> };

const NOTHING: ReadonlySet<Leniency> = new Set();
/** One more turn, or one that ran twice, says and does more on the way to the same end. */
const ON_THE_WAY: ReadonlySet<Leniency> = new Set(["tools", "replies"]);
/** What a run that was cut off has called is on no record. */
const RUN_AGAIN: ReadonlySet<Leniency> = new Set(["tools"]);
const TWICE_OVER: ReadonlySet<Leniency> = new Set([
  "tools",
  "replies",
  "revisions",
  "moves",
  "repeated_handoffs",
  "said",
]);

/** The scenario under a disturbance; the same one for the same chance. */
export function disturb(scenario: Scenario, by: Disturbance, random: Random): Disturbed {
  const plain = { scenario, delivery: PLAIN, lenient: NOTHING };
  const turns = scenario.steps.filter(isSaid).length;
  const oneOf = Math.floor(random.next() * Math.max(1, turns));
  switch (by) {
    case "typo":
      return { ...plain, scenario: inTurn(scenario, oneOf, (said) => [misspelt(said, random)]) };
    case "reordered":
      return { ...plain, delivery: { ...PLAIN, reversed: true } };
    case "split":
      return { ...plain, scenario: inTurn(scenario, oneOf, (said) => [inPieces(said, random)]) };
    case "picture_first":
      return { ...plain, scenario: eachTurn(scenario, pictureFirst), lenient: ON_THE_WAY };
    case "delivered_twice":
      return { ...plain, delivery: { ...PLAIN, copies: 2 } };
    case "taken_over":
      return { ...plain, delivery: { ...PLAIN, takenOverIn: oneOf }, lenient: TWICE_OVER };
    case "cut_off":
      return { ...plain, delivery: { ...PLAIN, cutOffIn: oneOf }, lenient: RUN_AGAIN };
    case "slow_model":
      return scenario.world.model === "none"
        ? { ...plain, scenario: { ...scenario, world: { ...scenario.world, model: "slow" } } }
        : plain;
  }
}

function isSaid(step: Step): step is SaidStep {
  return "say" in step;
}

function eachTurn(scenario: Scenario, change: (said: SaidStep) => SaidStep[]): Scenario {
  return {
    ...scenario,
    steps: scenario.steps.flatMap((step): Step[] => (isSaid(step) ? change(step) : [step])),
  };
}

function inTurn(scenario: Scenario, turn: number, change: (said: SaidStep) => SaidStep[]): Scenario {
  let at = -1;
  return eachTurn(scenario, (said) => {
    at += 1;
    return at === turn ? change(said) : [said];
  });
}

function misspelt(said: SaidStep, random: Random): SaidStep {
  return { ...said, say: said.say.map((text) => withTypo(text, random)) };
}

/** One message as two: where a pause would be, or else a word of address goes ahead alone. */
function inPieces(said: SaidStep, random: Random): SaidStep {
  const [first = "", ...others] = said.say;
  if (first === "") return said;
  const pauses = [...first.matchAll(/[，,。！!？?；; ]+/gu)]
    .map(({ index, 0: pause }) => index + pause.length)
    .filter((at) => at > 1 && at < first.length);
  const at = random.pick(pauses);
  const pieces = at === undefined ? ["你好", first] : [first.slice(0, at).trim(), first.slice(at)];
  return { ...said, say: [...pieces, ...others] };
}

function pictureFirst(said: SaidStep): SaidStep[] {
  if (said.pictures.length === 0 || said.say.length === 0) return [said];
  return [
    { ...said, say: [], while_working: undefined },
    { ...said, pictures: [] },
  ];
}
