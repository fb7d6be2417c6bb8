import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Intent, intentSchema } from "./understanding.ts";
import { weighTogether } from "./weigh-together.ts";

const ruledBy = (...weights: [Intent, number][]) =>
  weights.map(([intent, weight]) => ({ intent, weight, span: intent }));
const likeOf = (likeness: Partial<Record<Intent, number>>) =>
  new Map(Object.entries(likeness) as [Intent, number][]);
const NOTHING: ReadonlySet<string> = new Set();
const OFFER: ReadonlySet<string> = new Set(["offer"]);

describe("rules and likeness to the examples", () => {
  it("a strong rule stands against a vague likeness", () => {
    const [first] = weighTogether(
      ruledBy(["complaint", 80], ["thanks", 30]),
      likeOf({ complaint: -4, thanks: 0 }),
      NOTHING,
    );

    expect(first?.intent).toBe("complaint");
  });

  it("what a rule for one situation says stays, whatever is alike", () => {
    const ruled = ruledBy(["quote", 88], ["add_demand", 70]);

    expect(weighTogether(ruled, likeOf({ quote: -40, add_demand: 0 }), NOTHING)).toBe(ruled);
  });

  it("words that were always said for something else stand against a weak rule", () => {
    const [first, second] = weighTogether(
      ruledBy(["complaint", 40]),
      likeOf({ complaint: -9, progress: 0 }),
      NOTHING,
    );

    expect([first, second?.intent]).toEqual([{ intent: "progress", weight: 40, span: "" }, "complaint"]);
  });

  it("of what has no examples the rules alone speak", () => {
    const [first] = weighTogether(ruledBy(["file_format", 50]), likeOf({ thanks: 0, quote: -1 }), NOTHING);

    expect(first?.intent).toBe("file_format");
  });

  it("the rules alone are left where nothing is alike", () => {
    const ruled = ruledBy(["quote", 50], ["thanks", 20]);

    expect(weighTogether(ruled, null, NOTHING)).toBe(ruled);
  });
});

it("words that speak to the system leave the rules alone", () => {
  const firstOf = (...flags: string[]) =>
    weighTogether(
      ruledBy(["process_image", 60]),
      likeOf({ out_of_scope: 0, process_image: -40 }),
      new Set(["work", ...flags]),
    )[0]?.intent;

  expect([firstOf("injection"), firstOf()]).toEqual(["process_image", "out_of_scope"]);
});

describe("what binds the buyer", () => {
  const working: ReadonlySet<string> = new Set(["order_working"]);
  const firstOf = (
    likely: ReadonlyMap<Intent, number>,
    flags: ReadonlySet<string>,
    ...ruled: [Intent, number][]
  ) => weighTogether(ruledBy(...ruled), likely, flags)[0]?.intent;

  it("is guessed only where there is an offer, and far ahead of all else: if not, the rules stand", () => {
    const near = likeOf({ accept: 0, thanks: -1, greeting: -6 });
    const far = likeOf({ accept: 0, thanks: -5, greeting: -6 });

    expect(firstOf(far, NOTHING, ["greeting", 10])).toBe("greeting");
    expect(firstOf(far, OFFER, ["greeting", 10])).toBe("accept");
    expect(firstOf(near, OFFER, ["greeting", 10])).toBe("greeting");
  });

  it("ends an order only when a rule knows it too", () => {
    const likely = likeOf({ cancel: 0, progress: -9 });

    expect(firstOf(likely, working, ["progress", 20])).toBe("progress");
    expect(firstOf(likely, working, ["progress", 20], ["cancel", 15])).toBe("cancel");
  });

  it("stands where the rules put it first", () => {
    expect(firstOf(likeOf({ accept: -1, thanks: 0 }), NOTHING, ["accept", 50], ["thanks", 40])).toBe(
      "accept",
    );
  });
});

describe("what the words ask for", () => {
  const likeness = likeOf({ find_image: 0, process_image: -5, handoff: 2 });

  it("is no search when only other work is named", () => {
    const first = (...flags: string[]) =>
      weighTogether([], likeness, new Set(["no_person", ...flags]))[0]?.intent;

    expect([first("service", "work"), first("service", "find"), first("bot_service"), first()]).toEqual([
      "process_image",
      "find_image",
      "process_image",
      "find_image",
    ]);
  });

  it("is nothing in a bare yes", () => {
    expect(
      weighTogether(ruledBy(["accept", 40]), likeness, new Set(["plain_yes", "no_person"]))[0]?.intent,
    ).toBe("accept");
  });

  it("is no person in 不要转人工", () => {
    expect(weighTogether([], likeness, NOTHING)[0]?.intent).toBe("handoff");
    expect(weighTogether([], likeness, new Set(["no_person"]))[0]?.intent).not.toBe("handoff");
  });
});

it("loses no intent that a rule names and adds at most the first", () => {
  const intent = fc.constantFrom(...intentSchema.options);
  const weighed = fc
    .uniqueArray(fc.tuple(intent, fc.integer({ min: 1, max: 100 })), { selector: ([name]) => name })
    .map((entries) => ruledBy(...entries.sort(([, a], [, b]) => b - a)));
  const likeness = fc.option(
    fc
      .uniqueArray(fc.tuple(intent, fc.double({ min: -40, max: 0, noNaN: true })), {
        minLength: 1,
        selector: ([name]) => name,
      })
      .map((entries) => new Map(entries)),
  );
  fc.assert(
    fc.property(weighed, likeness, fc.constantFrom(NOTHING, OFFER), (ruled, likely, state) => {
      const names = weighTogether(ruled, likely, state).map((entry) => entry.intent);

      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual(expect.arrayContaining(ruled.map((entry) => entry.intent)));
      expect(names.length - ruled.length).toBeLessThanOrEqual(1);
      const added = names.find((name) => !ruled.some((entry) => entry.intent === name));
      expect(added === "accept" && !state.has("offer")).toBe(false);
      expect(added).not.toBe("cancel");
    }),
  );
});
