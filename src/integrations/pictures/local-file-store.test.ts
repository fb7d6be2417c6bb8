import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { fileStoreContract, listed } from "../../domain/pictures/file-store.contract.ts";
import { createLocalFileStore } from "./local-file-store.ts";

const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "files-"));
  folders.push(folder);
  return folder;
}

fileStoreContract("the local file store", async () => {
  const root = await emptyFolder();
  const dir = join(root, "files");
  return {
    files: createLocalFileStore(dir),
    another: () => createLocalFileStore(dir),
    damage: (id, bytes) => writeFile(join(dir, id.slice(0, 2), id), bytes),
    async breakDown() {
      await rename(dir, join(root, "elsewhere"));
      await writeFile(dir, "no folder");
    },
    async mend() {
      await rm(dir);
      await rename(join(root, "elsewhere"), dir);
    },
  };
});

describe("the local file store", () => {
  it("makes its own folder and leaves no temporary file behind", async () => {
    const dir = join(await emptyFolder(), "deep", "files");
    const files = createLocalFileStore(dir);

    const ids = await Promise.all([files.put(new Uint8Array([1, 2])), files.put(new Uint8Array([1, 2]))]);

    expect(await readdir(dir)).toEqual([ids[0].slice(0, 2)]);
    expect(await readdir(join(dir, ids[0].slice(0, 2)))).toEqual([ids[0]]);
  });

  it("does not list what is no file of its own", async () => {
    const dir = await emptyFolder();
    const files = createLocalFileStore(dir);
    const id = await files.put(new Uint8Array([1, 2]));
    await writeFile(join(dir, id.slice(0, 2), `${id}.1234.tmp`), "half");
    await writeFile(join(dir, ".DS_Store"), "");

    expect(await listed(files)).toEqual([{ id, size: 2 }]);
  });
});
