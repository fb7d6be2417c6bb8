import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

// Proves that every import rule bites: writes one violating file per rule, expects that rule to complain about that
// file, and removes the files. A rule that stays silent fails the check.

type Probe = { what: string; rule: string; file: string; code: string; with?: Record<string, string> };

const value = (path: string) => `import * as probed from "${path}";\nexport const probe = probed;\n`;
const type = (path: string, name: string) =>
  `import type { ${name} } from "${path}";\nexport type Probe = ${name};\n`;

const PROBES: Probe[] = [
  {
    what: "tool → store",
    rule: "imports-of-tools",
    file: "src/tools/zz-probe-store.ts",
    code: value("../store/store.ts"),
  },
  {
    what: "tool → env",
    rule: "env-is-read-at-the-front-door",
    file: "src/tools/zz-probe-env.ts",
    code: value("../env.ts"),
  },
  {
    what: "domain → framework",
    rule: "domain-uses-only-zod",
    file: "src/domain/zz-probe-mastra.ts",
    code: value("@mastra/core/agent"),
  },
  {
    what: "domain → Node",
    rule: "domain-uses-only-zod",
    file: "src/domain/zz-probe-node.ts",
    code: value("node:fs"),
  },
  {
    what: "domain → conversation (type only)",
    rule: "imports-of-domain",
    file: "src/domain/zz-probe-type.ts",
    code: type("../conversation/run-turn.ts", "TurnDeps"),
  },
  {
    what: "store → tool",
    rule: "imports-of-store",
    file: "src/store/zz-probe-tool.ts",
    code: value("../tools/get-case.ts"),
  },
  {
    what: "integration → store",
    rule: "imports-of-integrations",
    file: "src/integrations/zz-probe-store.ts",
    code: value("../store/store.ts"),
  },
  {
    what: "workflow → agent",
    rule: "imports-of-workflows",
    file: "src/workflows/zz-probe-agent.ts",
    code: value("../agents/ladder.ts"),
  },
  {
    what: "agent → conversation",
    rule: "imports-of-agents",
    file: "src/agents/zz-probe-conversation.ts",
    code: value("../conversation/deliver.ts"),
  },
  {
    what: "conversation → server",
    rule: "imports-of-conversation",
    file: "src/conversation/zz-probe-server.ts",
    code: value("../server/auth.ts"),
  },
  {
    what: "channel → agent (type only)",
    rule: "imports-of-channels",
    file: "src/channels/zz-probe-agent.ts",
    code: type("../agents/answer.ts", "AgentAnswer"),
  },
  {
    what: "channel → wiring",
    rule: "imports-of-channels",
    file: "src/channels/zz-probe-config.ts",
    code: value("../../mastra.config.ts"),
  },
  {
    what: "product → test code",
    rule: "no-test-code-in-product",
    file: "src/server/zz-probe-test.ts",
    code: value("../testing/test-store.ts"),
  },
  {
    what: "console → server code",
    rule: "console-sees-only-api-types",
    file: "console/zz-probe-code.ts",
    code: value("../src/server/app.ts"),
  },
  {
    what: "sandbox → store",
    rule: "sandbox-sees-only-domain-types",
    file: "sandbox/zz-probe-store.ts",
    code: value("../src/store/store.ts"),
  },
  {
    what: "a cycle",
    rule: "no-cycles",
    file: "src/server/zz-probe-cycle-a.ts",
    code: value("./zz-probe-cycle-b.ts"),
    with: { "src/server/zz-probe-cycle-b.ts": value("./zz-probe-cycle-a.ts") },
  },
  {
    what: "an unresolvable import",
    rule: "resolvable",
    file: "src/server/zz-probe-nowhere.ts",
    code: value("./nowhere.ts"),
  },
];

type Report = { summary: { violations: { from: string; rule: { name: string } }[] } };

const files = PROBES.flatMap((probe) => Object.entries({ [probe.file]: probe.code, ...probe.with }));
let silent = 0;
try {
  for (const [file, code] of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
  const { violations } = cruise().summary;
  for (const { what, rule, file } of PROBES) {
    const bites = violations.some((violation) => violation.from === file && violation.rule.name === rule);
    if (!bites) silent += 1;
    console.log(`${bites ? "bites " : "SILENT"}  ${rule}: ${what}`);
  }
} finally {
  for (const [file] of files) rmSync(file, { force: true });
  // The console is not built yet: then its folder was the probe's own.
  if (existsSync("console") && readdirSync("console").length === 0) rmdirSync("console");
}
process.exit(silent === 0 ? 0 : 1);

function cruise(): Report {
  const args = ["--config", ".dependency-cruiser.cjs", "--output-type", "json", "src", "console", "sandbox"];
  try {
    return JSON.parse(
      execFileSync("node_modules/.bin/depcruise", args, { encoding: "utf8", maxBuffer: 1e9 }),
    ) as Report;
  } catch (error) {
    // Violations make it end with their number; the report is still on its standard output.
    return JSON.parse((error as { stdout: string }).stdout) as Report;
  }
}
