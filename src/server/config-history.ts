import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ConfigText } from "../domain/config-versions.ts";
import { AppError, errorText } from "../domain/errors.ts";
import type { Store } from "../domain/records.ts";
import type { RepliesConfig } from "../domain/replies.ts";
import { type ConfigFile, configFiles, readText, versionOf } from "./config-files.ts";

const FILES: readonly ConfigFile[] = Object.values(configFiles);
const LEAST_HASH = 4;
/** What is looked through for a version that can be used. */
const LATEST = 20;

/**
 * When a file had which version. `in-file`: the file holds it, and it has been used; `unused`: the file holds it, and
 * no service has read it so far.
 */
export type HistoryRow = {
  at: number;
  file: string;
  version: string;
  state: "in-file" | "unused" | "past";
  /** Why the file as it is will not be used. */
  error?: string;
  turns?: number;
};

/** What is kept of the shop's files, beside what they hold now. */
export function openConfigHistory({
  dir,
  store,
  now,
}: {
  dir: string;
  store: Pick<Store, "configVersions" | "turns">;
  now: () => number;
}) {
  const pathOf = (file: ConfigFile) => join(dir, file.name);

  /** What the file holds; null when there is none. */
  function present(file: ConfigFile): ConfigText | null {
    if (!existsSync(pathOf(file))) return null;
    const content = readText(pathOf(file));
    return { name: file.name, version: versionOf(content), content };
  }

  async function changesOf(files: readonly ConfigFile[], limit: number): Promise<HistoryRow[]> {
    const [only] = files;
    const changes = await store.configVersions.changes({
      name: files.length === 1 ? only?.name : undefined,
      limit,
    });
    return changes.map(({ name, version, at }) => ({ at, file: name, version, state: "past" }));
  }

  async function find(file: ConfigFile, asked: string): Promise<ConfigText> {
    const beginning = asked.toLowerCase();
    if (!/^[0-9a-f]+$/u.test(beginning) || beginning.length < LEAST_HASH)
      throw new AppError(
        "not-a-version",
        `版本号是 history 里的十六进制数，至少写前 ${LEAST_HASH} 位: ${asked}`,
      );
    const found = await store.configVersions.find(file.name, beginning);
    const held = present(file);
    if (held?.version.startsWith(beginning) && found.every(({ version }) => version !== held.version))
      found.push(held);
    const [text, ...others] = found;
    if (text === undefined)
      throw new AppError("not-found", `${file.name} 没有 ${asked} 这个版本（用 history 看有哪些）`);
    if (others.length > 0)
      throw new AppError(
        "ambiguous",
        `${file.name} 有几个版本以 ${asked} 开头: ${found.map(({ version }) => version).join("、")}`,
      );
    return text;
  }

  /** The latest version on record that the file does not hold now. */
  async function former(file: ConfigFile): Promise<ConfigText> {
    const held = present(file);
    const changes = await store.configVersions.changes({ name: file.name, limit: 2 });
    const other = changes.find(({ version }) => version !== held?.version);
    if (other === undefined) throw new AppError("not-found", `${file.name} 没有别的版本可以比`);
    return await find(file, other.version);
  }

  return {
    present,
    find,
    former,

    /** Newest first, what the files hold and nobody has used at the top. */
    async list(file: ConfigFile | null, { limit, withTurns }: { limit: number; withTurns: boolean }) {
      const files = file === null ? FILES : [file];
      const rows = await changesOf(files, limit);
      const unused: HistoryRow[] = [];
      for (const each of files) {
        const held = present(each);
        if (held === null) continue;
        const [latest] = await store.configVersions.changes({ name: each.name, limit: 1 });
        if (latest?.version === held.version) {
          const row = rows.find((it) => it.file === each.name);
          if (row !== undefined) row.state = "in-file";
          continue;
        }
        const error = faultOf(each, held);
        unused.push({
          at: (await stat(pathOf(each))).mtimeMs,
          file: each.name,
          version: held.version,
          state: "unused",
          ...(error === null ? {} : { error }),
        });
      }
      const all = [...unused, ...rows];
      return withTurns ? await counted(all) : all;
    },

    /**
     * Puts an old content in the place of what the file holds, which is kept first.
     *
     * @returns `was`: the version that the file held, null when there was no file; the same when nothing had to change
     * @throws AppError when today's service would not take the old content
     */
    async rollBack(file: ConfigFile, asked: string): Promise<{ version: string; was: string | null }> {
      const text = await find(file, asked);
      const held = present(file);
      if (held?.version === text.version) return { version: text.version, was: text.version };
      const fault = faultOf(file, text) ?? missingSentences(file, text, await inUse(file, held));
      if (fault !== null)
        throw new AppError(
          "bad-config",
          `${file.name} 的版本 ${text.version} 现在不能用，没有改动: ${fault}`,
        );
      if (held !== null) {
        if (!isUtf8(await readFile(pathOf(file))))
          throw new AppError(
            "bad-config",
            `${file.name} 现在不是 UTF-8 编码，内容留不下来，没有改动: 先把它另存一份`,
          );
        await store.configVersions.keep(held, now());
      }
      await replace(pathOf(file), text.content);
      return { version: text.version, was: held?.version ?? null };
    },
  };

  /** What a service goes by now: what the file holds, or, when that is broken, the last that was not. */
  async function inUse(file: ConfigFile, held: ConfigText | null): Promise<ConfigText | null> {
    if (held !== null && faultOf(file, held) === null) return held;
    for (const { version } of await store.configVersions.changes({ name: file.name, limit: LATEST })) {
      const kept = await find(file, version);
      if (faultOf(file, kept) === null) return kept;
    }
    return null;
  }

  async function counted(rows: HistoryRow[]): Promise<HistoryRow[]> {
    const counts = await store.turns.countByVersions();
    return rows.map((row) => {
      const turns = FILES.find(({ name }) => name === row.file)?.turns;
      const of = counts.filter(
        ({ agent, versions }) =>
          turns?.agents.includes(agent) === true && versions[turns.key] === row.version,
      );
      return { ...row, turns: of.reduce((sum, it) => sum + it.turns, 0) };
    });
  }
}

