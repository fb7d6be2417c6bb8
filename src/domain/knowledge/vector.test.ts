import { expect, it } from "vitest";
import { fromVectorBytes, toVectorBytes } from "./vector.ts";

it("keeps a direction at length 1, in four little-endian bytes a number", () => {
  const bytes = toVectorBytes([0, 2]);

  expect([...(bytes ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0x80, 0x3f]);
  expect([...fromVectorBytes(toVectorBytes([3, -4]) ?? new Uint8Array())]).toEqual([
    Math.fround(0.6),
    Math.fround(-0.8),
  ]);
});

it("reads bytes that begin anywhere in a buffer", () => {
  const bytes = Buffer.concat([Buffer.from("x"), toVectorBytes([1]) ?? new Uint8Array()]).subarray(1);

  expect([...fromVectorBytes(bytes)]).toEqual([1]);
});

it.each([[[0, 0]], [[]], [[Number.NaN, 1]], [[Number.POSITIVE_INFINITY]]])(
  "has nothing of %j, which points nowhere",
  (numbers) => {
    expect(toVectorBytes(numbers)).toBeNull();
  },
);
