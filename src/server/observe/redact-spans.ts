import type { AnySpan, SpanOutputProcessor } from "@mastra/core/observability";
import { redact } from "../../domain/redaction/redact.ts";

const FIELDS = ["input", "output", "attributes", "metadata", "errorInfo", "requestContext"] as const;

/** What leaves for the traces' store or a collector holds no personal data and no keys. */
export function createSpanRedaction(): SpanOutputProcessor {
  return {
    name: "redact",
    process(span?: AnySpan) {
      if (span === undefined) return undefined;
      const fields = span as unknown as Record<string, unknown>;
      for (const field of FIELDS) {
        if (fields[field] !== undefined) fields[field] = redact(fields[field]);
      }
      return span;
    },
    async shutdown() {},
  };
}
