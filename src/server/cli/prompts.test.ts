import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../domain/log.ts";
import { openLibsqlStore } from "../../store/store.ts";
import { versionOf } from "../config-files.ts";
import { openShopConfig } from "../shop-config.ts";

const NOW = Date.parse("2026-01-05T02:00:00Z");
const ONE = "# 小图\n第一版\n结尾\n";
const TWO = "# 小图\n第二版\n结尾\n";
const ALL = 60_000;
let dir: string;
const pathOf = (file: string) => join(dir, "config", file);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prompts-"));
  cpSync("config", join(dir, "config"), { recursive: true });
  writeFileSync(pathOf("prompts/shop.md"), TWO);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** As a service has kept it that read the one after the other, a second apart. */
async function keep(name: string, contents: readonly string[]): Promise<void> {
  const { store } = await openLibsqlStore({
    file: join(dir, "app.db"),
    now: Date.now,
    random: () => 0,
    log: silentLog,
  });
  for (const [index, content] of contents.entries())
    await store.configVersions.keep({ name, version: versionOf(content), content }, NOW + 1_000 * index);
  if (name === "prompts/shop.md")
    await store.turns.add({
      id: "t1",
      conversation_id: "c1",
      rung: "rules",
      outcome: "answered",
      tools: [],
      versions: { prompt: versionOf(ONE) },
      agent: "shop",
      knowledge: { status: "n/a", citations: [] },
      queued_at: NOW,
      started_at: NOW,
      ended_at: NOW,
    });
  await store.close();
}

function run(...args: string[]) {
  const env = { DATA_DIR: dir, DATABASE_URL: `file:${join(dir, "app.db")}`, CONFIG_DIR: join(dir, "config") };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/server/cli/prompts.ts", ...args], {
    env,
    encoding: "utf8",
  });
  return { status, out: stdout, said: stderr };
}
const rowsOf = (out: string) =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("npm run prompts", () => {
  it(
    "lists what a file held, newest first, what it holds now, and how many turns were answered by it",
    async () => {
      await keep("prompts/shop.md", [ONE, TWO, ONE, TWO]);
      const used = rowsOf(run("history", "shop", "--turns", "--json").out);
      writeFileSync(pathOf("prompts/shop.md"), "改了一半");
      const edited = run("history", pathOf("prompts/shop.md"), "--limit", "1").out;
      writeFileSync(pathOf("pricing.yaml"), "services: nothing");
      const [bad] = rowsOf(run("history", "pricing", "--json").out);

      expect(used.map(({ version, turns, state }) => [version, turns, state])).toEqual([
        [versionOf(TWO), 0, "in-file"],
        [versionOf(ONE), 1, "past"],
        [versionOf(TWO), 0, "past"],
        [versionOf(ONE), 1, "past"],
      ]);
      expect(used[0]).toMatchObject({ at: new Date(NOW + 3_000).toISOString(), file: "prompts/shop.md" });
      expect(edited.split("\n").slice(1, 3)).toEqual([
        expect.stringMatching(new RegExp(`prompts/shop\\.md +${versionOf("改了一半")} +.*服务还没读到`, "u")),
        expect.stringMatching(new RegExp(`prompts/shop\\.md +${versionOf(TWO)}$`, "u")),
      ]);
      expect(bad).toMatchObject({ state: "unused", error: expect.stringContaining("services") as string });
    },
    ALL,
  );

  it(
    "shows a version, and says plainly what it cannot find",
    async () => {
      await keep("prompts/shop.md", [ONE, TWO]);

      expect(run("show", "shop", versionOf(ONE).slice(0, 4))).toEqual({ status: 0, out: ONE, said: "" });
      const refusals = [
        ["show", "shop", "abc"],
        ["show", "shop", "0000"],
        ["show", "nothing", "0000"],
        ["diff", "helpdesk"],
      ].map((args) => run(...args));
      expect(refusals.map(({ status, out }) => [status, out])).toEqual(Array(4).fill([1, ""]));
      expect(refusals.map(({ said }) => said)).toEqual([
        expect.stringContaining("至少写前 4 位"),
        expect.stringContaining("prompts/shop.md 没有 0000 这个版本"),
        expect.stringContaining("没有这个文件: nothing"),
        expect.stringContaining("没有别的版本"),
      ]);
      for (const wrong of [["show", "shop"], ["rollback"], ["history", "shop", "abcd"], ["nothing"]])
        expect(run(...wrong)).toMatchObject({ status: 1, said: expect.stringContaining("用法") as string });
    },
    ALL,
  );

  it(
    "compares with the version before, or two that are named",
    async () => {
      await keep("prompts/shop.md", [ONE, TWO]);
      const patch = (from: string, to: string, now = "") =>
        [
          `--- prompts/shop.md\t${versionOf(from)}`,
          `+++ prompts/shop.md\t${versionOf(to)}${now}`,
          "@@ -1,3 +1,3 @@",
          " # 小图",
          `-${from.split("\n")[1]}`,
          `+${to.split("\n")[1]}`,
          " 结尾",
          "",
        ].join("\n");

      expect(run("diff", "shop").out).toBe(patch(ONE, TWO, "（文件里现在的）"));
      expect(run("diff", "shop", versionOf(TWO), versionOf(ONE)).out).toBe(patch(TWO, ONE));
      expect(run("diff", "shop", versionOf(TWO)).out).toBe("没有区别\n");
    },
    ALL,
  );

  it(
    "puts an old version back, which the next turn uses, and loses nothing",
    async () => {
      await keep("prompts/shop.md", [ONE, TWO]);
      let at = 0;
      const config = openShopConfig({
        dir: join(dir, "config"),
        timezone: "Asia/Shanghai",
        now: () => at,
        log: silentLog,
      });
      const edited = "没有人用过的一版";
      writeFileSync(pathOf("prompts/shop.md"), edited);

      const { status, out } = run("rollback", "shop", versionOf(ONE));
      at = 5_000;

      expect([status, out]).toEqual([
        0,
        `prompts/shop.md 已换回 ${versionOf(ONE)}（原来的 ${versionOf(edited)} 也留着）；下一轮就用它\n`,
      ]);
      expect(config.instructions.shop()).toBe(ONE);
      expect(run("show", "shop", versionOf(edited)).out).toBe(edited);
      expect(run("rollback", "shop", versionOf(ONE)).out).toContain("没有改动");
      expect(readdirSync(join(dir, "config", "prompts")).sort()).toEqual(["helpdesk.md", "shop.md"]);
    },
    ALL,
  );

  it(
    "leaves the file when today's service would not take the old version, and says why",
    async () => {
      const playbook = readFileSync(pathOf("playbook.yaml"), "utf8");
      const broken = `${playbook}\nno_longer_known: 1\n`;
      const replies = readFileSync(pathOf("replies.yaml"), "utf8");
      const shorter = replies.replace(/^ {2}sorry:.*$/mu, "  sorry_of_old: 抱歉");
      await keep("playbook.yaml", [broken, playbook]);
      await keep("replies.yaml", [shorter, replies]);

      const rolled = run("rollback", "playbook", versionOf(broken));
      const unanswered = run("rollback", "replies", versionOf(shorter));

      expect(rolled).toMatchObject({ status: 1, said: expect.stringContaining("no_longer_known") as string });
      expect(unanswered).toMatchObject({ status: 1, said: expect.stringContaining("sorry") as string });
      expect(readFileSync(pathOf("playbook.yaml"), "utf8")).toBe(playbook);
      expect(readFileSync(pathOf("replies.yaml"), "utf8")).toBe(replies);
    },
    ALL,
  );
});
