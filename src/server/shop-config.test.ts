import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import type { ConfigText } from "../domain/config-versions.ts";
import { silentLog } from "../domain/log.ts";
import { ORDER_STATUSES } from "../domain/orders/order-status.ts";
import { configFiles, versionOf } from "./config-files.ts";
import { openShopConfig } from "./shop-config.ts";

let dir: string;
let at = 1_000_000;
const now = () => at;
const open = (more: Partial<Parameters<typeof openShopConfig>[0]> = {}) =>
  openShopConfig({ dir, timezone: "Asia/Shanghai", now, log: silentLog, ...more });
const write = (file: string, text: string) => {
  writeFileSync(join(dir, file), text);
  utimesSync(join(dir, file), at / 1000, at / 1000);
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tianwang-config-"));
  cpSync("config", dir, { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("the shop's files", () => {
  it("hold every sentence that the code asks for", () => {
    const { say } = open().rules();
    const asked = globSync("src/**/*.ts")
      .filter((file) => !file.endsWith(".test.ts"))
      .flatMap((file) =>
        [...readFileSync(file, "utf8").matchAll(/\b(?:say|saying)\(\s*"([\w-]+)"/gu)].map(
          (found) => found[1] ?? "",
        ),
      );
    const made = [
      ...ORDER_STATUSES.map((status) => `progress_${status}`),
      ...["which_size", "which_background", "which_colour", "which_text", "what"].map(
        (missing) => `ask_${missing}`,
      ),
      ...["delivered", "order_confirmed", "awaiting_payment", "review_passed_quote"].flatMap((key) => [
        key,
        `${key}_find`,
      ]),
      ...[
        "unsupported-format",
        "truncated",
        "too-many-pixels",
        "too-many-bytes",
        "address-not-allowed",
        "fetch-failed",
        "unreadable",
      ].map((reason) => `picture_${reason}`),
    ];

    expect(asked.length).toBeGreaterThan(30);
    for (const key of [...asked, ...made]) expect(() => say(key), key).not.toThrow();
  });

  it.each([
    ["pricing.yaml", "services: 5", /pricing\.yaml is wrong:\n\s+services/u],
    ["pricing.yaml", "a: [1,", /pricing\.yaml is not YAML/u],
    ["replies.yaml", "texts: {}", /replies\.yaml is wrong:\n\s+hours/u],
    ["risk.yaml", "[]", /risk\.yaml is wrong/u],
  ])("stop the start when %s is bad, and name the place", (file, text, message) => {
    write(file, text);

    expect(() => open()).toThrow(message);
  });

  it("are read again when they change, and kept as they were when the change is bad", () => {
    const config = open();
    const before = config.rules();
    const good = readFileSync(join(dir, "pricing.yaml"), "utf8").replace("base_fen: 2000", "base_fen: 2500");

    at += 5_000;
    write("pricing.yaml", good);
    const changed = config.rules();
    at += 5_000;
    write("pricing.yaml", "services: nothing");
    const kept = config.rules();

    expect(before.pricing.services.enhance.base_fen).toBe(2000);
    expect(changed.pricing.services.enhance.base_fen).toBe(2500);
    expect(changed.pricingVersion).not.toBe(before.pricingVersion);
    expect(kept.pricingVersion).toBe(changed.pricingVersion);
  });

  it("make the next turn understand by the playbook as it is edited, and by the old one when the edit is bad", () => {
    const said: string[] = [];
    const config = open({
      log: { ...silentLog, error: (event, fields) => said.push(`${event} ${String(fields?.why)}`) },
    });
    const text = readFileSync(join(dir, "playbook.yaml"), "utf8");
    const taught = parseDocument(text);
    taught.addIn(["intents", "handoff"], { match: "^芝麻开门$", weight: 90 });
    const understood = () => ({
      intent: config.understand({ text: "芝麻开门" }).intent,
      version: config.versions("shop").playbook,
    });

    const before = understood();
    at += 5_000;
    write("playbook.yaml", taught.toString());
    const after = understood();
    at += 5_000;
    write("playbook.yaml", text.replace("intents:", "intents: 5 #"));
    const kept = understood();

    expect(before.intent).not.toBe("handoff");
    expect(after.intent).toBe("handoff");
    expect(after.version).not.toBe(before.version);
    expect(kept).toEqual(after);
    expect(said).toEqual([expect.stringContaining("config.kept_old")]);
  });

  it("are told with what they hold when they come to be used, and not when a change is bad", () => {
    const told: ConfigText[] = [];
    const config = open({ onLoad: (text) => told.push(text) });
    const atStart = told.splice(0);
    at += 5_000;
    write("prompts/shop.md", "另一种说法");
    config.instructions.shop();
    at += 5_000;
    write("risk.yaml", "[]");
    config.rules();

    expect(atStart.map(({ name }) => name).sort()).toEqual(
      Object.values(configFiles)
        .map(({ name }) => name)
        .sort(),
    );
    expect(told).toEqual([
      { name: "prompts/shop.md", version: config.versions("shop").prompt, content: "另一种说法" },
    ]);
  });

  it("are in the versions of the turns that say so, and in no others", () => {
    const config = open();

    for (const agent of ["shop", "helpdesk"] as const)
      expect(config.versions(agent)).toEqual(
        Object.fromEntries(
          Object.values(configFiles)
            .filter(({ turns }) => turns.agents.includes(agent))
            .map(({ name, turns }) => [turns.key, versionOf(readFileSync(join(dir, name), "utf8"))]),
        ),
      );
  });
});
