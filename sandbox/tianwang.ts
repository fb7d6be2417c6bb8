import { EventEmitter } from "node:events";
import { Webhook } from "standardwebhooks";
import { type Answer, listen, type Request, type Trouble } from "./http-server.ts";

const TOLERANCE_MS = 5 * 60_000;

export type Reported = {
  event: string;
  task_id: string;
  status: string;
  result?: unknown;
  error_message?: string;
};
/** 天网's stand-in: takes signed callbacks, and gives tasks to a service. */
export async function startTianwang({
  port = 0,
  secret = null,
  now = Date.now,
}: {
  port?: number;
  secret?: string | null;
  /** The clock that it compares signatures with, UTC ms. */
  now?: () => number;
} = {}) {
  const webhook = secret === null ? null : new Webhook(secret);
  const events = new EventEmitter().setMaxListeners(0);
  const reports: (Reported & { id: string; isSigned: boolean })[] = [];
  const knobs = { failNext: 0, trouble: (): Trouble => "none" };

  const { url, close } = await listen(port, take, () => knobs.trouble());

  function take({ body, headers }: Request): Answer {
    if (knobs.failNext > 0) {
      knobs.failNext -= 1;
      return { status: 500 };
    }
    let isSigned = false;
    if (webhook !== null) {
      isSigned = isFresh(webhook, body, headers, now());
      if (!isSigned) return { status: 401 };
    }
    const report = { ...(JSON.parse(body) as Reported), id: headers["webhook-id"] ?? "", isSigned };
    reports.push(report);
    events.emit("report", report);
    return { status: 200, body: { success: true } };
  }

  return {
    callbackUrl: `${url}/api/task/callback`,
    reports,
    knobs,
    waitFor(taskId: string, event: string, timeoutMs = 10_000): Promise<Reported & { isSigned: boolean }> {
      const fits = (report: Reported) => report.task_id === taskId && report.event === event;
      const known = reports.find(fits);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`no ${event} of ${taskId} within ${timeoutMs} ms`)),
          timeoutMs,
        );
        events.on("report", (report: Reported & { isSigned: boolean }) => {
          if (!fits(report)) return;
          clearTimeout(timer);
          resolve(report);
        });
      });
    },
    /** What 天网 calls on a service. */
    client(baseUrl: string) {
      const call = async (path: string, body?: unknown) => {
        const response = await fetch(`${baseUrl}/api/task/${path}`, {
          ...(body === undefined
            ? {}
            : {
                method: "POST",
                headers: { "content-type": "application/json" },
                body: JSON.stringify(body),
              }),
        });
        return { status: response.status, body: (await response.json()) as Record<string, unknown> };
      };
      return {
        receive: (task: unknown) => call("receive", task),
        cancel: (taskId: string) => call("cancel", { task_id: taskId }),
        status: (taskId: string) => call(`status/${encodeURIComponent(taskId)}`),
      };
    },
    close,
  };
}

/** What the library's own verify checks, by a clock that may not be the machine's. */
function isFresh(webhook: Webhook, body: string, headers: Record<string, string>, now: number): boolean {
  const at = Number(headers["webhook-timestamp"]) * 1_000;
  if (!(Math.abs(now - at) <= TOLERANCE_MS)) return false;
  return headers["webhook-signature"] === webhook.sign(headers["webhook-id"] ?? "", new Date(at), body);
}
