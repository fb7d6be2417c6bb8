import { resolve } from "node:path";
import { styleText } from "node:util";
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { AppError } from "../../domain/errors.ts";
import { silentLog } from "../../domain/log.ts";
import type { ConfigFile } from "../config-files.ts";
import { fileCalled, openConfigHistory } from "../config-history.ts";
import { openStore } from "../outside.ts";
import { loadEnv } from "../process-env.ts";
import { projectRoot } from "../project-root.ts";
import { print, runCommand } from "./json-lines.ts";
import { show } from "./service-client.ts";
import { readArguments } from "./settings.ts";

const USAGE = `用法: npm run -s prompts -- history [文件] [--limit 20] [--turns] | show 文件 版本 | diff 文件 [旧版本 [新版本]] | rollback 文件 版本   [--json]
  history    这些文件什么时候换成了哪个版本，新的在前；--turns 数出各有多少轮是用它答的（要读所有轮次）
  show       那个版本的全文
  diff       两个版本的区别；不写新版本就和文件现在的内容比，都不写就拿上一个版本比
  rollback   把文件换回那个版本，先检查现在还能不能用，现在的内容也会留着
  文件是 shop、helpdesk（提示词）、playbook、pricing、risk、replies、synonyms、faq、helpdesk.yaml；版本写前四位以上就行`;
const STATES = { "in-file": "文件里现在是它", unused: "文件里现在是它，服务还没读到", past: "" };

/** `npm run prompts`: what the files that steer the agents held, and back to it. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, {
    limit: { type: "string" },
    turns: { type: "boolean" },
    json: { type: "boolean" },
  });
  const [verb = "", name, ...versions] = positionals;
  const most = { history: 0, show: 1, diff: 2, rollback: 1 }[verb];
  const least = verb === "diff" || verb === "history" ? 0 : 1;
  const limit = Number(values.limit ?? 20);
  if (
    most === undefined ||
    versions.length > most ||
    versions.length < least ||
    (name === undefined && verb !== "history") ||
    !Number.isInteger(limit) ||
    limit < 1
  )
    throw new AppError("usage", USAGE);

  const root = projectRoot();
  const env = loadEnv(root);
  const dir = resolve(root, env.CONFIG_DIR);
  const file = name === undefined ? null : fileCalled(name, dir);
  const { store } = await openStore(env, { root, now: Date.now, log: silentLog });
  const history = openConfigHistory({ dir, store, now: Date.now });
  try {
    if (file === null || verb === "history") await list(file);
    else if (verb === "show") await showText(file, versions[0] ?? "");
    else if (verb === "diff") await compare(file, versions);
    else await rollBack(file, versions[0] ?? "");
  } finally {
    await store.close();
  }

  async function list(of: ConfigFile | null): Promise<void> {
    const rows = await history.list(of, { limit, withTurns: values.turns === true });
    const isForScripts = values.json === true;
    show(
      rows.map(({ at, state, error, ...row }) => ({
        at: new Date(at).toISOString(),
        ...row,
        state: isForScripts ? state : error === undefined ? STATES[state] : "文件里现在是它，写错了，没有用",
        ...(isForScripts && error !== undefined ? { error } : {}),
      })),
      ["at", "file", "version", ...(values.turns === true ? ["turns"] : []), "state"],
      isForScripts,
    );
    if (!isForScripts) for (const { error } of rows) if (error !== undefined) console.log(`\n${error}`);
  }

  async function showText(of: ConfigFile, asked: string): Promise<void> {
    const { name: called, version, content } = await history.find(of, asked);
    if (values.json === true) await print({ file: called, version, content });
    else await write(content);
  }

  async function compare(of: ConfigFile, [asked, to]: string[]): Promise<void> {
    const old = asked === undefined ? await history.former(of) : await history.find(of, asked);
    const next = to === undefined ? history.present(of) : await history.find(of, to);
    if (next === null) throw new AppError("not-found", `文件不在了: ${of.name}`);
    const patch = createTwoFilesPatch(
      of.name,
      of.name,
      old.content,
      next.content,
      old.version,
      `${next.version}${to === undefined ? "（文件里现在的）" : ""}`,
      { headerOptions: FILE_HEADERS_ONLY },
    );
    const isSame = old.version === next.version;
    if (values.json === true)
      await print({ file: of.name, old: old.version, new: next.version, patch: isSame ? "" : patch });
    else await write(isSame ? "没有区别\n" : patch.split("\n").map(coloured).join("\n"));
  }

  async function rollBack(of: ConfigFile, asked: string): Promise<void> {
    const { version, was } = await history.rollBack(of, asked);
    if (values.json === true) await print({ file: of.name, version, was });
    else if (version === was) console.log(`${of.name} 现在就是这个版本，没有改动`);
    else
      console.log(
        `${of.name} 已换回 ${version}${was === null ? "" : `（原来的 ${was} 也留着）`}；${of.isWatched ? "下一轮就用它" : "重启服务后用它"}`,
      );
  }
});

/** Colours only where a person looks at a terminal. */
function coloured(line: string): string {
  const style = line.startsWith("---") || line.startsWith("+++") ? "bold" : STYLES[line[0] ?? ""];
  return style === undefined ? line : styleText(style, line, { stream: process.stdout });
}

const STYLES: Readonly<Record<string, "red" | "green" | "cyan">> = { "-": "red", "+": "green", "@": "cyan" };

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise<void>((done) => process.stdout.once("drain", done));
}
