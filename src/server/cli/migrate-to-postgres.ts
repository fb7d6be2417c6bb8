import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { AppError, errorText } from "../../domain/errors.ts";
import { silentLog } from "../../domain/log.ts";
import { isPostgresUrl } from "../../env.ts";
import { openIdleShopFile } from "../../store/idle-shop-file.ts";
import { moveShop } from "../../store/postgres/move-shop.ts";
import { openPostgresDatabase } from "../../store/postgres/store.ts";
import { runCommand } from "./json-lines.ts";
import { readArguments } from "./settings.ts";

const USAGE = `用法: npm run migrate-to-postgres -- --from file:./data/app.db --to postgres://用户:密码@主机:5432/库
  把一个 libSQL 店铺（全部表和排队的任务）搬进一个空的 PostgreSQL 库。先停掉服务；中断了再跑一遍，会接着搬。`;

/** `npm run migrate-to-postgres`: from the shop's own file to a database that several processes can share. */
runCommand(async () => {
  const { values } = readArguments(USAGE, { from: { type: "string" }, to: { type: "string" } });
  const { from, to } = values;
  if (from === undefined || to === undefined || !from.startsWith("file:") || !isPostgresUrl(to))
    throw new AppError("usage", USAGE);
  const file = resolve(from.slice("file:".length));
  if (!existsSync(file)) throw new AppError("not-found", `没有这个文件：${file}`);

  const source = await openIdleShopFile(file);
  try {
    const { db, pool } = await openPostgresDatabase(to, silentLog).catch((error: unknown) => {
      throw new AppError("target-away", `目标库打不开：${errorText(error)}`);
    });
    try {
      const { wasDone, tables } = await moveShop({
        source,
        name: file,
        target: db,
        onProgress: (table, copied, of) => process.stderr.write(`${table}: ${copied}/${of}\n`),
      });
      for (const { table, rows } of tables) console.log(`${table.padEnd(22)}${String(rows).padStart(10)}`);
      console.log(
        wasDone
          ? "以前已经搬完，这次什么也没动。"
          : `搬完了，${tables.length} 张表逐表核对一致。接下来：DATABASE_URL 改成目标库再启动；DATA_DIR 里的图片文件还用原来的目录。`,
      );
    } finally {
      await pool.end();
    }
  } finally {
    source.close();
  }
});
