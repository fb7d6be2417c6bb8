import { describe, expect, it } from "vitest";
import { mergeOperations } from "./merge-operations.ts";
import type { Operation } from "./plan.ts";
import { operationSchema } from "./plan.ts";

describe("the plan of an order after a later demand", () => {
  it.each<[string, Operation[], Operation[], string[]]>([
    [
      "another background replaces the first",
      [{ op: "white_background" }],
      [{ op: "transparent_background" }, { op: "flatten", background: "#0000ff" }],
      ["transparent_background", "flatten"],
    ],
    [
      "another size replaces the first",
      [{ op: "resize", width: 800, fit: "inside" }],
      [{ op: "resize", width: 1000, fit: "inside" }],
      ["resize 1000"],
    ],
    [
      "a second turn is made beside the first",
      [{ op: "rotate", degrees: 90 }],
      [{ op: "rotate", degrees: 90 }],
      ["rotate", "rotate"],
    ],
    [
      "what is worked on pixels comes before size and format",
      [
        { op: "resize", width: 800, fit: "inside" },
        { op: "format", format: "png" },
      ],
      [{ op: "recolor", grayscale: true }],
      ["recolor", "resize 800", "format"],
    ],
    ["nothing new changes nothing", [{ op: "sharpen" }], [], ["sharpen"]],
  ])("%s", (_name, before, added, expected) => {
    expect(
      mergeOperations(before, added).map((it) => (it.op === "resize" ? `resize ${it.width}` : it.op)),
    ).toEqual(expected);
  });

  it("has a place for every operation that there is", () => {
    for (const { shape } of operationSchema.options) {
      const [op] = shape.op.values;
      const merged = mergeOperations([{ op: "format", format: "png" }], [{ op } as Operation]);

      if (op !== "format") expect(merged.map((it) => it.op)).toEqual([op, "format"]);
    }
  });
});
