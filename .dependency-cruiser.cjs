// The import table of ARCHITECTURE.md, held by a machine. scripts/probe-rules.ts proves that each rule bites.
const mayImport = {
  domain: [],
  store: ["domain"],
  integrations: ["domain"],
  tools: ["domain"],
  workflows: ["tools", "domain"],
  agents: ["workflows", "tools", "domain"],
  conversation: ["agents", "workflows", "domain"],
  channels: ["conversation", "domain"],
};
const TEST_FILES = "(\\.(test|contract)\\.ts$|^src/testing/)";

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(mayImport).map(([room, others]) => ({
      name: `imports-of-${room}`,
      severity: "error",
      from: { path: `^src/${room}/`, pathNot: TEST_FILES },
      to: {
        path: "^(src|evals|console|sandbox|bench)/|^mastra\\.config",
        pathNot: `^src/(${[room, ...others].join("|")})/`,
      },
    })),
    {
      name: "domain-uses-only-zod",
      severity: "error",
      from: { path: "^src/domain/", pathNot: TEST_FILES },
      to: { pathNot: "^src/domain/|^node_modules/zod/" },
    },
    {
      name: "env-is-read-at-the-front-door",
      severity: "error",
      from: { path: "^src/(?!server/|env)", pathNot: TEST_FILES },
      to: { path: "^src/env\\.ts$" },
    },
    {
      name: "console-sees-only-api-types",
      severity: "error",
      from: { path: "^console/" },
      to: { path: "^(src|evals|sandbox|mastra\\.config)", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "sandbox-sees-only-domain-types",
      severity: "error",
      from: { path: "^sandbox/", pathNot: "^sandbox/(demo|crash)/" },
      to: { path: "^(src|evals)/(?!domain/)|^mastra\\.config" },
    },
    {
      name: "no-test-code-in-product",
      severity: "error",
      from: { path: "^(src|mastra\\.config)", pathNot: TEST_FILES },
      to: { path: "^(src/testing/|sandbox/|evals/|bench/|.*\\.(test|contract)\\.ts$)" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
      extensions: [".ts", ".js", ".mjs", ".cjs", ".json"],
    },
  },
};
