import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Log, silentLog } from "../../../domain/log.ts";
import type { TextReader } from "../../../domain/pictures/ports.ts";
import { createTextReader } from "./reader.ts";

const readers: TextReader[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.close()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

type Options = { idleMs?: number; timeoutMs?: number; maxQueue?: number; workerPath?: string; log?: Log };

function open(options: Options): TextReader {
  const reader = createTextReader({ log: silentLog, idleMs: 60_000, ...options });
  readers.push(reader);
  return reader;
}

/** A worker that notes each start in a file and then runs the given code for a message {id, bytes}. */
async function workerThat(code: string): Promise<{ workerPath: string; starts: () => Promise<number> }> {
  const folder = await mkdtemp(join(tmpdir(), "worker-"));
  folders.push(folder);
  const workerPath = join(folder, "worker.mjs");
  const noted = join(folder, "starts");
  await writeFile(noted, "");
  await writeFile(
    workerPath,
    `import { appendFileSync } from "node:fs";
     appendFileSync(${JSON.stringify(noted)}, "x");
     const read = (id, text) => process.send({ status: "read", id, pictureArea: 100,
       boxes: [{ points: [[0, 0], [5, 0], [5, 5], [0, 5]], text, score: 0.99 }] });
     process.on("message", ({ id, bytes }) => { ${code} });`,
  );
  return { workerPath, starts: async () => (await readFile(noted, "utf8")).length };
}

const picture = (first: number) => new Uint8Array([first]);

describe("the text reader", () => {
  it("starts one process at the first picture and keeps it for the next", async () => {
    const { workerPath, starts } = await workerThat(`read(id, "text" + bytes[0]);`);
    const reader = open({ workerPath });
    expect(await starts()).toBe(0);

    const [one, two] = await Promise.all([reader.read(picture(1)), reader.read(picture(2))]);

    expect(one).toMatchObject({ verdict: "yes", chars_lower: 5, failed: false, area_share: 0.25 });
    expect(two.boxes[0]?.text).toBe("text2");
    expect(one.id).not.toBe(two.id);
    expect(await starts()).toBe(1);
  });

  it("gives a process one picture at a time", async () => {
    const { workerPath } = await workerThat(`
      globalThis.busy = (globalThis.busy ?? 0) + 1;
      const seen = globalThis.busy;
      setTimeout(() => { globalThis.busy -= 1; read(id, "busy" + seen); }, 20);`);
    const reader = open({ workerPath });

    const all = await Promise.all([1, 2, 3].map((first) => reader.read(picture(first))));

    expect(all.map((it) => it.boxes[0]?.text)).toEqual(["busy1", "busy1", "busy1"]);
  });

  it("answers unsure when a picture kills the process, and reads the next in a new one", async () => {
    const { workerPath, starts } = await workerThat(
      `if (bytes[0] === 1) process.exit(9); else read(id, "fine");`,
    );
    const reader = open({ workerPath });

    const all = await Promise.all([reader.read(picture(1)), reader.read(picture(2))]);

    expect(all.map((it) => [it.verdict, it.failed])).toEqual([
      ["unsure", true],
      ["yes", false],
    ]);
    expect(await starts()).toBe(2);
  });

  it("answers unsure when a picture hangs, and reads the next in a new process", async () => {
    const { workerPath, starts } = await workerThat(`if (bytes[0] !== 1) read(id, "fine");`);
    const reader = open({ workerPath, timeoutMs: 1_500 });

    const all = await Promise.all([reader.read(picture(1)), reader.read(picture(2))]);

    expect(all.map((it) => it.failed)).toEqual([true, false]);
    expect(await starts()).toBe(2);
  });

  it("keeps the process when it only says that it could not read a picture", async () => {
    const { workerPath, starts } = await workerThat(
      `if (bytes[0] === 1) process.send({ status: "failed", id, reason: "odd" }); else read(id, "fine");`,
    );
    const reader = open({ workerPath });

    const all = await Promise.all([reader.read(picture(1)), reader.read(picture(2))]);

    expect(all.map((it) => it.failed)).toEqual([true, false]);
    expect(await starts()).toBe(1);
  });

  it("answers unsure when the worker answers nonsense", async () => {
    const { workerPath } = await workerThat(`process.send({ status: "read", id, boxes: "many" });`);

    expect(await open({ workerPath }).read(picture(1))).toMatchObject({ failed: true, verdict: "unsure" });
  });

  it("answers unsure at once when the queue is full", async () => {
    const { workerPath } = await workerThat(`setTimeout(() => read(id, "fine"), 50);`);
    const reader = open({ workerPath, maxQueue: 2 });

    const all = await Promise.all([1, 2, 3].map((first) => reader.read(picture(first))));

    expect(all.map((it) => it.failed)).toEqual([false, false, true]);
  });

  it("stops the idle process and starts another when needed", async () => {
    const { workerPath, starts } = await workerThat(`read(id, String(process.pid));`);
    const reader = open({ workerPath, idleMs: 10 });

    const first = await reader.read(picture(1));
    await vi.waitFor(() => expect(isAlive(Number(first.boxes[0]?.text))).toBe(false), { timeout: 5_000 });
    const second = await reader.read(picture(2));

    expect(second.failed).toBe(false);
    expect(await starts()).toBe(2);
  });

  it.each([["cannot be loaded", `process.send({ status: "unavailable", reason: "no module" });`]])(
    "logs one line and answers unsure without another try when the engine %s",
    async (_, code) => {
      const { workerPath, starts } = await workerThat(code);
      const errors: string[] = [];
      const log = { ...silentLog, error: (event: string) => void errors.push(event) };
      const reader = open({ workerPath, log });

      const all = await Promise.all([1, 2, 3].map((first) => reader.read(picture(first))));

      expect(all.map((it) => it.verdict)).toEqual(["unsure", "unsure", "unsure"]);
      expect(errors).toEqual(["ocr.unavailable"]);
      expect(await starts()).toBe(1);
    },
  );

  it("answers unsure when the worker's program is not there", async () => {
    expect(await open({ workerPath: "/no/such/worker.ts" }).read(picture(1))).toMatchObject({ failed: true });
  });

  it("answers what is still waiting when closed, and everything after", async () => {
    const { workerPath } = await workerThat("");
    const reader = open({ workerPath });
    const waiting = [reader.read(picture(1)), reader.read(picture(2))];

    await reader.close();

    expect((await Promise.all(waiting)).every((it) => it.failed)).toBe(true);
    expect((await reader.read(picture(3))).failed).toBe(true);
  });
});

describe("the text reader with the real engine", () => {
  it("reads rendered text and finds none on a plain picture", async () => {
    const reader = open({});
    const text = await sharp({ text: { text: "ORDER 20417", dpi: 220, rgba: false } })
      .negate()
      .png()
      .toBuffer();
    const written = await sharp(text)
      .extend({ top: 60, bottom: 60, left: 60, right: 60, background: "#ffffff" })
      .png()
      .toBuffer();
    const { width, height } = await sharp(written).metadata();
    const plain = await sharp({ create: { width: 320, height: 240, channels: 3, background: "#88aacc" } })
      .png()
      .toBuffer();

    const read = await reader.read(written);
    const none = await reader.read(plain);

    expect(read).toMatchObject({ verdict: "yes", chars_lower: 10, chars_upper: 10, failed: false });
    expect(read.boxes.map((box) => box.text.replaceAll(" ", "")).join("")).toBe("ORDER20417");
    for (const [x, y] of read.boxes.flatMap((box) => box.points)) {
      expect(x).toBeGreaterThan(20);
      expect(x).toBeLessThan(width - 20);
      expect(y).toBeGreaterThan(20);
      expect(y).toBeLessThan(height - 20);
    }
    expect(none).toMatchObject({ verdict: "no", boxes: [], failed: false });
    expect((await reader.read(picture(1))).failed).toBe(true);
  }, 60_000);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
