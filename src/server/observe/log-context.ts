import { AsyncLocalStorage } from "node:async_hooks";
import { z } from "zod";
import type { JobHandler, JobKind } from "../../domain/jobs/jobs.ts";

/** What every line logged under it says: of which conversation, turn and job it is. */
type LogContext = { job?: string; conversationId?: string; turnId?: string };

type Handlers = Partial<Record<JobKind, JobHandler>>;

const current = new AsyncLocalStorage<LogContext>();
const payloadSchema = z.object({ conversationId: z.string() });

export function logContext(): LogContext {
  return current.getStore() ?? {};
}

/** Says more of what is under way; nothing when nothing is. */
export function addLogContext(more: LogContext): void {
  const context = current.getStore();
  if (context !== undefined) Object.assign(context, more);
}

/** What handlers log names their job and its conversation. */
export function withLogContext(handlers: Handlers): Handlers {
  return Object.fromEntries(
    Object.entries(handlers).map(([kind, handler]: [string, JobHandler]) => [
      kind,
      {
        ...handler,
        run: (job) => {
          const payload = payloadSchema.safeParse(job.payload);
          return current.run({ job: kind, ...(payload.data ?? {}) }, () => handler.run(job));
        },
      } satisfies JobHandler,
    ]),
  );
}
