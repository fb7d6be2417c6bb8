import { expect, it } from "vitest";
import { orderedId } from "./ordered-id.ts";

it("makes ids that sort by their time and are all different", () => {
  const times = [0, 1, 255, 1_790_000_000_000, 1_790_000_000_001];
  const ids = times.map((now) => orderedId("m", now));

  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(Array.from({ length: 1_000 }, () => orderedId("m", 7))).size).toBe(1_000);
  for (const id of ids) expect(id).toMatch(/^m_[0-9a-f]{32}$/u);
});
