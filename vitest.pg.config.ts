import { globSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

// Every test that opens a store runs on PostgreSQL too, and those of PostgreSQL itself run only here.
const OPENS_A_STORE = /testing\/(test-store|test-database|shop|conversation-harness)\.ts"/u;
/** About libSQL's own files. */
const OF_FILES = ["src/server/backup.test.ts"];
const include = globSync("src/**/*.test.ts").filter(
  (file) => !OF_FILES.includes(file) && OPENS_A_STORE.test(readFileSync(file, "utf8")),
);

export default defineConfig({
  test: {
    name: "postgres",
    include,
    env: { TEST_DATABASE_URL: process.env.TEST_DATABASE_URL ?? "" },
    globalSetup: ["src/testing/postgres-setup.ts"],
    // One test lets 500 tries of a job fail, and each is some round trips.
    testTimeout: 300_000,
    hookTimeout: 30_000,
  },
});
