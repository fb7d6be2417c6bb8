import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { AppError, errorText } from "../../domain/errors.ts";

const idSchema = z.looseObject({ id: z.union([z.string(), z.number()]).optional() });

/**
 * Runs a JSON-lines command: a line in, a line out, same order, `id` kept. A bad line gives `{id, error}` and the run
 * goes on; blank lines are passed over. Exit 0 unless the file itself cannot be read.
 *
 * @param path - the file; "-" or undefined: standard input
 */
export async function runJsonLines(
  path: string | undefined,
  answer: (value: unknown) => Promise<Record<string, unknown>> | Record<string, unknown>,
): Promise<void> {
  if (path === undefined && process.stdin.isTTY) process.stderr.write("从键盘读，一行一条；Ctrl+D 结束\n");
  const input = path === undefined || path === "-" ? process.stdin : createReadStream(path);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const failed = new Promise<never>((_resolve, reject) => input.once("error", reject));
  await Promise.race([
    failed,
    (async () => {
      for await (const line of lines) if (line.trim() !== "") await print(await answerLine(line, answer));
    })(),
  ]);
}

async function answerLine(
  line: string,
  answer: (value: unknown) => Promise<Record<string, unknown>> | Record<string, unknown>,
): Promise<Record<string, unknown>> {
  let id: string | number | null = null;
  try {
    const value = JSON.parse(line) as unknown;
    const known = idSchema.safeParse(value);
    if (known.success) id = known.data.id ?? null;
    return { id, ...(await answer(value)) };
  } catch (error) {
    return { id, error: wordsOf(error) };
  }
}

/** One line to standard output, waiting when the reader is slow. */
export async function print(value: unknown): Promise<void> {
  const text = `${JSON.stringify(value)}\n`;
  if (!process.stdout.write(text))
    await new Promise<void>((resolve) => process.stdout.once("drain", resolve));
}

export function wordsOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join(".") || "line"}: ${issue.message}`)
      .join("; ");
  if (error instanceof SyntaxError) return "not valid JSON";
  return errorText(error);
}

/** Runs a command to its end: exit 0, or 1 with one line that says why. A closed pipe (head) is no fault. */
export function runCommand(work: () => Promise<void>): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
  });
  work().then(
    () => process.exit(process.exitCode ?? 0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof AppError ? error.message : wordsOf(error)}\n`);
      process.exit(1);
    },
  );
}
