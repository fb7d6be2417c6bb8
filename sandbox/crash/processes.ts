import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { pause } from "../random.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Far above what it takes, also on a machine that others keep busy. */
const START_WITHIN_MS = 180_000;
const ANSWER_WITHIN_MS = 60_000;

export type Target = { child: ChildProcess; url: string };

/** The service's processes of one run: as many as there are replicas, started, killed and stopped at will. */
export function createProcesses(settings: Record<string, string>) {
  const live: Target[] = [];
  /** Also those that are starting or standing still. */
  const all = new Set<ChildProcess>();
  const endAll = () => {
    for (const child of all) child.kill("SIGKILL");
  };
  process.once("exit", endAll);
  let startMs = 1_500;

  function spawn(): ChildProcess {
    const child = fork(new URL("./target-service.ts", import.meta.url), {
      cwd: ROOT,
      env: { ...process.env, HTTP_API_PORT: "0", ...settings },
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    all.add(child);
    child.once("exit", () => {
      all.delete(child);
      remove(child);
    });
    return child;
  }

  function remove(child: ChildProcess): void {
    const at = live.findIndex((target) => target.child === child);
    if (at >= 0) live.splice(at, 1);
  }

  async function ready(child: ChildProcess): Promise<Target> {
    const begun = performance.now();
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-2_000);
    });
    const [message] = await Promise.race([
      once(child, "message") as Promise<[{ url: string }]>,
      once(child, "exit").then(([code, signal]): never => {
        throw new Error(`the service did not start (${String(code ?? signal)}): ${said}`);
      }),
      pause(START_WITHIN_MS).then((): never => {
        throw new Error(`the service did not start within ${START_WITHIN_MS} ms: ${said}`);
      }),
    ]);
    startMs = 0.8 * startMs + 0.2 * (performance.now() - begun);
    return { child, url: message.url };
  }

  return {
    live,
    /** How long a start takes here and now; what is to happen while a process lives is measured by it. */
    startMs: () => startMs,
    spawn,
    /** Resolves when it serves; throws when it ended before. */
    async start(child = spawn()): Promise<Target> {
      const target = await ready(child);
      live.push(target);
      return target;
    },
    async kill(child: ChildProcess): Promise<void> {
      remove(child);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
    /** It stands still and nobody speaks to it, until it is woken. */
    freeze(target: Target): void {
      remove(target.child);
      target.child.kill("SIGSTOP");
    },
    wake(target: Target, { isServing }: { isServing: boolean }): void {
      target.child.kill("SIGCONT");
      if (isServing) live.push(target);
    },
    async ask<Answer>({ child }: Target, question: Record<string, unknown>): Promise<Answer> {
      const answered = once(child, "message") as Promise<[Answer]>;
      child.send(question);
      const late = pause(ANSWER_WITHIN_MS).then((): never => {
        throw new Error("the service did not tell its records");
      });
      const [answer] = await Promise.race([answered, late]);
      return answer;
    },
    async close(): Promise<void> {
      process.off("exit", endAll);
      for (const child of [...all]) await this.kill(child);
    },
  };
}
