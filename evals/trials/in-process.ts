import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export class Stalled extends Error {}

/**
 * Gives an order to a process of its own, which answers what it finds one by one, and then null (answerOrder).
 *
 * @param worker - the file that it runs
 * @param until - ends the process when an answer satisfies it; what it had not done is then not answered
 * @throws when the process ends before it has done everything; Stalled when it stands still
 */
export async function inProcess<Item>(
  worker: URL,
  order: object,
  {
    execArgv = [],
    env = {},
    until = () => false,
    withinMs,
    onItem = () => {},
  }: {
    execArgv?: string[];
    env?: Record<string, string>;
    until?: (item: Item) => boolean;
    /** From one answer to the next; a longer silence is an error. */
    withinMs?: number;
    onItem?: (item: Item) => void;
  } = {},
): Promise<Item[]> {
  const child = fork(fileURLToPath(worker), {
    execArgv,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  const items: Item[] = [];
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
        reject(new Stalled(`nothing was answered for ${withinMs} ms`));
      }, withinMs);
    };
    listen();
    child.on("message", (message) => {
      listen();
      if (isOver) return;
      const item = message as Item | null;
      if (item !== null) {
        items.push(item);
        onItem(item);
        if (!until(item)) return;
      }
      isOver = true;
      clearTimeout(silence);
      if (item !== null) child.kill("SIGKILL");
      resolve(items);
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      clearTimeout(silence);
      if (!isOver) reject(new Error(`the process that works ended with ${code}\n${complaint}`));
    });
    child.send(order);
  });
}

/** In that process: does the one order that comes, answers each item as it is found, then null, and ends. */
export function answerOrder(work: (order: unknown, answer: (item: object) => void) => Promise<void>): void {
  process.once("message", (order) => {
    work(order, (item) => process.send?.(item))
      .then(() => process.send?.(null, () => process.exit(0)))
      .catch((error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
        process.exit(1);
      });
  });
}
