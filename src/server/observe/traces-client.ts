import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type Client, createClient, type InStatement } from "@libsql/client";
import { errorText } from "../../domain/errors.ts";

/** Statements for the thread that writes, and its answer. */
export type SpanBatch = { id: number; batch: { sql: string; args: Bindable[] }[] };
type Bindable = string | number | null;
export type SpanBatchWritten = { id: number; error: string | null };

const BUSY_TIMEOUT_MS = 5_000;

/**
 * Reads and single statements run here; batches, which are what spans are written by, in a thread of their own.
 *
 * @param root - the project's folder: Studio runs a bundle of us, which holds no other files
 */
export function openTracesClient(file: string, root: string): { client: Client; close(): Promise<void> } {
  const here = createClient({ url: `file:${file}`, timeout: BUSY_TIMEOUT_MS });
  const writer = join(root, "src/server/observe/write-traces.ts");
  const waiting = new Map<number, (error: string | null) => void>();
  let worker: Worker | null = null;
  let last = 0;

  function start(): Worker {
    const started = new Worker(writer, { workerData: { file } });
    // Traces keep no process alive.
    started.unref();
    const end = (why: string) => {
      if (worker === started) worker = null;
      for (const settle of waiting.values()) settle(why);
      waiting.clear();
    };
    started.on("message", ({ id, error }: SpanBatchWritten) => {
      waiting.get(id)?.(error);
      waiting.delete(id);
    });
    started.on("error", (error) => end(errorText(error)));
    started.on("exit", () => end("the thread that writes traces has ended"));
    return started;
  }

  async function batch(given: (InStatement | [string, unknown?])[]): Promise<[]> {
    const id = ++last;
    const statements = given.map(plain);
    const error = await new Promise<string | null>((resolve) => {
      // One that ended is replaced.
      worker ??= start();
      waiting.set(id, resolve);
      worker.postMessage({ id, batch: statements } satisfies SpanBatch);
    });
    if (error !== null) throw new Error(error);
    return [];
  }

  return {
    client: new Proxy(here, {
      get(target, name) {
        if (name === "batch") return batch;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    async close() {
      await worker?.terminate();
      here.close();
    },
  };
}

function plain(given: InStatement | [string, unknown?]): SpanBatch["batch"][number] {
  if (typeof given === "string") return { sql: given, args: [] };
  const [sql, args] = Array.isArray(given) ? given : [given.sql, given.args];
  if (args !== undefined && !Array.isArray(args)) throw new Error("arguments by name are not written here");
  return { sql, args: (args ?? []).map(bindable) };
}

/** The driver ends the process on a value that it cannot bind. */
function bindable(value: unknown): Bindable {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : String(value);
}
