import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import { plainText } from "../../domain/conversations/message.ts";
import { AppError } from "../../domain/errors.ts";
import { clusterGaps } from "../../domain/knowledge/cluster-questions.ts";
import { silentLog } from "../../domain/log.ts";
import { createWordCutter, withCharacters } from "../../integrations/chinese-words.ts";
import { addVectors } from "../../integrations/knowledge/add-vectors.ts";
import { indexDocument } from "../../integrations/knowledge/index-document.ts";
import { DOCUMENT_ENDINGS } from "../../integrations/knowledge/parse-document.ts";
import { createSynonyms, synonymsSchema } from "../../integrations/knowledge/synonyms.ts";
import { readYaml } from "../config-files.ts";
import { openEmbeddedKnowledge, openEmbedder } from "../open-knowledge.ts";
import { openStore } from "../outside.ts";
import { loadEnv } from "../process-env.ts";
import { projectRoot } from "../project-root.ts";
import { print, runCommand, wordsOf } from "./json-lines.ts";
import { readArguments } from "./settings.ts";

const USAGE =
  "用法: npm run knowledge -- import 目录或文件 | search 问题 [--top 5] | gaps [--days 30] | list | remove 编号   [--json]";
const MOST_BYTES = 50 * 1024 * 1024;
const OUTCOMES = { added: "新增", replaced: "已更新", unchanged: "没有变化" } as const;
const SHOWN_TEXT = 160;
const SHOWN_VECTORS = 1_000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** The newest; older ones wait until these are written down. */
const MOST_GAPS = 2_000;

