import { AppError } from "../../src/domain/errors.ts";
import { silentLog } from "../../src/domain/log.ts";
import { readEnv } from "../../src/env.ts";
import type { Outside } from "../../src/server/outside.ts";
import { startService } from "../../src/server/start.ts";

// The whole service in a process that counts what it does to records, files, engines and 图绘, and kills itself with
// SIGKILL at the n-th of these when its parent says so: {dieAt: n}.

/** What is counted: reads before the call, writes before and after it. */
const POINTS: Partial<Record<keyof Outside, Record<string, "read" | "write">>> = {
  store: { transaction: "write" },
  files: { get: "read", put: "write" },
  engine: { apply: "write", check: "read", preview: "read" },
  inspector: { inspect: "read" },
  gallery: { searchByPicture: "read", searchByWords: "read" },
  deliveryFetcher: { fetch: "write" },
  dispatch: { open: "write", supplement: "write", cancel: "write", state: "read" },
};

let dieAt = Number.POSITIVE_INFINITY;
let seen: string[] = [];

function point(name: string): void {
  seen.push(name);
  if (seen.length === dieAt) process.kill(process.pid, "SIGKILL");
}

function counted<Part extends object>(
  name: string,
  part: Part,
  calls: Record<string, "read" | "write">,
): Part {
  return new Proxy(part, {
    get(target, call) {
      const value: unknown = Reflect.get(target, call);
      const kind = calls[String(call)];
      if (kind === undefined || typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        point(`${name}.${String(call)} begins`);
        const result: unknown = await value.apply(target, args);
        if (kind === "write") point(`${name}.${String(call)} ended`);
        return result;
      };
    },
  });
}

const running = await startService(readEnv(process.env), {
  root: process.cwd(),
  version: "crash",
  log: silentLog,
  rulesOnly: true,
  around(real) {
    const broken =
      process.env.ENGINE_FAILS === undefined
        ? real.engine
        : { ...real.engine, apply: () => Promise.reject(new AppError("operation-failed", "told to")) };
    const outside: Outside = { ...real, engine: broken };
    return Object.fromEntries(
      Object.entries(outside).map(([name, part]) => {
        const calls = POINTS[name as keyof Outside];
        return [name, calls === undefined || part === null ? part : counted(name, part as object, calls)];
      }),
    ) as Outside;
  },
});

process.on("message", (message: { dieAt?: number; report?: true }) => {
  if (message.report === true) process.send?.({ seen });
  else {
    seen = [];
    dieAt = message.dieAt ?? Number.POSITIVE_INFINITY;
    process.send?.({ armed: true });
  }
});
process.send?.({ url: running.url });
