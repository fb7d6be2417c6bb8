import { z } from "zod";
import { DONE, type JobHandler } from "../domain/jobs/jobs.ts";
import type { Takeover } from "./takeover.ts";

const payloadSchema = z.object({ conversationId: z.string(), since: z.number() });

/** A person who fell silent gives the conversation back to the bot. */
export function createPersonIdleHandler(takeover: Takeover): JobHandler {
  return {
    async run(job) {
      const { conversationId, since } = payloadSchema.parse(job.payload);
      await takeover.returnIfIdle(conversationId, since);
      return DONE;
    },
  };
}
