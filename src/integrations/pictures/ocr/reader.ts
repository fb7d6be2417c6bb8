import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { errorText } from "../../../domain/errors.ts";
import type { Log } from "../../../domain/log.ts";
import { failedEvidence, judgeEvidence, type TextEvidence } from "../../../domain/orders/evidence.ts";
import type { TextReader } from "../../../domain/pictures/ports.ts";
import { startWorker, type Worker, WorkerUnavailableError } from "./worker-process.ts";

const ENGINE = "pp-ocr";
/** Of the engine and its models, as installed. */
const VERSION = "v4 (ocr-node 1.4.8, ocr-models 1.4.2)";
const WORKER_PATH = fileURLToPath(new URL("./worker.ts", import.meta.url));
const RELOAD_AFTER_MS = 60_000;

/**
 * Reads text in a process of its own: OCR takes up to 1.2 GB and may crash, and neither is the chat's concern.
 * The process starts with the first picture and stops when idle; a picture that hangs or kills it costs that
 * picture only.
 *
 * @param maxQueue - pictures that may wait; one more is answered with failed evidence at once
 */
export function createTextReader({
  log,
  idleMs,
  timeoutMs = 30_000,
  maxQueue = 50,
  workerPath = WORKER_PATH,
}: {
  log: Log;
  idleMs: number;
  timeoutMs?: number;
  maxQueue?: number;
  workerPath?: string;
}): TextReader {
  let worker: Worker | null = null;
  let idleTimer: NodeJS.Timeout | undefined;
  let pending = 0;
  let lastRead: Promise<unknown> = Promise.resolve();
  let unavailableSince: number | null = null;
  let isClosed = false;

  return {
    async read(bytes) {
      const source = { id: evidenceId(bytes), engine: ENGINE, version: VERSION };
      if (isClosed || isUnavailable()) return failedEvidence(source);
      if (pending >= maxQueue) {
        log.warn("ocr.queue-full", { pending });
        return failedEvidence(source);
      }
      pending += 1;
      clearTimeout(idleTimer);
      const reading = lastRead.then(() => readOne(bytes, source));
      lastRead = reading;
      const evidence = await reading;
      pending -= 1;
      if (pending === 0 && !isClosed) idleTimer = setTimeout(stop, idleMs);
      return evidence;
    },

    async close() {
      isClosed = true;
      clearTimeout(idleTimer);
      stop();
      await lastRead;
    },
  };

  /** Never throws: whatever happens is evidence. */
  async function readOne(
    bytes: Uint8Array,
    source: Parameters<typeof failedEvidence>[0],
  ): Promise<TextEvidence> {
    if (isClosed || isUnavailable()) return failedEvidence(source);
    try {
      worker ??= startWorker(workerPath);
      const { boxes, pictureArea } = await worker.read(bytes, timeoutMs);
      unavailableSince = null;
      return judgeEvidence(boxes, { ...source, pictureArea });
    } catch (error) {
      noteFailure(error);
      return failedEvidence(source);
    }
  }

  function noteFailure(error: unknown): void {
    if (worker !== null && !worker.isRunning()) worker = null;
    if (isClosed) return;
    if (!(error instanceof WorkerUnavailableError)) {
      log.warn("ocr.failed", { reason: errorText(error) });
      return;
    }
    // Said once, not with every picture.
    if (unavailableSince === null) log.error("ocr.unavailable", { reason: errorText(error) });
    unavailableSince = performance.now();
    stop();
  }

  /** An engine that would not load is tried again, but not with every picture. */
  function isUnavailable(): boolean {
    return unavailableSince !== null && performance.now() - unavailableSince < RELOAD_AFTER_MS;
  }

  function stop(): void {
    worker?.stop();
    worker = null;
  }
}

/** The same picture read by the same engine is the same evidence. */
function evidenceId(bytes: Uint8Array): string {
  const hash = createHash("sha256").update(bytes).update(ENGINE).update(VERSION).digest("hex");
  return `text-${hash.slice(0, 32)}`;
}
