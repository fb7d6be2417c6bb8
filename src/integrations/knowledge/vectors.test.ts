import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startEmbeddings } from "../../../sandbox/embeddings.ts";
import type { KnowledgeBase } from "../../domain/knowledge/knowledge.ts";
import { type Log, silentLog } from "../../domain/log.ts";
import type { Store } from "../../domain/records.ts";
import { openPostgresStore } from "../../store/postgres/store.ts";
import { openLibsqlStore } from "../../store/store.ts";
import { aDatabase, isOnPostgres, type TestDatabase } from "../../testing/test-database.ts";
import { createWordCutter, createWordTagger, withCharacters } from "../chinese-words.ts";
import { addVectors } from "./add-vectors.ts";
import { createEmbeddedKnowledge } from "./embedded.ts";
import { createEmbedder } from "./embedding.ts";
import { indexDocument } from "./index-document.ts";
import { createNearestChunks } from "./nearest-chunks.ts";

const CONCEPTS = [
  ["慢得像蜗牛", "卡顿"],
  ["卡纸", "夹纸"],
];
/** Nothing of its words is in what it means. */
const QUESTION = "我这机器慢得像蜗牛";
const FAN = "# 风扇\n\n电脑卡顿多半是灰尘，清理散热口。";
const cut = withCharacters(createWordCutter());
const tag = createWordTagger();

let endpoint: Awaited<ReturnType<typeof startEmbeddings>>;
let dir: string;
let database: TestDatabase;
let opened: Store[];
let lines: { event: string; fields: unknown }[];
let now: number;
const log: Log = { ...silentLog, warn: (event, fields) => lines.push({ event, fields }) };

beforeEach(async () => {
  endpoint = await startEmbeddings({ concepts: CONCEPTS });
  dir = mkdtempSync(join(tmpdir(), "vectors-"));
  database = await aDatabase(dir);
  opened = [];
  lines = [];
  now = 0;
});
afterEach(async () => {
  for (const store of opened) await store.close();
  await database.drop();
  await endpoint.close();
  rmSync(dir, { recursive: true, force: true });
});

/** As another process would open it. */
async function open(): Promise<Store> {
  const parts = { now: () => now, random: () => 0, log: silentLog };
  const { store } = isOnPostgres()
    ? await openPostgresStore({ ...parts, url: database.url })
    : await openLibsqlStore({ ...parts, file: join(dir, "app.db") });
  opened.push(store);
  return store;
}

const embedderOf = (model = "bge") => createEmbedder({ baseUrl: endpoint.url, apiKey: endpoint.key, model });
const makeVectors = ({ vectors }: Store, model?: string) =>
  addVectors({ embedder: embedderOf(model), vectors, onProgress: () => {} });
const knowledgeOf = (store: Store, { withinMs = 5_000 } = {}) =>
  createEmbeddedKnowledge({
    store: store.knowledge,
    cut,
    tag,
    nearest: createNearestChunks({
      embedder: embedderOf(),
      vectors: store.vectors,
      now: () => now,
      log,
      withinMs,
    }),
  });
const plain = (store: Store) => createEmbeddedKnowledge({ store: store.knowledge, cut, tag });

async function put(store: Store, id: string, text: string): Promise<void> {
  const { document, chunks } = await indexDocument({ id, bytes: new TextEncoder().encode(text) }, cut);
  await store.knowledge.putDocument(document, chunks, 0);
}

/** What is like the question by its words, and one that means the same. */
async function putAll(store: Store): Promise<void> {
  for (let n = 0; n < 12; n += 1) await put(store, `machine-${n}.md`, `# 机器 ${n}\n\n我这机器有编号 ${n}。`);
  await put(store, "fan.md", FAN);
}

const found = async (knowledge: KnowledgeBase) =>
  (await knowledge.search(QUESTION, 3)).chunks.map(({ source }) => source.document_id);

