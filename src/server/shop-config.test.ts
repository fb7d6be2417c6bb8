import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../domain/log.ts";
import { ORDER_STATUSES } from "../domain/orders/order-status.ts";
import { openShopConfig } from "./shop-config.ts";

let dir: string;
let at = 1_000_000;
const now = () => at;
const open = () => openShopConfig({ dir, timezone: "Asia/Shanghai", now, log: silentLog });
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

    expect(open).toThrow(message);
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
});
