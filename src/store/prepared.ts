import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { Database } from "./schema.ts";

/** Texts that are asked again and again; one per query, so there are only so many. */
const names = new Map<string, string>();

/** The name under which PostgreSQL keeps a prepared query's plan, on each connection. */
export function statementName(text: string): string | undefined {
  return names.get(text);
}

/** What a value will be put in place of. */
class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export type PreparedQuery<Values, Row> = {
  all(db: Kysely<Database>, values: Values): Promise<Row[]>;
  first(db: Kysely<Database>, values: Values): Promise<Row | undefined>;
  /** How many rows an insert, update or delete changed. */
  run(db: Kysely<Database>, values: Values): Promise<number>;
};

/**
 * A query whose text never changes, for what a turn or a request runs every time. Kysely takes longer to build and
 * compile a query than SQLite takes to run it, so that is done once, at the first use, for each kind of database.
 *
 * @param build - makes the query from placeholders, one for each of the values; it must not look at them
 */
export function prepared<Values extends object, Row>(
  build: (db: Kysely<Database>, values: Values) => Compilable<Row>,
): PreparedQuery<Values, Row> {
  // A transaction is another Kysely, but it has the adapter of the database it came from. What it reads may be held
  // (held.ts), which is another text.
  const outside = new WeakMap<object, CompiledQuery<Row>>();
  const inTransaction = new WeakMap<object, CompiledQuery<Row>>();

  function bind(db: Kysely<Database>, values: Values): CompiledQuery<Row> {
    const { adapter } = db.getExecutor();
    const compiledFor = db.isTransaction ? inTransaction : outside;
    let compiled = compiledFor.get(adapter);
    if (compiled === undefined) {
      compiled = build(db, placeholders<Values>()).compile();
      compiledFor.set(adapter, compiled);
      if (!names.has(compiled.sql)) names.set(compiled.sql, `hot_${names.size}`);
    }
    const given = values as Record<string, unknown>;
    return {
      ...compiled,
      parameters: compiled.parameters.map((value) =>
        value instanceof Placeholder ? given[value.name] : value,
      ),
    };
  }

  return {
    async all(db, values) {
      return (await db.executeQuery(bind(db, values))).rows;
    },
    async first(db, values) {
      return (await db.executeQuery(bind(db, values))).rows[0];
    },
    async run(db, values) {
      return Number((await db.executeQuery(bind(db, values))).numAffectedRows ?? 0n);
    },
  };
}

function placeholders<Values extends object>(): Values {
  return new Proxy({} as Values, { get: (_none, name) => new Placeholder(String(name)) });
}
