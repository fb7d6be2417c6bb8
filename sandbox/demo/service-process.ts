import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const START_WITHIN_MS = 20_000;

export type ServiceProcess = {
  url: string;
  pid: number;
  /** SIGKILL: no chance to tidy up. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: unknown): Promise<Answer>;
};

/** Starts the service as its user does, in a process of its own, and waits for its banner. */
export async function startServiceProcess(
  settings: Record<string, string>,
  args: string[] = [],
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [...startArguments(), ...args], {
    cwd: ROOT,
    env: { ...process.env, HTTP_API_PORT: "0", LOG_LEVEL: "error", ...settings },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await bannerUrl(child);
  return {
    url,
    pid: child.pid ?? 0,
    async kill() {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
    },
    get: (path) => call(`${url}${path}`),
    post: (path, body) =>
      call(`${url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
  };
}

/** What `npm start` gives to node. */
function startArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: { start: string };
  };
  const [node, ...args] = scripts.start.split(" ");
  if (node !== "node") throw new Error(`npm start runs ${node}, not node`);
  return args;
}

async function call<Answer>(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

function bannerUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error("the service did not start in time")), START_WITHIN_MS);
    child.once("exit", (code) => reject(new Error(`the service ended at start with ${code}`)));
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = /(http:\/\/\S+)\/api\/task\/receive/u.exec(text);
      if (found?.[1] === undefined) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
  });
}
