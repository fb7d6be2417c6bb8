import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { AppError } from "../../domain/errors.ts";
import { silentLog } from "../../domain/log.ts";
import type { FileStore } from "../../domain/pictures/ports.ts";
import type { GalleryItem } from "../../domain/records.ts";
import {
  decodeFingerprint,
  encodeFingerprint,
  fingerprintPicture,
} from "../../integrations/pictures/fingerprint.ts";
import { createGallery } from "../../integrations/pictures/gallery.ts";
import { createPictureInspector } from "../../integrations/pictures/inspector.ts";
import { openFiles } from "../open-files.ts";
import { openStore } from "../outside.ts";
import { loadEnv } from "../process-env.ts";
import { projectRoot } from "../project-root.ts";
import { print, runCommand, wordsOf } from "./json-lines.ts";
import { readArguments } from "./settings.ts";

const USAGE =
  "用法: npm run gallery -- import 目录 | remove ID | reindex | list | query 图片… [--gallery 目录]";
const PICTURE_FILES = /\.(jpe?g|png|webp|gif|tiff?|avif)$/iu;
const TOP = 5;

/** `npm run gallery`: the shop's own pictures. Import is resumable: what is in already is passed over. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, { gallery: { type: "string" } });
  const [verb, ...rest] = positionals;
  if (verb === "query" && rest.length > 0) return await query(rest, values.gallery);
  const { store, files } = await openShop();
  try {
    if (verb === "import" && rest[0] !== undefined) {
      let done = 0;
      const paths = await picturesIn(rest[0]);
      for (const path of paths) {
        done += 1;
        const outcome = await readItem(path, files.put).catch((error: unknown) => ({
          error: wordsOf(error),
        }));
        if ("error" in outcome) console.error(`${done}/${paths.length} ${path}: ${outcome.error}`);
        else if (await store.gallery.has(outcome.id)) console.error(`${done}/${paths.length} ${path}: 已有`);
        else {
          await store.transaction((tx) => tx.gallery.put(outcome));
          console.error(`${done}/${paths.length} ${path}: ${outcome.id}`);
        }
      }
      console.log(`图库现有 ${(await store.gallery.all()).length} 张；正在运行的服务下一次查找就会用上`);
    } else if (verb === "remove" && rest[0] !== undefined) {
      const [id] = rest;
      if (!(await store.transaction((tx) => tx.gallery.remove(id))))
        throw new AppError("not-found", `图库里没有 ${id}`);
    } else if (verb === "reindex") {
      let done = 0;
      const items = await store.gallery.all();
      for (const item of items) {
        done += 1;
        const outcome = await reindexed(item, files.get).catch((error: unknown) => ({
          error: wordsOf(error),
        }));
        if ("error" in outcome) console.error(`${done}/${items.length} ${item.id}: ${outcome.error}`);
        else {
          await store.transaction((tx) => tx.gallery.put(outcome));
          console.error(`${done}/${items.length} ${item.id}`);
        }
      }
      console.log(`重新索引了 ${items.length} 张`);
    } else if (verb === "list") {
      for (const { id, title, tags } of await store.gallery.all()) await print({ id, title, tags });
    } else throw new AppError("usage", USAGE);
  } finally {
    await store.close();
  }
});

async function openShop() {
  const root = projectRoot();
  const env = loadEnv(root);
  const { store } = await openStore(env, { root, now: Date.now, log: silentLog });
  return { store, files: await openFiles(env, root) };
}

async function query(paths: readonly string[], dir: string | undefined): Promise<void> {
  const items = dir === undefined ? await storedItems() : await itemsOf(dir);
  const gallery = createGallery({
    items: decoded(items),
  });
  const inspector = createPictureInspector();
  for (const path of paths) {
    const startedAt = performance.now();
    try {
      const inspected = await inspector.inspect(await readFile(path));
      if (!inspected.ok) throw new AppError("refused", inspected.refusal);
      const matches = await gallery.searchByPicture(inspected.value.clean, TOP);
      const ms = Math.round((performance.now() - startedAt) * 10) / 10;
      await print({
        path,
        matches: matches.map((match) => ({
          id: match.item_id,
          ...(dir === undefined ? {} : { file: match.file }),
          score: match.score,
          band: match.band,
        })),
        ms,
      });
    } catch (error) {
      await print({ path, error: wordsOf(error) });
    }
  }
}

/** Pictures that an older version indexed cannot be compared: they are named, and the others are. */
function decoded(items: readonly GalleryItem[]) {
  const known = items.flatMap((item) => {
    try {
      return [{ ...item, fingerprint: decodeFingerprint(item.fingerprint) }];
    } catch {
      return [];
    }
  });
  if (known.length < items.length)
    console.error(
      `${items.length - known.length} 张图是旧版本入的库，没有比对：先执行 npm run gallery -- reindex`,
    );
  return known;
}

async function storedItems(): Promise<GalleryItem[]> {
  const { store } = await openShop();
  try {
    return await store.gallery.all();
  } finally {
    await store.close();
  }
}

async function itemsOf(dir: string): Promise<GalleryItem[]> {
  const items: GalleryItem[] = [];
  for (const path of await picturesIn(dir)) {
    try {
      items.push({ ...(await readItem(path, async () => "")), file: basename(path) });
    } catch (error) {
      console.error(`${path}: ${wordsOf(error)}`);
    }
  }
  return items;
}

async function picturesIn(dir: string): Promise<string[]> {
  const names = await readdir(dir, { recursive: true });
  return names
    .filter((name) => PICTURE_FILES.test(name))
    .sort()
    .map((name) => join(dir, name));
}

/** The same picture with the fingerprint that this version makes of it. */
async function reindexed(item: GalleryItem, get: FileStore["get"]): Promise<GalleryItem> {
  const bytes = await get(item.file);
  if (bytes === null) throw new AppError("not-found", "图片文件不在了");
  const inspected = await createPictureInspector().inspect(bytes);
  if (!inspected.ok) throw new AppError("refused", inspected.refusal);
  return { ...item, fingerprint: encodeFingerprint(await fingerprintPicture(inspected.value.clean)) };
}

/** Title and tags come from the file's name: 小猫_插画_蓝色.png is titled 小猫 and tagged 插画, 蓝色. */
async function readItem(path: string, keep: (bytes: Uint8Array) => Promise<string>): Promise<GalleryItem> {
  const bytes = await readFile(path);
  const inspected = await createPictureInspector().inspect(bytes);
  if (!inspected.ok) throw new AppError("refused", inspected.refusal);
  const [title = "", ...tags] = basename(path, extname(path)).split(/[_\s]+/u);
  return {
    id: `g_${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}`,
    title,
    tags,
    description: "",
    file: await keep(bytes),
    fingerprint: encodeFingerprint(await fingerprintPicture(inspected.value.clean)),
    created_at: Date.now(),
  };
}
