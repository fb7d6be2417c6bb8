import { createHash } from "node:crypto";
import { AppError } from "../../domain/errors.ts";

const FILE_ID = /^[0-9a-f]{64}$/;

/** What a check writes: a whole block, since a full disk still takes an empty file. */
export const PROBE = new Uint8Array(4_096).fill(0x2e);

export function isFileId(text: string): boolean {
  return FILE_ID.test(text);
}

/** The id of a file is the SHA-256 of its bytes. */
export function fileIdOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Where a file lies, below the folder or the prefix: the same in every place, so that any tool can copy them. */
export function filePathOf(id: string): string {
  return `${id.slice(0, 2)}/${id}`;
}

/** @throws AppError("file-corrupt") when these are not the bytes of the id */
export function checkFile(id: string, bytes: Uint8Array): Uint8Array {
  if (fileIdOf(bytes) !== id) throw new AppError("file-corrupt", `the bytes of file ${id} have changed`);
  return bytes;
}
