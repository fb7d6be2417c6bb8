import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "sandbox/**/*.test.ts", "scripts/**/*.test.ts", "evals/**/*.test.ts"],
          // These need a PostgreSQL: `npm run test:pg`.
          exclude: ["src/**/*.pg.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "evals",
          include: ["evals/**/*.eval.ts"],
          setupFiles: ["@mastra/evals/vitest/setup"],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
