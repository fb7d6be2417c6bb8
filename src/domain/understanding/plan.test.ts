import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Service } from "../orders/service.ts";
import { operationSchema } from "../pictures/plan.ts";
import { planOperations } from "./plan.ts";
import type { Slots, Understanding } from "./understanding.ts";

const anUnderstanding = (services: Service[], slots: Partial<Slots> = {}): Understanding => ({
  intent: "process_image",
  intents: [],
  services,
  named: services,
  withdrawn: [],
  slots: { urgent: "no", ...slots },
  is_question: false,
  confidence: 1,
});
const FLAT = { width: 800, height: 600, flat_background: true };
const BUSY = { ...FLAT, flat_background: false };

describe("planOperations", () => {
  it("enlarges by two and sharpens when only clearer is asked for", () => {
    const plan = planOperations(anUnderstanding(["enhance"]), FLAT);

    expect(plan).toEqual({
      operations: [{ op: "denoise" }, { op: "enlarge", factor: 2 }, { op: "sharpen" }],
      local: true,
      missing: [],
      contradictions: [],
      handmade: [],
    });
  });

  it("does not enlarge a picture that has pixels enough", () => {
    const plan = planOperations(anUnderstanding(["enhance"]), { ...FLAT, width: 4000 });

    expect(plan.operations.map(({ op }) => op)).toEqual(["denoise", "sharpen"]);
  });

  it("leaves more than four times to others, and says when the picture is too small for it", () => {
    const large = planOperations(anUnderstanding(["enhance"], { scale: 6 }), FLAT);
    const tiny = planOperations(anUnderstanding(["enhance"], { scale: 6 }), {
      ...FLAT,
      width: 120,
      height: 90,
    });

    expect([large.local, large.contradictions]).toEqual([false, []]);
    expect([tiny.local, tiny.contradictions]).toEqual([false, ["too-small-to-enlarge"]]);
  });

  it("puts a white background behind a plain one by itself, behind a busy one not", () => {
    const wish = anUnderstanding(["cutout"], { background: "white" });

    expect(planOperations(wish, FLAT)).toMatchObject({
      operations: [{ op: "white_background" }],
      local: true,
    });
    expect(planOperations(wish, BUSY).local).toBe(false);
  });

  it("delivers a transparent background as png", () => {
    const plan = planOperations(anUnderstanding(["cutout"], { background: "transparent" }), FLAT);

    expect(plan.operations).toEqual([{ op: "transparent_background" }, { op: "format", format: "png" }]);
  });

  it("reports transparency in a jpeg as a contradiction", () => {
    const plan = planOperations(
      anUnderstanding(["cutout"], { background: "transparent", format: "jpeg" }),
      FLAT,
    );

    expect([plan.local, plan.contradictions]).toEqual([false, ["transparent-jpeg"]]);
  });

  it.each([
    ["cutout", "which-background"],
    ["recolor", "which-colour"],
    ["edit_text", "which-text"],
    ["basic", "which-size"],
  ] as const)("asks for what %s still needs: %s", (service, missing) => {
    expect(planOperations(anUnderstanding([service]), FLAT).missing).toEqual([missing]);
  });

  it("turns before it crops and resizes, and formats last", () => {
    const plan = planOperations(
      anUnderstanding(["basic"], {
        rotate_degrees: 90,
        ratio: { w: 1, h: 1 },
        size: { width: 800, height: 800, unit: "px" },
        format: "webp",
      }),
      FLAT,
    );

    expect(plan.operations.map(({ op }) => op)).toEqual(["rotate", "crop_ratio", "resize", "format"]);
  });

  it("turns centimetres into pixels at the resolution asked for", () => {
    const plan = planOperations(
      anUnderstanding(["basic"], { size: { width: 25.4, unit: "cm" }, dpi: 100 }),
      FLAT,
    );

    expect(plan.operations).toEqual([
      { op: "resize", width: 1000, fit: "inside" },
      { op: "dpi", dpi: 100 },
    ]);
  });

  it.each(["edit_text", "redraw"] as const)(
    "never says that %s can be done without a designer",
    (service) => {
      expect(planOperations(anUnderstanding([service], { remove_text: true }), FLAT).local).toBe(false);
    },
  );

  it("has nothing to do on a picture that is only looked for", () => {
    expect(planOperations(anUnderstanding(["find_image"], { format: "jpeg" }), FLAT).operations).toEqual([]);
  });

  it("only plans operations that the engine knows", () => {
    const services = fc.subarray<Service>(["basic", "enhance", "cutout", "recolor", "edit_text", "redraw"]);
    const slots = fc.record(
      {
        scale: fc.integer({ min: 1, max: 9 }),
        rotate_degrees: fc.integer({ min: -720, max: 720 }),
        dpi: fc.integer({ min: 1, max: 9999 }),
        size: fc.record({
          width: fc.double({ min: 0.1, max: 5000, noNaN: true }),
          unit: fc.constantFrom("px" as const, "cm" as const),
        }),
        ratio: fc.record({
          w: fc.double({ min: 0.1, max: 30, noNaN: true }),
          h: fc.integer({ min: 1, max: 30 }),
        }),
        background: fc.constantFrom("white", "transparent", "#0068b7"),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(services, slots, (wanted, values) => {
        const { operations } = planOperations(anUnderstanding(wanted, values), FLAT);
        for (const operation of operations) operationSchema.parse(operation);
      }),
    );
  });
});
