import { AppError } from "../domain/errors.ts";
import type { ListableFileStore } from "../domain/pictures/ports.ts";

const MOST_AT_ONCE = 8;

export type Copied = {
  found: number;
  /** Were there already, whole. */
  present: number;
  copied: number;
  /** Their bytes are no longer their own: they stay behind, by id. */
  corrupt: string[];
  /** Gone from the source while they were copied. */
  gone: number;
};

/**
 * Copies every file that the target lacks, and then asks the target for all of them. Safe to repeat, also after it was
 * broken off: what is there is passed over.
 *
 * @throws AppError("files-missing") when the target does not list what it has taken
 */
export async function copyFiles(
  from: ListableFileStore,
  to: ListableFileStore,
  tell: (done: number, found: number) => void = () => {},
): Promise<Copied> {
  const sizes = await sizesIn(from);
  const there = await sizesIn(to);
  const result: Copied = { found: sizes.size, present: 0, copied: 0, corrupt: [], gone: 0 };
  const kept: string[] = [];
  const waiting = sizes.entries();
  let done = 0;
  let isBroken = false;

  async function work(): Promise<void> {
    for (const [id, size] of waiting) {
      if (isBroken) return;
      const outcome = there.get(id) === size ? "present" : await copyFile(from, to, id);
      if (outcome === "corrupt") result.corrupt.push(id);
      else result[outcome] += 1;
      if (outcome === "present" || outcome === "copied") kept.push(id);
      done += 1;
      tell(done, sizes.size);
    }
  }

  const workers = Array.from({ length: MOST_AT_ONCE }, () =>
    work().catch((error: unknown) => {
      isBroken = true;
      throw error;
    }),
  );
  // All have ended before the first fault is told.
  await Promise.allSettled(workers);
  await Promise.all(workers);

  const now = await sizesIn(to);
  const missing = kept.filter((id) => now.get(id) !== sizes.get(id));
  if (missing.length > 0)
    throw new AppError("files-missing", `the target does not have ${missing.length} of ${kept.length} files`);
  return result;
}

async function copyFile(
  from: ListableFileStore,
  to: ListableFileStore,
  id: string,
): Promise<"copied" | "corrupt" | "gone"> {
  try {
    const bytes = await from.get(id);
    if (bytes === null) return "gone";
    await to.put(bytes);
    return "copied";
  } catch (error) {
    if (error instanceof AppError && error.code === "file-corrupt") return "corrupt";
    throw error;
  }
}

async function sizesIn(files: ListableFileStore): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { id, size } of files.list()) sizes.set(id, size);
  return sizes;
}
