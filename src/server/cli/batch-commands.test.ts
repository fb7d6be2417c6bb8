import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

const LIMIT_MS = 60_000;
const LINES = 1000;
const answerSchema = z.record(z.string(), z.unknown());
type Answer = z.infer<typeof answerSchema>;
/** A line and the id that its answer must carry; an empty line has no answer. */
type Line = { text: string | Buffer; id: string | number | null; outcome: "good" | "bad" | "none" };

const dir = mkdtempSync(join(tmpdir(), "batch-commands-"));
afterAll(() => rmSync(dir, { recursive: true }));

const scriptOf = (command: string) => fileURLToPath(new URL(`./${command}.ts`, import.meta.url));
const run = (command: string, args: readonly string[], cwd = process.cwd()) =>
  spawnSync(process.execPath, [scriptOf(command), ...args], {
    cwd,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
const answersOf = (stdout: string): Answer[] => {
  expect(stdout.endsWith("\n")).toBe(true);
  return stdout
    .slice(0, -1)
    .split("\n")
    .map((line) => answerSchema.parse(JSON.parse(line)));
};

const bad = (text: string | Buffer, id: Line["id"] = null): Line => ({ text, id, outcome: "bad" });
const good = (id: string | number, fields: Record<string, unknown>): Line => ({
  text: JSON.stringify({ id, ...fields }),
  id,
  outcome: "good",
});

/** Wrong whatever the command, around the fields that would have been right. */
function brokenLines(fields: Record<string, unknown>): Line[] {
  const rest = JSON.stringify(fields).slice(1);
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  return [
    bad("nonsense"),
    bad(`{"id":"cut",${rest.slice(0, -2)}`),
    bad(`{'id':'quotes',${rest}`),
    bad(`{"id":"twice",${rest}{"id":"twice",${rest}`),
    bad(`{"id":NaN,${rest}`),
    bad(`{${rest}`),
    bad(`{"id":null,${rest}`),
    bad(`{"id":true,${rest}`),
    bad(`{"id":{"a":1},${rest}`),
    bad(`{"id":["a"],${rest}`),
    bad(`{"id":1e400,${rest}`),
    bad(`{"id":1234567890123456789,${rest}`),
    bad("null"),
    bad("7"),
    bad('"text"'),
    bad("[]"),
    bad(`[{"id":"listed",${rest}]`),
    bad("{}"),
    bad(`{"id":"null byte\u0000",${rest}`),
    bad(Buffer.from(`{"id":"utf-16",${rest}`, "utf16le")),
    bad(Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), Buffer.from(`{"id":"bytes",${rest}`)])),
    bad("x".repeat(1024 * 1024)),
    bad("[".repeat(200_000)),
    bad(nested(200_000)),
    bad(
      `{"id":"a field of its own","text":${nested(50_000)},"items":${nested(50_000)}}`,
      "a field of its own",
    ),
  ];
}

const blank = ["", " ", "\t", "\r", "\uFEFF"].map((text): Line => ({ text, id: null, outcome: "none" }));

/** A thousand lines, fifty of them wrong in turn by every way given, a few of them blank, first to last all odd. */
function aBatch(wrong: readonly Line[], rightAt: (index: number) => Line): Line[] {
  return Array.from({ length: LINES }, (_line, index) => {
    if (index % 20 === 7) return wrong[Math.floor(index / 20) % wrong.length] ?? rightAt(index);
    if (index % 100 === 50) return blank[Math.floor(index / 100) % blank.length] ?? rightAt(index);
    return rightAt(index);
  });
}

