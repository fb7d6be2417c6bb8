import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startEmbeddings } from "../../../sandbox/embeddings.ts";

const SCRIPT = fileURLToPath(new URL("./knowledge.ts", import.meta.url));
let dir: string;
let endpoint: Awaited<ReturnType<typeof startEmbeddings>>;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "knowledge-"));
  mkdirSync(join(dir, "documents"));
  writeFileSync(join(dir, "documents", "fan.md"), "# 风扇\n\n电脑卡顿多半是灰尘，清理散热口。");
  endpoint = await startEmbeddings({ concepts: [["蜗牛", "卡顿"]] });
});
afterEach(async () => {
  await endpoint.close();
  rmSync(dir, { recursive: true, force: true });
});

const run = (args: readonly string[], settings: Record<string, string> = {}) =>
  new Promise<{ out: string; said: string; isGood: boolean }>((done) => {
    const env = { DATA_DIR: dir, DATABASE_URL: `file:${join(dir, "app.db")}`, ...settings };
    execFile(process.execPath, [SCRIPT, ...args], { env }, (error, out, said) =>
      done({ out, said, isGood: error === null }),
    );
  });

it("imports texts whatever the endpoint does, and makes their vectors when it answers again", async () => {
  const documents = join(dir, "documents");
  const settings = {
    EMBEDDING_MODEL: "bge",
    OPENAI_BASE_URL: endpoint.url,
    OPENAI_API_KEY: endpoint.key,
  };
  endpoint.knobs.mood = "broken";
  const without = await run(["import", documents], settings);
  endpoint.knobs.mood = "well";
  const later = await run(["import", documents], settings);
  await run(["search", "慢得像蜗牛"], settings);

  expect(without).toMatchObject({ isGood: true, out: expect.stringContaining("1 个文档、1 段") as string });
  expect(without.said).toContain("还有 1 段没有向量（新做 0 段；answered 503）");
  expect(later.said).toMatch(/没有变化[\s\S]*向量：新做 1 段，全部都有/u);
  expect(endpoint.requests.at(-1)).toEqual(expect.objectContaining({ model: "bge", input: ["慢得像蜗牛"] }));
}, 60_000);

it("makes no vectors and asks nobody without EMBEDDING_MODEL", async () => {
  const { isGood, said } = await run(["import", join(dir, "documents")], {
    EMBEDDING_MODEL: "",
    OPENAI_BASE_URL: endpoint.url,
  });

  expect(isGood).toBe(true);
  expect(said).not.toContain("向量");
  expect(endpoint.requests).toEqual([]);
}, 60_000);
