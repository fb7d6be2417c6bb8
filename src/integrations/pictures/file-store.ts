import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../../domain/errors.ts";
import type { FileStore } from "../../domain/pictures/ports.ts";

const FILE_ID = /^[0-9a-f]{64}$/;

/**
 * Keeps bytes under dir/<first two of the id>/<id>.
 *
 * @throws AppError("file-corrupt") from get when the stored bytes are no longer those of the id
 */
export function createLocalFileStore(dir: string): FileStore {
  return {
    async put(bytes) {
      const id = hashOf(bytes);
      const path = pathOf(id);
      if (!(await isStored(path, bytes.byteLength))) {
        await mkdir(dirname(path), { recursive: true });
        await writeDurably(path, bytes);
      }
      // Also when the file was there: another process may have renamed it a moment ago and died.
      await syncFolder(dirname(path));
      await syncFolder(dir);
      return id;
    },

    async get(id) {
      if (!FILE_ID.test(id)) return null;
      const bytes = await readIfPresent(pathOf(id));
      if (bytes === null) return null;
      if (hashOf(bytes) !== id) throw new AppError("file-corrupt", `the bytes of file ${id} have changed`);
      return bytes;
    },
  };

  function pathOf(id: string): string {
    return join(dir, id.slice(0, 2), id);
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A reader sees the whole file or none: the name appears only after the bytes are on the disk. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, "wx", 0o640);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file of another length is damage from outside: put writes it anew. */
async function isStored(path: string, size: number): Promise<boolean> {
  const handle = await open(path, "r").catch(nullWhenAbsent);
  if (handle === null) return false;
  try {
    return (await handle.stat()).size === size;
  } finally {
    await handle.close();
  }
}

async function readIfPresent(path: string): Promise<Uint8Array | null> {
  return await readFile(path).catch(nullWhenAbsent);
}

function nullWhenAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
