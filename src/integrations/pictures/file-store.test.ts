import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { fileStoreContract } from "../../domain/pictures/file-store.contract.ts";
import { createLocalFileStore } from "./file-store.ts";

const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "files-"));
  folders.push(folder);
  return folder;
}

fileStoreContract("the local file store", async () => createLocalFileStore(await emptyFolder()));

describe("the local file store", () => {
  it("makes its own folder and leaves no temporary file behind", async () => {
    const dir = join(await emptyFolder(), "deep", "files");
    const files = createLocalFileStore(dir);

    const ids = await Promise.all([files.put(new Uint8Array([1, 2])), files.put(new Uint8Array([1, 2]))]);

    expect(await readdir(dir)).toEqual([ids[0].slice(0, 2)]);
    expect(await readdir(join(dir, ids[0].slice(0, 2)))).toEqual([ids[0]]);
  });

  it("throws file-corrupt when the bytes on the disk have changed", async () => {
    const dir = await emptyFolder();
    const files = createLocalFileStore(dir);
    const id = await files.put(new Uint8Array([1, 2]));
    await writeFile(join(dir, id.slice(0, 2), id), new Uint8Array([3, 4]));

    await expect(files.get(id)).rejects.toMatchObject({ code: "file-corrupt" });
  });

  it("repairs a file that another program cut short when its bytes are put again", async () => {
    const dir = await emptyFolder();
    const files = createLocalFileStore(dir);
    const id = await files.put(new Uint8Array([1, 2, 3]));
    await writeFile(join(dir, id.slice(0, 2), id), new Uint8Array([1]));

    await files.put(new Uint8Array([1, 2, 3]));

    expect([...((await files.get(id)) ?? [])]).toEqual([1, 2, 3]);
  });
});
