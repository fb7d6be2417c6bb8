import type { AnySpan, SpanOutputProcessor } from "@mastra/core/observability";
import { redact } from "../../domain/redaction/redact.ts";

const FIELDS = ["input", "output", "attributes", "metadata", "errorInfo", "requestContext"] as const;

/** What leaves for the traces' store or a collector holds no personal data and no keys. */
export function createSpanRedaction(): SpanOutputProcessor {
  /** A span comes twice, when it begins and when it ends; what was redacted then stays as it is. */
  const redacted = new WeakSet<object>();
  return {
    name: "redact",
    process(span?: AnySpan) {
      if (span === undefined) return undefined;
      const fields = span as unknown as Record<string, unknown>;
      for (const field of FIELDS) {
        const value = fields[field];
        if (value === undefined || (typeof value === "object" && value !== null && redacted.has(value)))
          continue;
        const clean = redact(value);
        if (typeof clean === "object" && clean !== null) redacted.add(clean);
        fields[field] = clean;
      }
      return span;
    },
    async shutdown() {},
  };
}
