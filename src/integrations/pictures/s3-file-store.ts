import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { AppError } from "../../domain/errors.ts";
import type { ListableFileStore } from "../../domain/pictures/ports.ts";
import { checkFile, fileIdOf, filePathOf, isFileId, PROBE } from "./file-id.ts";

export type S3Place = {
  bucket: string;
  /** Before every key, ending in "/"; "" for none. */
  prefix: string;
  /** Undefined: Amazon's own, by the region. */
  endpoint: string | undefined;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Where the bucket's name stands: in the path, or before the endpoint's host. Each has stores that refuse it. */
  addressing: "path" | "virtual";
};

/** idleMs: nothing moves on the connection. callMs: a whole call, with all its tries. checkMs: the same for a check. */
export type S3Patience = { connectMs: number; idleMs: number; callMs: number; checkMs: number };

const PATIENCE: S3Patience = { connectMs: 3_000, idleMs: 10_000, callMs: 120_000, checkMs: 5_000 };
/** Of one request; the library waits between them, longer when the store says that it is too busy. */
const MOST_TRIES = 3;
/** The library tries requests again, not answers that break off in their middle. */
const MOST_READS = 2;
/** A code of the store may go into a message; its words may repeat the key or what was signed. */
const TELLING_CODE = /^[A-Za-z0-9_.]{1,64}$/;

const quiet = () => {};

/**
 * Keeps bytes in an S3-compatible store under <prefix><first two of the id>/<id>. One PutObject per file: the store
 * takes it whole or not at all, and nothing has to be cleared away after a killed process.
 */
export function createS3FileStore(place: S3Place, patience: S3Patience = PATIENCE): ListableFileStore {
  const { bucket: Bucket, prefix } = place;
  const client = openClient(place, patience);

  return {
    put: (bytes) =>
      orUnavailable(async () => {
        const id = fileIdOf(bytes);
        if (!(await isStored(id, bytes.byteLength))) await write(id, bytes, patience.callMs);
        return id;
      }),

    async get(id) {
      if (!isFileId(id)) return null;
      const bytes = await orUnavailable(() => read(id));
      return bytes === null ? null : checkFile(id, bytes);
    },

    check: () => orUnavailable(() => write(fileIdOf(PROBE), PROBE, patience.checkMs)),

    async *list() {
      let next: string | undefined;
      do {
        const page = await orUnavailable(() => listFrom(next));
        for (const { Key = "", Size = 0 } of page.Contents ?? []) {
          const id = Key.slice(-64);
          if (isFileId(id) && Key === keyOf(id)) yield { id, size: Size };
        }
        next = page.NextContinuationToken;
      } while (next !== undefined);
    },
  };

  /** True only when it is sure: a key that may not look may still write, and a write tells what is wrong. */
  async function isStored(id: string, size: number): Promise<boolean> {
    try {
      const head = await client.send(
        new HeadObjectCommand({ Bucket, Key: keyOf(id) }),
        within(patience.callMs),
      );
      return head.ContentLength === size;
    } catch (error) {
      if (error instanceof S3ServiceException && [403, 404].includes(statusOf(error) ?? 0)) return false;
      throw error;
    }
  }

  async function write(id: string, bytes: Uint8Array, withinMs: number): Promise<void> {
    await client.send(
      new PutObjectCommand({ Bucket, Key: keyOf(id), Body: bytes, ContentLength: bytes.byteLength }),
      within(withinMs),
    );
  }

  async function read(id: string): Promise<Uint8Array | null> {
    for (let reads = 1; ; reads += 1) {
      const found = await fetchObject(id);
      if (found === null) return null;
      try {
        return await found.transformToByteArray();
      } catch (error) {
        if (reads === MOST_READS) throw error;
      }
    }
  }

  async function fetchObject(id: string) {
    try {
      const { Body } = await client.send(
        new GetObjectCommand({ Bucket, Key: keyOf(id) }),
        within(patience.callMs),
      );
      return Body ?? null;
    } catch (error) {
      // By its code: a bucket that is gone, or a proxy that knows nothing, answers 404 as well.
      if (error instanceof S3ServiceException && error.name === "NoSuchKey") return null;
      throw error;
    }
  }

  function listFrom(ContinuationToken: string | undefined) {
    return client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix: prefix,
        ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      }),
      within(patience.callMs),
    );
  }

  function keyOf(id: string): string {
    return `${prefix}${filePathOf(id)}`;
  }
}

function openClient(place: S3Place, { connectMs, idleMs }: S3Patience): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey, addressing } = place;
  return new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: addressing === "path",
    maxAttempts: MOST_TRIES,
    // Additions to the protocol that other stores than Amazon's refuse. The body is signed by its SHA-256 anyway.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
    requestHandler: { connectionTimeout: connectMs, socketTimeout: idleMs },
    // It would write to the console, and what it writes may hold requests.
    logger: { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}

function within(ms: number): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(ms) };
}

function statusOf(error: S3ServiceException): number | undefined {
  return error.$metadata.httpStatusCode;
}

/** Without a cause: the library's errors carry the request, and the store's answer with the key in it. */
async function orUnavailable<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw new AppError("files-unavailable", `the file store ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof S3ServiceException && statusOf(error) !== undefined)
    return `answered ${statusOf(error)} ${TELLING_CODE.test(error.name) ? error.name : ""}`.trimEnd();
  if (!(error instanceof Error)) return "cannot be reached";
  const reason = "code" in error ? String(error.code) : error.name;
  return `cannot be reached: ${TELLING_CODE.test(reason) ? reason : "unknown"}`;
}
