import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startServiceProcess } from "../sandbox/demo/service-process.ts";
import { median, table } from "./figures.ts";

const ROUNDS = 3;
const SECONDS = 5;
const CONNECTIONS = 32;

const TASK = JSON.stringify({
  task_id: "ID",
  type: "bench",
  customer: { id: "u1" },
  trigger: { type: "customer_reply", keyword: "测试" },
  action: { type: "send_message", message: "测试消息" },
  created_by: "bench",
});

/** Receive and status, ours beside Flask behind gunicorn with SQLite, in turn, on the same machine in the same run. */
export async function benchTasks(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-tasks-"));
  const ours = await startServiceProcess({
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: "off",
    TIANWANG_CALLBACK_URL: "off",
  });
  const peer = await startPeer(dir);
  try {
    const rates = {
      oursPost: [] as number[],
      peerPost: [] as number[],
      oursGet: [] as number[],
      peerGet: [] as number[],
    };
    for (const url of [ours.url, peer.url]) await post(url, "known");
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.oursPost.push(wrk(dir, ours.url, `o${round}`));
      rates.peerPost.push(wrk(dir, peer.url, `p${round}`));
      rates.oursGet.push(wrk(dir, `${ours.url}/api/task/status/known`));
      rates.peerGet.push(wrk(dir, `${peer.url}/api/task/status/known`));
    }
    const row = (what: string, mine: number[], theirs: number[], bar: number) => [
      what,
      `${Math.round(median(mine))}/s`,
      `${Math.round(median(theirs))}/s`,
      `${(median(mine) / median(theirs)).toFixed(1)}×`,
      `≥ ${bar}×`,
    ];
    return table(
      ["", "tianwang-cs", "Flask, gunicorn 2 × 4, SQLite", "ratio", "bar"],
      [
        row("POST /api/task/receive", rates.oursPost, rates.peerPost, 3),
        row("GET /api/task/status/:id", rates.oursGet, rates.peerGet, 5),
      ],
    );
  } finally {
    await ours.stop();
    peer.process.kill("SIGTERM");
    await once(peer.process, "exit");
    rmSync(dir, { recursive: true, force: true });
  }
}

async function post(url: string, id: string): Promise<void> {
  const answer = await fetch(`${url}/api/task/receive`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: TASK.replace("ID", id),
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
}

/** Requests per second; with a prefix it posts tasks, each under an id of its own. A refused request fails the bench. */
function wrk(dir: string, url: string, prefix?: string): number {
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`];
  if (prefix !== undefined) {
    const [before = "", after = ""] = TASK.split("ID");
    const script = join(dir, "post.lua");
    writeFileSync(
      script,
      `local n = 0
       wrk.headers["content-type"] = "application/json"
       function request() n = n + 1
         return wrk.format("POST", "/api/task/receive", nil, [[${before}]] .. "${prefix}-" .. n .. [[${after}]]) end`,
    );
    args.push("-s", script);
  }
  const report = execFileSync("wrk", [...args, url], { encoding: "utf8" });
  if (report.includes("Non-2xx")) throw new Error(report);
  return Number(/Requests\/sec:\s+([\d.]+)/u.exec(report)?.[1]);
}

async function startPeer(dir: string): Promise<{ url: string; process: ChildProcess }> {
  const port = await freePort();
  // Debian's packages python3-flask, gunicorn and wrk.
  const child = spawn(
    "/usr/bin/gunicorn",
    ["-w", "2", "--threads", "4", "-b", `127.0.0.1:${port}`, "flask_tasks:app"],
    {
      cwd: fileURLToPath(new URL("./peers", import.meta.url)),
      env: {
        ...process.env,
        BENCH_DATABASE: join(dir, "peer.db"),
        PATH: `/usr/bin:${process.env.PATH}`,
        PYTHONDONTWRITEBYTECODE: "1",
      },
      stdio: "ignore",
    },
  );
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 50; tries += 1) {
    const isUp = await fetch(`${url}/api/task/status/none`).then(
      () => true,
      () => false,
    );
    if (isUp) return { url, process: child };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("gunicorn did not start: install Debian's python3-flask, gunicorn and wrk");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
