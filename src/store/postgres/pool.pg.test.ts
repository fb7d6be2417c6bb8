import { afterEach, expect, it, vi } from "vitest";
import { silentLog } from "../../domain/log.ts";
import { aDatabase } from "../../testing/test-database.ts";
import { processName, processTag } from "../process-name.ts";
import { createPool } from "./pool.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

it.each([
  { where: "the URL", inUrl: "?options=-c%20enable_bitmapscan%3Don%20-c%20work_mem%3D7MB", inEnv: "" },
  { where: "PGOPTIONS", inUrl: "", inEnv: "-c enable_bitmapscan=on -c work_mem=7MB" },
])("keeps its own settings beside options in $where", async ({ inUrl, inEnv }) => {
  if (inEnv !== "") vi.stubEnv("PGOPTIONS", inEnv);
  const database = await aDatabase("");
  const pool = createPool(`${database.url}${inUrl}`, {
    max: 1,
    log: silentLog,
    settings: { enable_bitmapscan: "off" },
  });

  const { rows } = await pool.query(
    `select current_setting('enable_bitmapscan') as bitmap, current_setting('work_mem') as memory,
       current_setting('tianwang.process') as process, current_setting('statement_timeout') as longest`,
  );

  expect(rows).toEqual([
    { bitmap: "off", memory: "7MB", process: processTag(processName()), longest: "30s" },
  ]);
  await pool.end();
  await database.drop();
});
