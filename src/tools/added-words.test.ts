import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { AddedDemand } from "../domain/orders/desk/add-demand.ts";
import type { ShopRules } from "../domain/orders/desk/deps.ts";
import type { ImageOrder } from "../domain/orders/order.ts";
import { pricingRulesSchema } from "../domain/orders/pricing-rules.ts";
import { issueQuoteCertificate } from "../domain/orders/quote-certificate.ts";
import type { Service } from "../domain/orders/service.ts";
import { createSay } from "../domain/replies.ts";
import { addedWords } from "./added-words.ts";

const read = (file: string) => parse(readFileSync(new URL(`../../config/${file}`, import.meta.url), "utf8"));
const pricing = pricingRulesSchema.parse(read("pricing.yaml"));
const rules = () => ({ pricing, say: createSay(read("replies.yaml").texts) }) as ShopRules;

const anOrder = (status: ImageOrder["status"], services: Service[]) =>
  ({ status, kind: "process", demand: { services, words: "" } }) as unknown as ImageOrder;
const aQuote = (services: Service[]) =>
  issueQuoteCertificate({
    id: "q",
    input: {
      urgent: false,
      items: services.map((service) => ({ service, pictures: 1, chars_lower: 0, chars_upper: 0 })),
    },
    rules: pricing,
    rulesVersion: "v",
    evidenceIds: [],
    now: 0,
  });
const added = (order: ImageOrder, deltaFen: number): AddedDemand => ({
  order,
  quote: aQuote(order.demand.services),
  risk: null,
  isNew: true,
  status: "attached",
  deltaFen,
});

describe("what is told of a later demand", () => {
  it("names what is no longer done, and asks for the new price", () => {
    const words = addedWords(
      {
        before: anOrder("quoted", ["enhance"]),
        added: added(anOrder("quoted", ["basic"]), -1000),
        withdrawn: ["enhance"],
      },
      rules,
    );

    expect(words).toBe(
      "「高清/去噪/锐化」这项给您去掉了。\n好的，已经改好，少 10 元，一共 10 元，您看可以吗？",
    );
  });

  it("says that the price stands when work has begun", () => {
    const words = addedWords(
      {
        before: anOrder("processing", ["enhance", "cutout"]),
        added: added(anOrder("processing", ["enhance"]), 0),
        withdrawn: ["cutout"],
      },
      rules,
    );

    expect(words).toBe("好的，「抠图/换底」不做了；这单已经开工，价格就不往下调了。");
  });

  it("claims no service as gone that the order still has", () => {
    const words = addedWords(
      {
        before: anOrder("quoted", ["enhance"]),
        added: added(anOrder("quoted", ["enhance", "basic"]), 1000),
        withdrawn: ["enhance"],
      },
      rules,
    );

    expect(words).toBe("好的，已经加到这单里，加 10 元，一共 30 元，您看可以吗？");
  });

  it.each([
    [0, "图库里没有找到这张图。"],
    [3, "找到 3 张可能的图"],
  ])("says again what a search with %i candidates waits for", (count, expected) => {
    const found = Array.from({ length: count });
    const search = { ...anOrder("draft", ["find_image"]), kind: "find", candidates: found } as ImageOrder;

    const words = addedWords(
      { before: search, added: { ...added(search, 0), quote: null }, withdrawn: [] },
      rules,
    );

    expect(words).toMatch(new RegExp(`^好的，要求记下了。\\n${expected}`, "u"));
  });
});
