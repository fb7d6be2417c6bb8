import { describe, expect, it } from "vitest";
import { createGuesser } from "./guess-by-example.ts";

const textOf = (squeezed: string) => ({
  written: squeezed,
  squeezed,
  clauses: squeezed,
  hasQuestionMark: false,
});
const NOTHING: ReadonlySet<string> = new Set();
const DELIVERED: ReadonlySet<string> = new Set(["order_delivered"]);

describe("a guess by example", () => {
  const guess = createGuesser([
    { label: "haggle", text: textOf("再便宜点"), flags: NOTHING },
    { label: "haggle", text: textOf("少两块行不"), flags: NOTHING },
    { label: "thanks", text: textOf("行"), flags: DELIVERED },
    { label: "accept", text: textOf("行"), flags: NOTHING },
  ]);

  it("takes what shares most words", () => {
    expect(guess(textOf("便宜两块呗"), NOTHING)).toBe("haggle");
  });

  it("tells the same word apart by how things stand", () => {
    expect([guess(textOf("行"), NOTHING), guess(textOf("行"), DELIVERED)]).toEqual(["accept", "thanks"]);
  });

  it("is nothing without examples", () => {
    expect(createGuesser([])(textOf("行"), NOTHING)).toBeNull();
  });
});

it("guesses nothing of words that no example has", () => {
  const guess = createGuesser([{ label: "quote", text: textOf("多少钱"), flags: NOTHING }]);

  expect(guess(textOf("测试"), NOTHING)).toBeNull();
  expect(guess(textOf("一张多少"), NOTHING)).toBe("quote");
});
