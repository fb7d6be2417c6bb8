import { type ChildProcess, fork } from "node:child_process";
import { AppError } from "../../../domain/errors.ts";
import type { TextEvidence } from "../../../domain/orders/evidence.ts";
import { type ReadRequest, type WorkerAnswer, workerAnswerSchema } from "./worker-messages.ts";

/** The engine itself cannot be loaded here: another process would fail the same way. */
export class WorkerUnavailableError extends AppError {
  constructor(reason: string) {
    super("ocr-unavailable", reason);
  }
}

export type Worker = {
  /** One at a time. Rejects, and the process is gone, when it crashes or takes longer than timeoutMs. */
  read(bytes: Uint8Array, timeoutMs: number): Promise<{ boxes: TextEvidence["boxes"]; pictureArea: number }>;
  isRunning(): boolean;
  stop(): void;
};

export function startWorker(path: string): Worker {
  const child = fork(path, {
    execPath: process.execPath,
    execArgv: [],
    // Advanced: bytes travel as bytes. No environment: OCR has no business with our keys.
    serialization: "advanced",
    env: {},
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  let isGone = false;
  let nextId = 1;
  child.once("exit", () => {
    isGone = true;
  });
  // Without a listener an error (no such program, no memory) would end our own process.
  child.on("error", () => stop());

  return {
    async read(bytes, timeoutMs) {
      const id = nextId;
      nextId += 1;
      const answer = await ask(child, { id, bytes }, timeoutMs).catch((error: unknown) => {
        stop();
        throw error;
      });
      if (answer.status === "unavailable") throw new WorkerUnavailableError(answer.reason);
      if (answer.status === "failed") throw new AppError("ocr-failed", answer.reason);
      return answer;
    },
    isRunning: () => !isGone,
    stop,
  };

  function stop(): void {
    isGone = true;
    child.kill("SIGKILL");
  }
}

async function ask(child: ChildProcess, request: ReadRequest, timeoutMs: number): Promise<WorkerAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<WorkerAnswer>();
  const fail = (reason: string): void => reject(new AppError("ocr-failed", reason));
  const onMessage = (message: unknown): void => {
    const answer = workerAnswerSchema.safeParse(message);
    if (!answer.success) fail("the worker gave an answer that is none");
    else if (answer.data.status === "unavailable" || answer.data.id === request.id) resolve(answer.data);
  };
  const onExit = (code: number | null, signal: string | null): void =>
    fail(`the worker ended (${signal ?? code})`);
  const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
  child.on("message", onMessage).once("exit", onExit);
  child.send(request, (error) => error !== null && fail("the worker could not be reached"));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.off("message", onMessage).off("exit", onExit);
  }
}
