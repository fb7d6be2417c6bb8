import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

const run = (command: string, args: string[], input = "") =>
  spawnSync(process.execPath, [`src/server/cli/${command}.ts`, ...args], {
    encoding: "utf8",
    input,
  });

const COMMANDS = [
  "understand",
  "price",
  "ocr",
  "picture",
  "gallery",
  "files",
  "tasks",
  "orders",
  "customers",
  "backup",
  "handoffs",
  "bridge",
  "prompts",
  "migrate-to-postgres",
];

describe("every command", () => {
  it.each(COMMANDS)("%s says how it is used, and refuses an option that it does not know", (command) => {
    const help = run(command, ["--help"]);
    const unknown = run(command, ["--bogus"]);

    expect([help.status, help.stdout]).toEqual([0, expect.stringContaining("用法")]);
    expect([unknown.status, unknown.stdout]).toEqual([1, ""]);
    expect(unknown.stderr).toContain("--bogus");
    expect(unknown.stderr).toContain("用法");
  });

  it("takes --name=value, and refuses an option without its value", () => {
    const equals = run("price", ["--pricing=nope.yaml"]);
    const without = run("price", ["--pricing"]);

    expect([equals.status, equals.stderr]).toEqual([1, expect.stringContaining("nope.yaml")]);
    expect([without.status, without.stderr]).toEqual([1, expect.stringContaining("--pricing")]);
  });

  it("keeps the order and the ids of the lines it is given, whatever is in them", () => {
    const { status, stdout } = run(
      "understand",
      [],
      '{"id":1,"text":"你好"}\nnonsense\n{"id":"c","text":"转人工"}\n',
    );

    expect(status).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { id: 1, intent: "greeting" },
      { id: null, error: "not valid JSON" },
      { id: "c", intent: "handoff" },
    ]);
  });
});