/** `npm run knowledge`: the documents that questions are answered from. What is imported again unchanged is passed over. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, {
    top: { type: "string" },
    days: { type: "string" },
    json: { type: "boolean" },
  });
  const [verb, what] = positionals;
  const root = projectRoot();
  const env = loadEnv(root);
  const { store } = await openStore(env, { root, now: Date.now, log: silentLog });
  const cut = withCharacters(createWordCutter());
  try {
    if (verb === "import" && what !== undefined) await importAll(what);
    else if (verb === "search" && what !== undefined) await search(what, Number(values.top ?? 5));
    else if (verb === "list") await list();
    else if (verb === "gaps") await gaps(Number(values.days ?? 30));
    else if (verb === "remove" && what !== undefined) {
      if (!(await store.knowledge.removeDocument(what)))
        throw new AppError("not-found", `知识库里没有 ${what}（用 list 看编号）`);
    } else throw new AppError("usage", USAGE);
  } finally {
    await store.close();
  }

  async function importAll(place: string): Promise<void> {
    const files = await documentsIn(place);
    let failed = 0;
    for (const [at, { id, path }] of files.entries()) {
      const progress = `${at + 1}/${files.length} ${id}`;
      try {
        if ((await stat(path)).size > MOST_BYTES) throw new AppError("too-large", "文件超过 50 MB");
        const { document, chunks } = await indexDocument({ id, bytes: await readFile(path) }, cut);
        const outcome = await store.transaction((tx) =>
          tx.knowledge.putDocument(document, chunks, Date.now()),
        );
        const warning = chunks.length === 0 ? "（没有读到文字：可能是扫描件）" : "";
        console.error(`${progress}: ${OUTCOMES[outcome]}，${chunks.length} 段${warning}`);
      } catch (error) {
        failed += 1;
        console.error(`${progress}: ${wordsOf(error)}`);
      }
    }
    await importVectors();
    const { chunks } = await store.knowledge.size();
    const documents = (await store.knowledge.documents()).length;
    console.log(`知识库现有 ${documents} 个文档、${chunks} 段；正在运行的服务马上就会用上`);
    if (failed > 0) throw new AppError("import-incomplete", `${failed} 个文件没有导入，原因见上`);
  }

  /** Also of what an earlier import left without; the texts are found by their words meanwhile. */
  async function importVectors(): Promise<void> {
    const embedder = openEmbedder(env);
    if (embedder === null) return;
    const { made, missing, reason } = await addVectors({
      embedder,
      vectors: {
        ...store.vectors,
        put: (kind, some) => store.transaction((tx) => tx.vectors.put(kind, some)),
      },
      onProgress: (sofar) => {
        if (sofar % SHOWN_VECTORS === 0) console.error(`已做 ${sofar} 段向量`);
      },
    });
    if (missing === 0 && reason === null) console.error(`向量：新做 ${made} 段，全部都有`);
    else
      console.error(
        `还有 ${missing} 段没有向量（新做 ${made} 段；${reason ?? "别的导入正在进行"}）：先按字词查，再导入一次会补上`,
      );
  }

  async function search(question: string, top: number): Promise<void> {
    if (!Number.isInteger(top) || top < 1) throw new AppError("usage", USAGE);
    const file = resolve(root, env.CONFIG_DIR, "synonyms.yaml");
    const synonyms = createSynonyms(readYaml(file, await readFile(file, "utf8"), synonymsSchema));
    const begun = performance.now();
    const knowledge = openEmbeddedKnowledge(env, {
      store,
      synonyms: () => synonyms,
      now: Date.now,
      log: {
        ...silentLog,
        warn: (_event, fields) => console.error(`向量没有用上（${String(fields?.reason)}），只按字词查`),
      },
    });
    const { chunks } = await knowledge.search(question, top);
    const ms = Math.round(performance.now() - begun);
    if (values.json === true) return await print({ question, ms, chunks });
    for (const { score, source, text } of chunks)
      console.log(`${score.toFixed(2)}  ${source.title}（${source.document_id}）\n      ${shortened(text)}`);
    console.log(chunks.length === 0 ? "知识库里没有找到" : `${chunks.length} 段，${ms} 毫秒`);
  }

  /** What was asked and is written down nowhere: what to write next. */
  async function gaps(days: number): Promise<void> {
    if (!Number.isFinite(days) || days <= 0) throw new AppError("usage", USAGE);
    const missed = await store.turns.misses(Date.now() - days * DAY_MS, MOST_GAPS);
    const clusters = clusterGaps(
      missed
        .map(({ parts, at, customerId }) => ({ question: plainText(parts), at, customerId }))
        .filter(({ question }) => question !== "")
        .map((gap) => ({ ...gap, words: [...new Set(cut(gap.question))] })),
    );
    for (const { question, count, customers, lastAt, others } of clusters) {
      const at = new Date(lastAt).toISOString();
      if (values.json === true) await print({ question, count, customers, last_at: at, others });
      else
        console.log(
          [
            `${count} 次（${customers} 人，最近 ${at}）  ${question}`,
            ...others.map((it) => `      ${it}`),
          ].join("\n"),
        );
    }
    if (clusters.length === 0 && values.json !== true) console.log(`最近 ${days} 天没有答不上来的问题`);
  }

  async function list(): Promise<void> {
    for (const { id, title, kind, version, chunks, updated_at } of await store.knowledge.documents()) {
      const at = new Date(updated_at).toISOString();
      if (values.json === true) await print({ id, title, kind, version, chunks, updated_at: at });
      else console.log(`${id}  ${title}  ${chunks} 段  第 ${version} 版  ${at}`);
    }
  }
});

/** A document's id is its path within the folder, with slashes on every system. */
async function documentsIn(place: string): Promise<{ id: string; path: string }[]> {
  const found = await stat(place).catch(() => null);
  if (found === null) throw new AppError("not-found", `没有这个目录或文件：${place}`);
  if (found.isFile()) return [{ id: basename(place), path: join(dirname(place), basename(place)) }];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && DOCUMENT_ENDINGS.includes(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ id: relative(place, path).split(sep).join("/"), path }));
}

function shortened(text: string): string {
  const line = text.replaceAll("\n", " ");
  return line.length > SHOWN_TEXT ? `${line.slice(0, SHOWN_TEXT)}…` : line;
}
