/**
 * A fault: something that should have worked did not. `code` is stable and safe to show; `message` is for us
 * and never reaches a customer or a model.
 */
export class AppError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The text of any thrown thing, for a log or a stored error; never the stack. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
