import type { TextEvidence } from "../orders/evidence.ts";
import type { Result } from "../result.ts";
import type { PictureFacts, PictureFormat, PictureRefusal } from "./picture.ts";
import type { Operation } from "./plan.ts";

/**
 * Content-addressed bytes: the id of a file is its SHA-256 in hex. A file is whole or not there: put is idempotent, and
 * durable when it returns.
 *
 * Every call throws AppError("files-unavailable") while the place cannot be read or written: try again later.
 */
export type FileStore = {
  put(bytes: Uint8Array): Promise<string>;
  /** null when no such file is stored. Throws AppError("file-corrupt") when its bytes are no longer those of the id. */
  get(id: string): Promise<Uint8Array | null>;
  /** Writes a small file of its own, always the same: throws when files cannot be written. */
  check(): Promise<void>;
};

/** A file store that can say what it keeps, in no order; for moving files from one to another. */
export type ListableFileStore = FileStore & { list(): AsyncIterable<{ id: string; size: number }> };

/** Fetches a picture from a URL that a stranger gave: public addresses only, capped, never following into a private net. */
export type PictureFetcher = {
  fetch(url: string): Promise<Result<Uint8Array, PictureRefusal>>;
};

/** Looks at untrusted picture bytes: sniffs, bounds, orients, strips, measures. */
export type PictureInspector = {
  inspect(
    bytes: Uint8Array,
  ): Promise<Result<{ facts: PictureFacts; clean: Uint8Array; cleanFormat: PictureFormat }, PictureRefusal>>;
};

export type ImageJob = { operations: Operation[]; timeoutMs?: number };
export type ProcessedImage = {
  bytes: Uint8Array;
  format: PictureFormat;
  width: number;
  height: number;
  notes: string[];
};

/** Works on pixels. Throws AppError("operation-failed" | "operation-timeout") when it cannot; never partial output. */
export type ImageEngine = {
  apply(bytes: Uint8Array, job: ImageJob): Promise<ProcessedImage>;
  /** A watermarked, at most 800 px copy to look at. */
  preview(bytes: Uint8Array, label: string): Promise<Uint8Array>;
  /** Checks a result against what was asked: opens, size, not blank, sharpness not worse. Returns the problems, none when good. */
  check(original: Uint8Array, result: ProcessedImage, job: ImageJob): Promise<string[]>;
};

/** Reads text from a picture. Never throws: a failure is evidence with failed=true and verdict "unsure". */
export type TextReader = {
  read(bytes: Uint8Array): Promise<TextEvidence>;
  close(): Promise<void>;
};

export type GalleryMatch = {
  item_id: string;
  title: string;
  file: string;
  score: number;
  band: "same" | "similar" | "none";
};

/** The shop's own pictures, searched by picture and by words. score is 0-1, best first, at most topK. */
export type Gallery = {
  searchByPicture(bytes: Uint8Array, topK: number): Promise<GalleryMatch[]>;
  searchByWords(words: string, topK: number): Promise<GalleryMatch[]>;
  size(): number;
};

/**
 * Works on a picture by words, with a model. Throws AppError("image-model-error" | "image-model-timeout" |
 * "image-model-refused" | "image-model-bad-result"); never partial output.
 */
export type ImageModel = {
  edit(
    picture: Uint8Array,
    job: { instruction: string; timeoutMs: number; width?: number; height?: number },
  ): Promise<Uint8Array>;
};

/** A picture that somebody shows on the web. The addresses are a stranger's: fetch them with the PictureFetcher only. */
export type WebImage = {
  title: string;
  imageUrl: string;
  /** Where it is shown; "" when that is not known. */
  pageUrl: string;
};

/** Pictures on the web for words, best first. Never throws: none when the search is down, slow or answers nonsense (logged). */
export type WebImageSearch = {
  search(words: string, limit: number): Promise<WebImage[]>;
};