function writeBatch(name: string, lines: readonly Line[]): string {
  const file = join(dir, name);
  // A file from Windows: a byte-order mark first, both kinds of line end, none after the last line.
  const parts = lines.flatMap(({ text }, index) => [
    Buffer.from(index === 0 ? "\uFEFF" : index % 3 === 0 ? "\r\n" : "\n"),
    Buffer.from(text),
  ]);
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

function expectAnswers(answers: readonly Answer[], lines: readonly Line[]): void {
  const answered = lines.filter(({ outcome }) => outcome !== "none");
  expect(answers.map(({ id }) => id)).toEqual(answered.map(({ id }) => id));
  expect(answers.map((answer) => ("error" in answer ? "bad" : "good"))).toEqual(
    answered.map(({ outcome }) => outcome),
  );
  const refusals = answers.filter((answer) => "error" in answer);
  expect(refusals.map((answer) => Object.keys(answer))).toEqual(refusals.map(() => ["id", "error"]));
  expect(
    refusals.filter(({ error }) => typeof error !== "string" || error === "" || /\n|\bat .*:\d+/.test(error)),
  ).toEqual([]);
}

const idAt = (index: number) =>
  [`line ${index}`, index, -index - 0.5, "same", "标识 🔴", ""][index % 6] ?? index;

describe("understand, of a file of a thousand lines", () => {
  const asked = { text: "帮我抠图换白底" };
  const wrong = [
    ...brokenLines(asked),
    bad('{"id":"no text"}', "no text"),
    bad('{"id":"a number","text":7}', "a number"),
    bad('{"id":8,"text":null}', 8),
    bad('{"id":"picture","text":"抠图","has_image":"yes"}', "picture"),
    bad('{"id":"context","text":"抠图","context":[]}', "context"),
    bad('{"id":"order","text":"抠图","context":{"open_orders":[{"ref":1}]}}', "order"),
  ];
  const texts = [
    "帮我抠图换白底",
    "你好",
    "做个公章",
    "转人工",
    "",
    "a\u2028b\u2029c",
    "两\n行",
    "\u0000",
    "\ud800",
  ];
  const lines = aBatch(wrong, (index) => {
    if (index === 500) return good("long", { text: "抠图，".repeat(120_000) });
    // Line separators stand as they are: JSON.stringify does not escape them.
    return good(idAt(index), { text: texts[index % texts.length], has_image: index % 2 === 0 });
  });

  it(
    "answers each line in its place and goes on after a bad one",
    () => {
      const { status, stdout, stderr } = run("understand", [writeBatch("understand.jsonl", lines)]);

      expect([status, stderr]).toEqual([0, ""]);
      const answers = answersOf(stdout);
      expectAnswers(answers, lines);
      expect(answers).toHaveLength(LINES - lines.filter(({ outcome }) => outcome === "none").length);
      expect(lines.filter(({ outcome }) => outcome === "bad")).toHaveLength(50);
      const fields = new Set(
        answers.filter((answer) => !("error" in answer)).map((answer) => Object.keys(answer).join()),
      );
      expect([...fields]).toEqual(["id,intent,services,risk,reasons"]);
    },
    LIMIT_MS,
  );
});

describe("price, of a file of a thousand lines", () => {
  const line = { service: "cutout", pictures: 1, chars_lower: 0, chars_upper: 0 };
  const asked = { urgent: false, items: [line] };
  const wrongItem = (id: string, item: Record<string, unknown>) =>
    bad(JSON.stringify({ id, urgent: false, items: [{ ...line, ...item }] }), id);
  const wrong = [
    ...brokenLines(asked),
    bad(JSON.stringify({ id: "no urgency", items: [line] }), "no urgency"),
    bad(JSON.stringify({ ...asked, id: 0, urgent: "no" }), 0),
    bad(JSON.stringify({ ...asked, id: "no items", items: [] }), "no items"),
    bad(JSON.stringify({ ...asked, id: "an object", items: line }), "an object"),
    bad(JSON.stringify({ ...asked, id: "unknown key", discount: 1 }), "unknown key"),
    wrongItem("no pictures", { pictures: 0 }),
    wrongItem("half a picture", { pictures: 1.5 }),
    wrongItem("too many", { pictures: 1e9 }),
    wrongItem("a text", { pictures: "2" }),
    wrongItem("unknown service", { service: "paint" }),
    wrongItem("bounds", { chars_lower: 2, chars_upper: 1 }),
    wrongItem("below nothing", { chars_lower: -1 }),
    wrongItem("ocr", { ocr: "fine" }),
  ];
  const lines = aBatch(wrong, (index) =>
    good(idAt(index), { ...asked, items: [{ ...line, pictures: (index % 9) + 1 }] }),
  );

  it(
    "prices each line in its place and goes on after a bad one",
    () => {
      const { status, stdout, stderr } = run("price", [writeBatch("price.jsonl", lines)]);

      expect([status, stderr]).toEqual([0, ""]);
      const answers = answersOf(stdout);
      expectAnswers(answers, lines);
      expect(lines.filter(({ outcome }) => outcome === "bad")).toHaveLength(50);
      const answered = [...lines.entries()].filter(([, { outcome }]) => outcome !== "none");
      const wanted = answered.map(([index, { outcome }]) =>
        outcome === "bad" ? undefined : 2000 + 1000 * (index % 9),
      );
      expect(answers.map(({ total_fen }) => total_fen)).toEqual(wanted);
    },
    LIMIT_MS,
  );
});

const ODD_NAMES = [
  "-h",
  "--help",
  "--gallery",
  "-dash.png",
  "new\nline.png",
  "\"double\" and 'single'.png",
  "空 格🔴.png",
  "$(date) `date` %s *.png",
  "back\\slash.png",
];
const UNREADABLE = [
  "missing.png",
  "folder.png",
  "dangling.png",
  "words.png",
  "empty.png",
  "cut.png",
  "folder.png/x.png",
  "",
];

describe("a thousand pictures", () => {
  beforeAll(async () => {
    const picture = (background: string) =>
      sharp({ create: { width: 64, height: 64, channels: 3, background } });
    const blankPicture = await picture("#ffffff").png().toBuffer();
    for (const name of ["blank.png", ...ODD_NAMES]) writeFileSync(join(dir, name), blankPicture);
    writeFileSync(join(dir, "red.jpg"), await picture("#cc3333").jpeg().toBuffer());
    writeFileSync(join(dir, "words.png"), "these are words");
    writeFileSync(join(dir, "empty.png"), "");
    writeFileSync(join(dir, "cut.png"), blankPicture.subarray(0, blankPicture.length / 2));
    symlinkSync("nowhere.png", join(dir, "dangling.png"));
    mkdirSync(join(dir, "folder.png"));
    mkdirSync(join(dir, "shop"));
    writeFileSync(join(dir, "shop", "白图_纯色.png"), blankPicture);
  });

  /** Every n-th path is a picture, the others are not; a few pictures come again and again. */
  const pathsWithPictureEach = (every: number): string[] => {
    const pictures = [...ODD_NAMES, "blank.png", "red.jpg", "./blank.png"];
    return Array.from({ length: LINES }, (_path, index) => {
      const names = index % every === 0 ? pictures : UNREADABLE;
      return names[Math.floor(index / every) % names.length] ?? "";
    });
  };

  it.each([
    ["picture", [], 2, { accepted: true, width: 64, height: 64 }],
    ["ocr", [], 16, { verdict: "no", chars_lower: 0, chars_upper: 0, boxes: [] }],
    [
      "gallery",
      ["query", "--gallery", "shop"],
      4,
      { matches: [expect.objectContaining({ file: "白图_纯色.png" })] },
    ],
  ])(
    "are answered by %s each in its place, whatever their names, and those that are none with the reason",
    (command, before, every, found) => {
      const paths = pathsWithPictureEach(every);

      const { status, stdout, stderr } = run(command, [...before, "--", ...paths], dir);

      expect([status, stderr]).toEqual([0, ""]);
      const answers = answersOf(stdout);
      expect(answers.map(({ path }) => path)).toEqual(paths);
      for (const [index, answer] of answers.entries()) {
        if (index % every === 0) {
          expect(answer).toMatchObject(found);
          continue;
        }
        const { path: _path, ...refusal } = answer;
        const reason = String(refusal.reason ?? refusal.error);
        expect(reason).toMatch(/^[^\n]+$/);
        expect(reason).not.toMatch(/\bat .*:\d+/);
        expect(refusal).toEqual(
          command === "picture"
            ? { accepted: false, reason, width: null, height: null, format: null }
            : { error: reason },
        );
      }
    },
    LIMIT_MS,
  );
});

it(
  "a reader slower than the command gets every line",
  async () => {
    const line = good("a", {
      urgent: false,
      items: [{ service: "cutout", pictures: 1, chars_lower: 0, chars_upper: 0 }],
    });
    const file = writeBatch("slow.jsonl", Array(LINES).fill(line));
    const command = spawn(process.execPath, [scriptOf("price"), file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let read = "";
    for await (const chunk of command.stdout.setEncoding("utf8")) {
      read += chunk;
      await setTimeout(60);
    }

    expect(answersOf(read)).toHaveLength(LINES);
  },
  LIMIT_MS,
);

describe("a reader who goes after the first line", () => {
  const price = good("a", {
    urgent: false,
    items: [{ service: "cutout", pictures: 1, chars_lower: 0, chars_upper: 0 }],
  });

  it.each([
    ["understand", () => [writeBatch("many-texts.jsonl", Array(LINES).fill(good("a", { text: "抠图" })))]],
    ["price", () => [writeBatch("many-prices.jsonl", Array(LINES).fill(price))]],
    ["picture", () => Array<string>(LINES).fill(join(dir, "blank.png"))],
    ["ocr", () => Array<string>(LINES).fill(join(dir, "blank.png"))],
    [
      "gallery",
      () => ["query", "--gallery", join(dir, "shop"), ...Array<string>(LINES).fill(join(dir, "blank.png"))],
    ],
  ] as [string, () => string[]][])(
    "ends %s quietly",
    (command, argumentsOf) => {
      const pipe = '"$0" "$@" | head -n 1; exit "$PIPESTATUS"';

      const { status, stdout, stderr } = spawnSync(
        "bash",
        ["-c", pipe, process.execPath, scriptOf(command), ...argumentsOf()],
        { encoding: "utf8" },
      );

      expect([status, stderr]).toEqual([0, ""]);
      expect(answersOf(stdout)).toHaveLength(1);
    },
    LIMIT_MS,
  );
});
