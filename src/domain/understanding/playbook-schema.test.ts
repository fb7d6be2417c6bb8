import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { playbookLexiconSchema } from "./playbook-schema.ts";

const written = readFileSync(new URL("../../../config/playbook.yaml", import.meta.url), "utf8");
const aPlaybook = () => parse(written);
const issuesOf = (playbook: unknown) =>
  playbookLexiconSchema
    .safeParse(playbook)
    .error?.issues.map(({ path, message }) => ({ path: path.join("."), message })) ?? [];

describe("playbookLexiconSchema", () => {
  it("accepts the playbook that is delivered", () => {
    expect(issuesOf(aPlaybook())).toEqual([]);
  });

  it("names the entry whose expression is wrong", () => {
    const playbook = aPlaybook();
    playbook.intents.handoff[0].match = "转(人工";

    expect(issuesOf(playbook).map(({ path }) => path)).toEqual(["intents.handoff.0.match"]);
  });

  it("names the entry that uses an unknown word group", () => {
    const playbook = aPlaybook();
    playbook.services.cutout.push("抠{不存在}");

    const [issue] = issuesOf(playbook);
    expect(issue?.path).toBe(`services.cutout.${playbook.services.cutout.length - 1}`);
    expect(issue?.message).toContain("不存在");
  });

  it("names the rule that waits for an unknown condition", () => {
    const playbook = aPlaybook();
    playbook.intents.accept.push({ when: ["has_image|full_moon"], weight: 50 });

    expect(issuesOf(playbook)[0]?.message).toContain("full_moon");
  });

  it("refuses a section that it does not know", () => {
    expect(issuesOf({ ...aPlaybook(), intentz: {} })).toHaveLength(1);
  });
});
