import type { SqliteDatabase } from "kysely";

type Statement = ReturnType<SqliteDatabase["prepare"]>;

/** More different texts than this means that somebody builds SQL from values; then the oldest go. */
const MOST_STATEMENTS = 500;

/**
 * Keeps prepared statements by their text: preparing takes longer than most of our statements take to run. One
 * connection runs one statement at a time, so sharing them is safe.
 */
export function withStatementCache(database: SqliteDatabase): SqliteDatabase {
  const statements = new Map<string, Statement>();
  return {
    prepare(text) {
      const known = statements.get(text);
      if (known !== undefined) return known;
      const statement = database.prepare(text);
      // What changes the schema or the connection is used once, and a kept statement could block it.
      if (/^\s*(create|alter|drop|pragma|vacuum)\b/iu.test(text)) return statement;
      if (statements.size >= MOST_STATEMENTS) statements.delete(statements.keys().next().value ?? "");
      const kept = askedOnce(statement);
      statements.set(text, kept);
      return kept;
    },
    close: () => database.close(),
  };
}

/** Kysely asks before every run whether a statement returns rows; the driver's answer is a call into native code. */
function askedOnce(statement: Statement): Statement {
  return {
    reader: statement.reader,
    all: (parameters) => statement.all(parameters),
    run: (parameters) => statement.run(parameters),
    iterate: (parameters) => statement.iterate(parameters),
  };
}
