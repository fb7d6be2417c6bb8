import { createReadStream } from "node:fs";
import { z } from "zod";
import { AppError, errorText } from "../../domain/errors.ts";

/** A number beyond these would come back as another one: such an id is refused, not altered. */
export const lineIdSchema = z.union([
  z.string(),
  z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER),
]);

const idSchema = z.looseObject({ id: lineIdSchema.optional() });

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
  for await (const line of linesOf(input)) {
    if (line.trim() !== "") await print(await answerLine(line, answer));
  }
}

/** Ends at line feeds only: readline also ends lines at U+2028 and U+2029, which may stand inside a JSON text. */
async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<string> {
  input.setEncoding("utf8");
  let pieces: string[] = [];
  for await (const chunk of input) {
    const [end = "", ...rest] = String(chunk).split("\n");
    pieces.push(end);
    for (const piece of rest) {
      yield pieces.join("");
      pieces = [piece];
    }
  }
  yield pieces.join("");
}

async function answerLine(
  line: string,
  answer: (value: unknown) => Promise<Record<string, unknown>> | Record<string, unknown>,
): Promise<Record<string, unknown>> {
  let id: string | number | null = null;
  try {
    // Trimmed: a file from Windows begins with a byte-order mark, which is white space here and none in JSON.
    const value = JSON.parse(line.trim()) as unknown;
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

/**
 * Runs a command to its end: exit 0, or 1 with one line that says why. A closed pipe (head) is no fault, and a slow
 * reader (less) gets all that was printed.
 */
export function runCommand(work: () => Promise<void>): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
  });
  work().then(
    () => exitWhenRead(""),
    (error: unknown) => {
      process.exitCode = 1;
      exitWhenRead(`${error instanceof AppError ? error.message : wordsOf(error)}\n`);
    },
  );
}

/** What a pipe has not taken yet is lost by process.exit. */
function exitWhenRead(lastWords: string): void {
  process.stdout.write("", () => process.stderr.write(lastWords, () => process.exit()));
}
