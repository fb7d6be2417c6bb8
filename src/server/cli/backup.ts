import { join, resolve } from "node:path";
import { AppError } from "../../domain/errors.ts";
import { isPostgresUrl } from "../../env.ts";
import { type BackupReport, backUp, restore, type ShopPlaces } from "../backup.ts";
import { createLibsqlBackup } from "../libsql-backup.ts";
import { openFiles } from "../open-files.ts";
import { databaseFileOf } from "../outside.ts";
import { createPostgresBackup } from "../postgres-backup.ts";
import { loadEnv } from "../process-env.ts";
import { projectRoot } from "../project-root.ts";
import { runCommand } from "./json-lines.ts";
import { readArguments } from "./settings.ts";

const USAGE = `用法: npm run backup -- to 目录 | restore 目录
  to 目录        把数据库和图片备份到目录，服务不用停；再备份到同一个目录只加新的图片
  restore 目录   在没有数据的地方恢复，先停服务
  记录在 PostgreSQL 里时用它自己的 pg_dump 和 pg_restore（版本不低于服务器），恢复到一个空的库`;

/** `npm run backup`: a copy of the shop in a folder, and a shop from such a copy. */
runCommand(async () => {
  const { positionals } = readArguments(USAGE, {});
  const [verb, dir, ...rest] = positionals;
  if (dir === undefined || rest.length > 0) throw new AppError("usage", USAGE);
  const shop = await places();
  const folder = resolve(dir);
  if (verb === "to") tell(await backUp(shop, folder), `备份在 ${folder}`);
  else if (verb === "restore") tell(await restore(folder, shop), `已从 ${folder} 恢复`);
  else throw new AppError("usage", USAGE);
});

async function places(): Promise<ShopPlaces> {
  const root = projectRoot();
  const env = loadEnv(root);
  const files = await openFiles(env, root);
  if (isPostgresUrl(env.DATABASE_URL)) return { records: createPostgresBackup(env.DATABASE_URL), files };
  const mastra = join(resolve(root, env.DATA_DIR), "mastra.db");
  return { records: createLibsqlBackup({ database: databaseFileOf(env, root), mastra }), files };
}

function tell({ databases, files }: BackupReport, done: string): void {
  for (const id of files.corrupt) console.error(`图片已损坏，没有复制: ${id}`);
  console.log(
    `${done}：数据库 ${databases.join("、")}；文件 ${files.found} 个，复制 ${files.copied}，已有 ${files.present}，损坏 ${files.corrupt.length}`,
  );
  if (files.corrupt.length > 0) process.exitCode = 1;
}
