type JsonSchemaMaker = (options: { target: string }) => Record<string, unknown>;
type WithJsonSchema = { "~standard": { jsonSchema: Record<"input" | "output", JsonSchemaMaker> } };

/**
 * Keeps a schema's JSON form once it was made. The agent loop asks for it anew for every tool in every turn, which
 * was a tenth of a turn's time; a tool's schema never changes.
 */
export function keepJsonSchema(schema: unknown): void {
  if (!hasJsonSchema(schema)) return;
  const { jsonSchema } = schema["~standard"];
  for (const io of ["input", "output"] as const) {
    const make = jsonSchema[io];
    const kept = new Map<string, Record<string, unknown>>();
    jsonSchema[io] = (options) => {
      const known = kept.get(options.target) ?? make(options);
      kept.set(options.target, known);
      return known;
    };
  }
}

function hasJsonSchema(schema: unknown): schema is WithJsonSchema {
  const standard = (schema as Partial<WithJsonSchema> | undefined)?.["~standard"];
  return (
    typeof standard?.jsonSchema?.input === "function" && typeof standard.jsonSchema.output === "function"
  );
}
