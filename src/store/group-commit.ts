import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type LibsqlDatabase from "libsql";
import { AppError, errorText } from "../domain/errors.ts";
import { withStatementCache } from "./statement-cache.ts";

/** What runs between one `begin` and its `commit`. */
type Group = { writes: boolean; ended: PromiseWithResolvers<void> };

/**
 * Kysely's SQLite on one libSQL connection, committing in groups. What asks for the database while the event loop
 * goes round once shares one SQLite transaction, each asker's own transaction behind a savepoint: locking and writing
 * the log cost more than most of our statements. Askers run one after the other and are answered together, after the
 * commit; so to each of them it looks like a transaction of its own. That readers wait too lets their answers leave
 * together, which doubles what HTTP serves.
 */
export function createGroupCommitDialect(
  database: LibsqlDatabase.Database,
  onUnavailable: (error: AppError) => void = () => {},
): Dialect {
  return {
    createDriver: () => createGroupCommitDriver(database, onUnavailable),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new QueueingAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

/** Several may ask at once: the driver lines them up itself. */
class QueueingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  /** SQLite can: a migration that is cut off leaves nothing, and two processes that start together do it once. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** What no statement is to blame for: a full disk, a read-only folder, a file that another process holds. */
const AWAY = /^SQLITE_(?:FULL|IOERR|READONLY|BUSY|CANTOPEN|LOCKED|NOMEM)/u;

function createGroupCommitDriver(
  database: LibsqlDatabase.Database,
  onUnavailable: (error: AppError) => void,
): Driver {
  const { prepare } = withStatementCache(database);
  const waiting: (() => void)[] = [];
  let isHeld = false;
  let group: Group | null = null;
  let endWhenFree = false;
  /** What the holder of the connection takes part in; its answer waits for that group's end. */
  let joined: Group | null = null;
  let inTransaction = false;

  function told(error: unknown): unknown {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!AWAY.test(code)) return error;
    const away = new AppError("store-unavailable", `the database cannot be written: ${errorText(error)}`, {
      cause: error,
    });
    onUnavailable(away);
    return away;
  }

  const run = (text: string) => prepare(text).run([]);

  function join(writes: boolean): void {
    // The driver's native part ends the process when a closed database is asked.
    if (!database.open) throw new Error("the database is closed");
    if (inTransaction && joined !== group) throw new Error("the transaction was rolled back by the database");
    if (writes && group?.writes === false) end();
    group ??= begin(writes);
    joined = group;
  }

  function begin(writes: boolean): Group {
    // A writer takes the write lock at once: to upgrade a read lock fails when another process has written since.
    try {
      run(writes ? "begin immediate" : "begin");
    } catch (error) {
      throw told(error);
    }
    const begun: Group = { writes, ended: Promise.withResolvers() };
    begun.ended.promise.catch(() => {});
    setImmediate(() => {
      if (group !== begun) return;
      if (isHeld) endWhenFree = true;
      else end();
    });
    return begun;
  }

  function end(): void {
    const ending = group;
    if (ending === null) return;
    group = null;
    endWhenFree = false;
    try {
      run("commit");
      ending.ended.resolve();
    } catch (error) {
      if (database.inTransaction) run("rollback");
      ending.ended.reject(told(error));
    }
  }

  /** Some errors (disk full, I/O) undo the whole SQLite transaction: then all of the group have failed. */
  function noteFailure(error: unknown): void {
    if (group === null || !database.open || database.inTransaction) return;
    group.ended.reject(error);
    group = null;
    endWhenFree = false;
  }

  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters, query }: CompiledQuery) {
      join(inTransaction || !SelectQueryNode.is(query));
      try {
        const statement = prepare(sql);
        if (statement.reader) return { rows: statement.all(parameters) as Row[] };
        const { changes } = statement.run(parameters);
        return { numAffectedRows: BigInt(changes), rows: [] };
      } catch (error) {
        const failure = told(error);
        noteFailure(failure);
        throw failure;
      }
    },
    streamQuery() {
      throw new Error("streaming would hold the one connection: read in pages");
    },
  };

  return {
    async init() {},

    async acquireConnection() {
      if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve));
      isHeld = true;
      return connection;
    },

    async beginTransaction() {
      join(true);
      run("savepoint one");
      inTransaction = true;
    },

    async commitTransaction() {
      if (joined !== group) throw new Error("the transaction was rolled back by the database");
      run("release one");
      inTransaction = false;
    },

    async rollbackTransaction() {
      inTransaction = false;
      if (joined !== group || !database.open) return;
      run("rollback to one");
      run("release one");
    },

    async releaseConnection() {
      const mine = joined;
      joined = null;
      if (endWhenFree) end();
      const next = waiting.shift();
      if (next === undefined) isHeld = false;
      else next();
      if (mine !== null) await mine.ended.promise;
    },

    async destroy() {
      end();
      try {
        // Whoever copies the file now has all of it.
        if (database.open) prepare("pragma wal_checkpoint(truncate)").all([]);
      } catch {
        // What cannot be moved now (a full disk) stays in the log, and is read from there.
      }
      database.close();
    },
  };
}
