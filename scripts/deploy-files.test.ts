import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { envSchema } from "../src/env.ts";

const SETTINGS = Object.keys(envSchema.shape);
/** `stop` of wire.ts and start.ts takes less. */
const STOPS_WITHIN_S = 20;

const compose = parse(readFileSync("deploy/compose.yaml", "utf8"), { merge: true }) as {
  services: Record<string, { environment?: Record<string, string>; stop_grace_period?: string }>;
};
const apps = Object.entries(compose.services).filter(([name]) => name.startsWith("app-"));
const unit = readFileSync("deploy/tianwang-cs.service", "utf8");
const dockerfile = readFileSync("Dockerfile", "utf8");
const { scripts, engines } = JSON.parse(readFileSync("package.json", "utf8")) as {
  scripts: { start: string };
  engines: { node: string };
};

it("set only what the service knows", () => {
  expect(apps).toHaveLength(3);
  for (const [, { environment = {} }] of apps)
    for (const name of Object.keys(environment)) expect(SETTINGS).toContain(name);
  const [, set = ""] = /^Environment=(.*)$/mu.exec(unit) ?? [];
  for (const [, name] of set.matchAll(/(\w+)=/gu)) expect(SETTINGS).toContain(name);
});

it("start it as npm start does", () => {
  const [, command] = /^CMD (\[.*\])$/mu.exec(dockerfile) ?? [];
  expect((JSON.parse(command ?? "[]") as string[]).join(" ")).toBe(scripts.start);
  expect(unit).toContain(`/.bin/${scripts.start}\n`);
  expect(dockerfile).toContain(`FROM node:${engines.node.replace(/\D/gu, "")}-`);
});

it("give it the time it takes to end", () => {
  for (const [, { stop_grace_period }] of apps)
    expect(Number.parseInt(stop_grace_period ?? "0", 10)).toBeGreaterThan(STOPS_WITHIN_S);
  expect(Number(/^TimeoutStopSec=(\d+)$/mu.exec(unit)?.[1])).toBeGreaterThan(STOPS_WITHIN_S);
});

it("let nginx pass on what the service takes, to the processes that there are", () => {
  const nginx = readFileSync("deploy/nginx.conf", "utf8");
  const servers = [...nginx.matchAll(/server ([\w-]+):5678/gu)].map(([, name]) => name);
  expect(servers).toEqual(apps.map(([name]) => name));
  expect(nginx).toContain("client_max_body_size 33m");
});

it("start with every setting that compose and the example leave empty", () => {
  const example = Object.fromEntries(
    readFileSync(".env.example", "utf8")
      .split("\n")
      .filter((line) => /^\w+=/u.test(line))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const empty = Object.keys(apps[0]?.[1].environment ?? {}).filter((name) => name.startsWith("OPENAI_"));
  const { status, stderr } = spawnSync(process.execPath, ["src/server/entry.mjs", "--help"], {
    env: { ...example, ...Object.fromEntries(empty.map((name) => [name, ""])) },
    encoding: "utf8",
  });

  expect(empty).toContain("OPENAI_BASE_URL");
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

it("back records up with a pg_dump that is not older than the server", () => {
  // Debian's own client: 15 in bookworm.
  expect(dockerfile).toMatch(/^FROM .*-bookworm-/mu);
  expect(dockerfile).toContain("postgresql-client");
  expect(readFileSync("deploy/compose.yaml", "utf8")).toContain("image: postgres:15-bookworm");
});
