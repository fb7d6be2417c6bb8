import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Trial } from "./run-trials.ts";
import type { WorkerOrder } from "./worker.ts";

export class Stalled extends Error {}

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));

/**
 * Plays trials in a process of their own.
 *
 * @param until - ends the process when a trial satisfies it; what it had not played is then not in the answer
 * @throws when the process ends before it has played everything; Stalled when it stands still
 */
export async function playInProcess(
  order: WorkerOrder,
  {
    execArgv = [],
    env = {},
    until = () => false,
    withinMs,
    onTrial = () => {},
  }: {
    execArgv?: string[];
    env?: Record<string, string>;
    until?: (trial: Trial) => boolean;
    /** From one trial to the next; a longer silence is an error. */
    withinMs?: number;
    onTrial?: (trial: Trial) => void;
  } = {},
): Promise<Trial[]> {
  const child = fork(WORKER, {
    execArgv,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  const trials: Trial[] = [];
  let complaint = "";
  child.stderr?.on("data", (data: Buffer) => {
    complaint = `${complaint}${data.toString("utf8")}`.slice(-4_000);
  });
  return await new Promise((resolve, reject) => {
    let isOver = false;
    let silence: NodeJS.Timeout | undefined;
    const listen = () => {
      clearTimeout(silence);
      if (withinMs === undefined || isOver) return;
      silence = setTimeout(() => {
        isOver = true;
        child.kill("SIGKILL");
        reject(new Stalled(`nothing was played for ${withinMs} ms`));
      }, withinMs);
    };
    listen();
    child.on("message", (message) => {
      listen();
      if (isOver) return;
      const trial = message as Trial | null;
      if (trial !== null) {
        trials.push(trial);
        onTrial(trial);
        if (!until(trial)) return;
      }
      isOver = true;
      clearTimeout(silence);
      if (trial !== null) child.kill("SIGKILL");
      resolve(trials);
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      clearTimeout(silence);
      if (!isOver) reject(new Error(`the process that plays ended with ${code}\n${complaint}`));
    });
    child.send(order);
  });
}
