import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { loadEnv } from "../process-env.ts";
import { projectRoot } from "../project-root.ts";

const errorSchema = z.object({ error: z.object({ message: z.string() }) });

/** Speaks to the running service; says in one line when it is not running or refuses. */
export function connectService() {
  const env = loadEnv(projectRoot());
  const host =
    env.HTTP_API_HOST === "0.0.0.0" || env.HTTP_API_HOST === "::" ? "127.0.0.1" : env.HTTP_API_HOST;
  const base = `http://${host}:${env.HTTP_API_PORT}`;
  return async function call(
    method: "GET" | "POST",
    path: string,
    /** Bytes go as they are, anything else as JSON. */
    body?: unknown,
  ): Promise<Record<string, unknown>> {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        "content-type": body instanceof Uint8Array ? "application/octet-stream" : "application/json",
        ...(env.TIANWANG_API_KEY === undefined ? {} : { authorization: `Bearer ${env.TIANWANG_API_KEY}` }),
      },
      ...(body === undefined
        ? {}
        : { body: body instanceof Uint8Array ? new Blob([body.slice()]) : JSON.stringify(body) }),
    }).catch(() => {
      throw new AppError("not-running", `服务没有在 ${base} 运行：先执行 npm start`);
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok) {
      const refusal = errorSchema.safeParse(answer);
      throw new AppError("refused", refusal.success ? refusal.data.error.message : `HTTP ${response.status}`);
    }
    return answer;
  };
}

/** Prints for a person as aligned columns, or for a script (`--json`) as it came. */
export function show(
  rows: readonly Record<string, unknown>[],
  columns: readonly string[],
  asJson: boolean,
): void {
  if (asJson) {
    for (const row of rows) console.log(JSON.stringify(row));
    return;
  }
  if (rows.length === 0) {
    console.log("（没有）");
    return;
  }
  const table = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_column, at) => Math.max(...table.map((line) => displayWidth(line[at] ?? ""))));
  for (const line of table)
    console.log(
      line
        .map((text, at) => text + " ".repeat((widths[at] ?? 0) - displayWidth(text)))
        .join("  ")
        .trimEnd(),
    );
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "-";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 48 ? `${text.slice(0, 47)}…` : text.replaceAll("\n", " ");
}

/** Chinese characters take two places on a terminal. */
function displayWidth(text: string): number {
  return [...text].reduce((width, char) => width + (/[\u1100-\uffef]/u.test(char) ? 2 : 1), 0);
}
