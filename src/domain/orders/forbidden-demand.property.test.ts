import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  acts,
  clearingLines,
  composedNames,
  disguisedNames,
  forbiddenSayings,
  listedNames,
} from "../../testing/forbidden-demands.ts";
import { assessRisk, statesOwnership } from "./assess-risk.ts";
import { issueRiskCertificate } from "./risk-certificate.ts";
import { riskRulesSchema } from "./risk-rules.ts";
import { type Service, serviceSchema } from "./service.ts";
import { verifyRisk } from "./verify-risk.ts";

const RUNS = { numRuns: 3000 };
// Far more than it takes alone: other tests run beside it.
const LIMIT_MS = 120_000;

const rules = riskRulesSchema.parse(
  parse(readFileSync(new URL("../../../config/risk.yaml", import.meta.url), "utf8")),
);
const { guessed, listed } = listedNames(rules);
const composed = composedNames(rules);
const disguised = disguisedNames(rules);
const clearing = clearingLines(rules);
const forbiddenWords = forbiddenSayings(rules);
const seenPapers = rules.documents.groups.flatMap(({ ocr_any }) => ocr_any);
const services = fc.uniqueArray(fc.constantFrom(...serviceSchema.options), { maxLength: 2 });

function decide(words: string, asked: Service[] = ["edit_text"], seen = "") {
  return assessRisk(
    {
      words,
      ocr_text: seen,
      services: asked,
      pictures: [],
      ownership_stated: statesOwnership(words, rules),
      buyer: { blacklisted: false, unpaid_quotes_7d: 0, abusive: false },
      model_flags: [],
    },
    rules,
  ).decision;
}

describe("a demand made of a document and a change", () => {
  it(
    "is rejected, whichever document the rules list or can be put together",
    () => {
      fc.assert(
        fc.property(fc.oneof(listed, composed), acts, (name, act) => {
          expect(decide(`${name} ${act}`), `${name} ${act}`).toBe("reject");
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  it(
    "is rejected in disguise",
    () => {
      fc.assert(
        fc.property(disguised, acts, ({ written }, act) => {
          expect(decide(`${written} ${act}`), `${written} ${act}`).toBe("reject");
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  it(
    "stays rejected beside a line that clears what it names, before or after",
    () => {
      fc.assert(
        fc.property(fc.oneof(listed, composed), acts, clearing, services, (name, act, line, asked) => {
          const demand = `把${name}${act}`;

          expect(decide(`${line}\n${demand}`, asked), `${line} ${demand}`).toBe("reject");
          expect(decide(`${demand}\n${line}`, asked), `${demand} ${line}`).toBe("reject");
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  it(
    "stays rejected beside such a line when only the picture shows the document",
    () => {
      fc.assert(
        fc.property(fc.constantFrom(...seenPapers), acts, clearing, services, (seen, act, line, asked) => {
          expect(decide(`${line}\n${act}`, asked, seen), line).toBe("reject");
          expect(decide(`${act}\n${line}`, asked, seen), line).toBe("reject");
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  it(
    "stays rejected beside another one and such a line",
    () => {
      fc.assert(
        fc.property(fc.tuple(listed, acts), fc.tuple(composed, acts), clearing, (first, second, line) => {
          const words = [first.join(""), line, second.join("")].join("\n");

          expect(decide(words), words).toBe("reject");
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  it(
    "has a certificate that holds, whatever its disguise and what stands beside it",
    () => {
      fc.assert(
        fc.property(disguised, acts, clearing, ({ written }, act, line) => {
          const certificate = issueRiskCertificate({
            id: "risk-1",
            input: {
              words: `${line}\n${written}${act}`,
              ocr_text: "",
              services: ["edit_text"],
              pictures: [],
              ownership_stated: false,
              buyer: { blacklisted: false, unpaid_quotes_7d: 0, abusive: false },
              model_flags: [],
            },
            rules,
            rulesVersion: "v1",
            now: 0,
          });

          expect(verifyRisk(certificate)).toEqual({ ok: true, value: true });
        }),
        { numRuns: 1000 },
      );
    },
    LIMIT_MS,
  );
});

describe("a demand in words that are rejected by themselves", () => {
  it("is every term of such a rule, beside what it needs", () => {
    expect(forbiddenWords.filter((words) => decide(words) !== "reject")).toEqual([]);
  });

  it(
    "stays rejected whatever line stands before or after it",
    () => {
      fc.assert(
        fc.property(fc.constantFrom(...forbiddenWords), clearing, services, (words, line, asked) => {
          expect(decide(`${line}\n${words}`, asked), `${line} ${words}`).toBe("reject");
          expect(decide(`${words}\n${line}`, asked), `${words} ${line}`).toBe("reject");
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );
});

describe("a thing to sell that is named after a document", () => {
  it(
    "is never rejected, whichever document and thing",
    () => {
      const things = fc.constantFrom("收纳盒", "打孔器", "挂绳", "保护膜", "相册", "推车", "卡扣", "打印机");
      fc.assert(
        fc.property(guessed, things, (name, thing) => {
          expect(decide(`${name}${thing} 抠白底`, ["cutout"]), `${name}${thing}`).not.toBe("reject");
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );
});

it("puts names together only with links that are single characters", () => {
  expect([...rules.documents.paper_links].every((link) => link.length === 1)).toBe(true);
});
