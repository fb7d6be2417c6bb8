import { AppError } from "../errors.ts";

/** How soon what only waits for the files looks again. */
export const FILES_RETRY_MS = 5_000;

/** True for the file store's fault that passes by itself: the work is to be tried again, not given to somebody else. */
export function areFilesAway(error: unknown): boolean {
  return error instanceof AppError && error.code === "files-unavailable";
}
