import { readFileSync } from "node:fs";
import { createLogger } from "./src/server/logger.ts";
import { loadEnv } from "./src/server/process-env.ts";
import { projectRoot } from "./src/server/project-root.ts";
import { wire } from "./src/server/wire.ts";

const root = projectRoot();
const env = loadEnv(root);
const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };

// Studio has records of its own under data/studio: trying things out never touches the shop's.
const service = await wire(
  {
    ...env,
    DATA_DIR: `${env.DATA_DIR}/studio`,
    DATABASE_URL: `file:${env.DATA_DIR}/studio/app.db`,
    QINGJIAN_WS_URL: "off",
  },
  { root, version, log: createLogger(env.LOG_LEVEL), ownUrl: () => "http://127.0.0.1:4111" },
);
service.startJobs();

export const mastra = service.mastra;
