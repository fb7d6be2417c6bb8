import { describe, expect, it } from "vitest";
import { createGuesser } from "./guess-by-example.ts";
import type { NormalText } from "./normalise.ts";

const textOf = (squeezed: string) => ({
  written: squeezed,
  squeezed,
  clauses: squeezed,
  hasQuestionMark: false,
});
const NOTHING: ReadonlySet<string> = new Set();
const DELIVERED: ReadonlySet<string> = new Set(["order_delivered"]);

/** The likeliest label. */
function guessOf(examples: Parameters<typeof createGuesser<string>>[0]) {
  const weigh = createGuesser(examples);
  return (text: NormalText, flags: ReadonlySet<string>) => {
    const likeness = weigh(text, flags);
    return likeness === null ? null : [...likeness].sort(([, a], [, b]) => b - a)[0]?.[0];
  };
}

describe("a guess by example", () => {
  const examples = [
    { label: "haggle", text: textOf("再便宜点"), flags: NOTHING },
    { label: "haggle", text: textOf("少两块行不"), flags: NOTHING },
    { label: "thanks", text: textOf("行"), flags: DELIVERED },
    { label: "accept", text: textOf("行"), flags: NOTHING },
  ];
  const guess = guessOf(examples);

  it("takes what shares most words", () => {
    expect(guess(textOf("便宜两块呗"), NOTHING)).toBe("haggle");
  });

  it("tells the same word apart by how things stand", () => {
    expect([guess(textOf("行"), NOTHING), guess(textOf("行"), DELIVERED)]).toEqual(["accept", "thanks"]);
  });

  it("says how far behind the likeliest each other is", () => {
    const likeness = createGuesser(examples)(textOf("便宜两块呗"), NOTHING);

    expect(likeness?.get("haggle")).toBe(0);
    expect(likeness?.get("thanks")).toBeLessThan(likeness?.get("accept") ?? Number.NEGATIVE_INFINITY);
  });

  it("is nothing without examples", () => {
    expect(createGuesser([])(textOf("行"), NOTHING)).toBeNull();
  });
});

it("guesses nothing of words that no example has", () => {
  const guess = guessOf([{ label: "quote", text: textOf("多少钱"), flags: NOTHING }]);

  expect(guess(textOf("测试"), NOTHING)).toBeNull();
  expect(guess(textOf("一张多少"), NOTHING)).toBe("quote");
});
