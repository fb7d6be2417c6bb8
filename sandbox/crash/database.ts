import { exec } from "node:child_process";
import { promisify } from "node:util";
import pg from "pg";

const run = promisify(exec);
const BACK_WITHIN_MS = 30_000;
const LOOK_AGAIN_MS = 200;

/** A PostgreSQL server that the harness cuts off and, when it is told how, restarts. */
export type TormentedDatabase = ReturnType<typeof tormentedDatabase>;

/** @param restart - a shell command that restarts the server, as roughly as it may come */
export function tormentedDatabase(url: string, restart: string | null) {
  async function ask(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    // The server may go while we speak to it.
    client.on("error", () => {});
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end().catch(() => {});
    }
  }

  return {
    canRestart: restart !== null,

    /** Ends every connection to it but ours. */
    async cut(): Promise<void> {
      await ask(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`);
    },

    /** Resolves when it serves again. */
    async restart(): Promise<void> {
      if (restart === null) throw new Error("nobody said how the database is restarted");
      await run(restart);
      const until = performance.now() + BACK_WITHIN_MS;
      for (;;) {
        try {
          await ask("select 1");
          return;
        } catch (error) {
          if (performance.now() > until) throw error;
          await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
        }
      }
    },
  };
}
