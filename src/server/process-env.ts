import { type Env, readEnv } from "../env.ts";

/** The one place that reads the process's environment, after the project's .env file if there is one. */
export function loadEnv(root: string): Env {
  try {
    process.loadEnvFile(`${root}/.env`);
  } catch (error) {
    // No .env is the normal case: every setting has a default.
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  // Empty is absent to us, and no address to the model's library, which reads these by itself.
  for (const [name, value] of Object.entries(process.env))
    if (name.startsWith("OPENAI_") && value === "") delete process.env[name];
  return readEnv(process.env);
}

/** What a program that we run sees: our own environment and that. */
export function environmentWith(more: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...more };
}
