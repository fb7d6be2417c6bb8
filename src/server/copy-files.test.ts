import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startS3 } from "../../sandbox/s3.ts";
import { listed } from "../domain/pictures/file-store.contract.ts";
import type { ListableFileStore } from "../domain/pictures/ports.ts";
import { createLocalFileStore } from "../integrations/pictures/local-file-store.ts";
import { createS3FileStore } from "../integrations/pictures/s3-file-store.ts";
import { copyFiles } from "./copy-files.ts";

let dir: string;
let s3: Awaited<ReturnType<typeof startS3>>;
let local: ListableFileStore;
let remote: ListableFileStore;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "copy-"));
  s3 = await startS3();
  local = createLocalFileStore(dir);
  remote = createS3FileStore({ ...s3, endpoint: s3.url, prefix: "", addressing: "path" });
});
afterEach(async () => {
  await s3.close();
  await rm(dir, { recursive: true });
});

async function putAll(count: number): Promise<string[]> {
  return await Promise.all(
    Array.from({ length: count }, (_none, index) => local.put(new Uint8Array(index + 1).fill(index))),
  );
}
const uploads = () => s3.requests.filter((request) => request.method === "PUT").length;

it("copies every file and tells how many", async () => {
  const ids = await putAll(20);
  const told: number[] = [];

  const copied = await copyFiles(local, remote, (done) => told.push(done));

  expect(copied).toEqual({ found: 20, present: 0, copied: 20, corrupt: [], gone: 0 });
  expect(await listed(remote)).toEqual(await listed(local));
  expect(told.at(-1)).toBe(20);
  expect([...((await remote.get(ids[7] ?? "")) ?? [])]).toEqual(Array(8).fill(7));
});

it("goes on where it was broken off, and uploads nothing twice", async () => {
  await putAll(20);
  const broken = copyFiles(local, remote, (done) => {
    if (done === 5) s3.knobs.mood = "forbidden";
  });
  await expect(broken).rejects.toMatchObject({ code: "files-unavailable" });
  const before = s3.objects.size;
  s3.knobs.mood = "well";
  s3.requests.length = 0;

  const copied = await copyFiles(local, remote);

  expect(copied).toMatchObject({ found: 20, present: before, copied: 20 - before });
  expect(before).toBeGreaterThanOrEqual(5);
  expect(before).toBeLessThan(20);
  expect(uploads()).toBe(20 - before);
  expect(await copyFiles(local, remote)).toMatchObject({ present: 20, copied: 0 });
});

it("leaves damaged files behind by name, and replaces what is cut short at the target", async () => {
  const [damaged = "", cut = ""] = await putAll(3);
  await writeFile(join(dir, damaged.slice(0, 2), damaged), "other bytes");
  s3.objects.set(`${cut.slice(0, 2)}/${cut}`, { bytes: new Uint8Array(), at: new Date() });

  expect(await copyFiles(local, remote)).toMatchObject({ copied: 2, corrupt: [damaged] });
  expect(await remote.get(cut)).toHaveLength(2);
});

it("fails when the target does not have what it has taken", async () => {
  await putAll(3);
  const forgetful: ListableFileStore = {
    ...remote,
    async put(bytes) {
      const id = await remote.put(bytes);
      s3.objects.delete(`${id.slice(0, 2)}/${id}`);
      return id;
    },
  };

  await expect(copyFiles(local, forgetful)).rejects.toThrow("does not have 3 of 3 files");
});
