import { randomUUID } from "node:crypto";
import type { Dirent } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../../domain/errors.ts";
import type { ListableFileStore } from "../../domain/pictures/ports.ts";
import { checkFile, fileIdOf, filePathOf, isFileId, PROBE } from "./file-id.ts";

/** Keeps bytes under dir/<first two of the id>/<id>. */
export function createLocalFileStore(dir: string): ListableFileStore {
  return {
    put: (bytes) => orUnavailable(() => keep(bytes)),

    async get(id) {
      if (!isFileId(id)) return null;
      const bytes = await orUnavailable(() => readFile(pathOf(id)).catch(nullWhenAbsent));
      return bytes === null ? null : checkFile(id, bytes);
    },

    check: () => orUnavailable(() => write(fileIdOf(PROBE), PROBE)),

    async *list() {
      for (const { name, parentPath } of await orUnavailable(() => filesIn(dir))) {
        const size = isFileId(name) ? await orUnavailable(() => sizeOf(join(parentPath, name))) : null;
        if (size !== null) yield { id: name, size };
      }
    },
  };

  async function keep(bytes: Uint8Array): Promise<string> {
    const id = fileIdOf(bytes);
    // A file of another length is damage from outside: it is written anew.
    if ((await sizeOf(pathOf(id))) !== bytes.byteLength) await write(id, bytes);
    // Also when the file was there: another process may have renamed it a moment ago and died.
    else await syncNames(id);
    return id;
  }

  async function write(id: string, bytes: Uint8Array): Promise<void> {
    await mkdir(dirname(pathOf(id)), { recursive: true });
    await writeDurably(pathOf(id), bytes);
    await syncNames(id);
  }

  async function syncNames(id: string): Promise<void> {
    await syncFolder(dirname(pathOf(id)));
    await syncFolder(dir);
  }

  function pathOf(id: string): string {
    return join(dir, filePathOf(id));
  }
}

/** The disk's own errors name paths of ours and numbers of the system; callers want to know one thing. */
async function orUnavailable<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new AppError("files-unavailable", `the files' folder cannot be used: ${code}`, { cause: error });
  }
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

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(nullWhenAbsent))?.size ?? null;
}

async function filesIn(dir: string): Promise<Dirent[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(nullWhenAbsent);
  return (entries ?? []).filter((entry) => entry.isFile());
}

function nullWhenAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
