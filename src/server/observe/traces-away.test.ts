import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { aPhoto } from "../../../sandbox/pictures.ts";
import { aShop } from "../../testing/shop.ts";
import { createLogger } from "../logger.ts";

let dir: string;
let lines: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tianwang-traces-"));
  lines = [];
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const log = () => createLogger("warn", { write: (line: string) => void lines.push(line) });

it.each([
  {
    what: "is no database",
    spoil: (file: string) => writeFileSync(file, "not a database, but longer than its head".repeat(50)),
  },
  { what: "cannot be opened", spoil: (file: string) => mkdirSync(file) },
])("answers, and works on orders, while the traces' file $what", async ({ spoil }) => {
  spoil(join(dir, "traces.db"));
  const shop = await aShop({
    settings: { TRACES: "on", DATA_DIR: dir, DATABASE_URL: `file:${join(dir, "app.db")}` },
    log: log(),
  });
  await shop.say("lin", "这张图放大2倍", [await aPhoto(5, { width: 200, height: 150 })]);
  await shop.say("lin", "可以");

  expect((await shop.orders("lin"))[0]?.status).toBe("delivered");
  await shop.service.mastra.observability.flush();
  expect(lines.join("")).toContain('"event":"traces.');
  await shop.close();
});