/**
 * The file that is meant: by its name, by its path, or short as in `shop` and `pricing`.
 *
 * @throws AppError("not-found")
 */
export function fileCalled(asked: string, dir: string): ConfigFile {
  const file =
    FILES.find(({ name }) => name === asked || join(dir, name) === resolve(asked)) ??
    FILES.find((it) => shortNameOf(it) === asked);
  if (file !== undefined) return file;
  const known = FILES.map(({ name }) => name).join("、");
  throw new AppError("not-found", `没有这个文件: ${asked}（有 ${known}；可以只写 shop、pricing 这样的短名）`);
}

function shortNameOf({ name }: ConfigFile): string {
  return name.replace(/^prompts\//u, "").replace(/\.\w+$/u, "");
}

/** Why the service of today would not take it; null when it would. */
function faultOf(file: ConfigFile, { name, version, content }: ConfigText): string | null {
  try {
    file.read(content, `${name} ${version}`);
    return null;
  } catch (error) {
    return errorText(error);
  }
}

/** A sentence that is asked for and is not there is a fault in the middle of a turn: what is there today is needed. */
function missingSentences(file: ConfigFile, text: ConfigText, held: ConfigText | null): string | null {
  if (file !== configFiles.replies || held === null) return null;
  const keysOf = ({ content }: ConfigText) =>
    Object.keys((file.read(content, file.name) as RepliesConfig).texts);
  const there = new Set(keysOf(text));
  const missing = keysOf(held).filter((key) => !there.has(key));
  return missing.length === 0 ? null : `缺少现在有的句子 ${missing.join("、")}`;
}

/** Readers find the old content or the new one, and never a part; a link stays a link. */
async function replace(path: string, content: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const part = `${target}.${randomUUID()}.part`;
  try {
    const mode = (await stat(target).catch(() => null))?.mode ?? 0o644;
    const file = await open(part, "wx", mode);
    try {
      await file.writeFile(content);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw new AppError("cannot-write", `${path} 写不了，没有改动: ${errorText(error)}`, { cause: error });
  }
}