describe("the embedded knowledge with vectors", () => {
  it("finds what means the same in other words, and leaves it to the words whether that answers", async () => {
    const store = await open();
    await putAll(store);
    expect(await makeVectors(store)).toEqual({ made: 13, missing: 0, reason: null });

    const { chunks } = await knowledgeOf(store).search(QUESTION, 3);
    const fan = chunks.find(({ source }) => source.document_id === "fan.md");

    expect(fan).toMatchObject({ answers: false });
    expect((await found(plain(store))).includes("fan.md")).toBe(false);
    expect(endpoint.requests.at(-1)?.input).toEqual([QUESTION]);
  });

  it("answers what it answers without them", async () => {
    const store = await open();
    await putAll(store);
    await makeVectors(store);

    const [best] = (await knowledgeOf(store).search("电脑卡顿，要清理散热口吗", 3)).chunks;

    expect(best).toMatchObject({ answers: true, source: { document_id: "fan.md" } });
  });

  it("asks no endpoint as long as there are no vectors", async () => {
    const store = await open();
    await putAll(store);

    expect(await knowledgeOf(store).search(QUESTION, 3)).toEqual(await plain(store).search(QUESTION, 3));
    expect(endpoint.requests).toEqual([]);
    expect(lines).toEqual([]);
  });

  it.each(["broken", "slow", "html"] as const)(
    "finds by words when the endpoint is %s, says so once, and asks again after a while",
    async (mood) => {
      const store = await open();
      await putAll(store);
      await makeVectors(store);
      const knowledge = knowledgeOf(store, { withinMs: 1_000 });
      endpoint.knobs.mood = mood;
      endpoint.requests.length = 0;

      for (let n = 0; n < 3; n += 1)
        expect(await knowledge.search(QUESTION, 3)).toEqual(await plain(store).search(QUESTION, 3));

      expect(endpoint.requests).toHaveLength(1);
      expect(lines).toMatchObject([{ event: "knowledge.vectors_failed" }]);
      expect(JSON.stringify(lines)).not.toMatch(/蜗牛|embedding-key/u);
      endpoint.knobs.mood = "well";
      now += 30_000;
      expect(await found(knowledge)).toContain("fan.md");
    },
  );

  it("sees in one process what another one imports, replaces and removes", async () => {
    const store = await open();
    await putAll(store);
    await makeVectors(store);
    const knowledge = knowledgeOf(store);
    expect(await found(knowledge)).toContain("fan.md");
    const other = await open();

    await put(other, "disk.md", "# 硬盘\n\n电脑卡顿也可能是硬盘老化。");
    await makeVectors(other);
    const withNew = await found(knowledge);
    await put(other, "fan.md", "# 风扇\n\n风扇响，清理散热口。");
    await makeVectors(other);
    const withChanged = await found(knowledge);
    await other.knowledge.removeDocument("disk.md");
    const withoutBoth = await found(knowledge);

    expect(withNew).toEqual(expect.arrayContaining(["fan.md", "disk.md"]));
    expect(withChanged).toContain("disk.md");
    expect(withChanged).not.toContain("fan.md");
    expect(withoutBoth).not.toContain("disk.md");
  });
});

describe("an import", () => {
  it("leaves chunks without vectors when nobody answers, and a later one makes what is missing", async () => {
    const store = await open();
    await put(store, "fan.md", FAN);
    endpoint.knobs.mood = "broken";
    const first = await makeVectors(store);
    endpoint.knobs.mood = "well";
    const second = await makeVectors(store);
    endpoint.requests.length = 0;
    const third = await makeVectors(store);

    expect(first).toEqual({ made: 0, missing: 1, reason: "answered 503" });
    expect(second).toEqual({ made: 1, missing: 0, reason: null });
    expect(third).toEqual({ made: 0, missing: 0, reason: null });
    expect(endpoint.requests).toHaveLength(1);
  });

  it("makes the others when one text is refused", async () => {
    const store = await open();
    await putAll(store);
    endpoint.knobs.mood = { refuses: "编号 4" };

    expect(await makeVectors(store)).toEqual({ made: 12, missing: 1, reason: "answered 400" });
  });

  it("makes all anew for another model, or another dimension of the same", async () => {
    const store = await open();
    await put(store, "fan.md", FAN);
    await makeVectors(store);

    expect(await makeVectors(store, "m3")).toMatchObject({ made: 1, missing: 0 });
    endpoint.knobs.dimension = 32;
    expect(await makeVectors(store, "m3")).toMatchObject({ made: 1, missing: 0 });
    expect(await store.vectors.all({ model: "bge", dimension: 64 }, { after: 0, most: 9 })).toEqual([]);
    expect(await store.vectors.all({ model: "m3", dimension: 32 }, { after: 0, most: 9 })).toHaveLength(1);
  });
});
