import { z } from "zod";
import { silentLog } from "../../src/domain/log.ts";
import { OPENAI_URL } from "../../src/env.ts";
import { openFiles } from "../../src/server/open-files.ts";
import { openStore } from "../../src/server/outside.ts";
import { loadEnv } from "../../src/server/process-env.ts";
import { answerOrder } from "../trials/in-process.ts";
import { replay } from "./replay.ts";

/** Where the records are is in this process's environment. */
const orderSchema = z.object({
  conversationIds: z.array(z.string()),
  configDir: z.string(),
  model: z.string().nullable().describe("its name, at OPENAI_BASE_URL; null: the rules answer"),
});
export type ReplayOrder = z.infer<typeof orderSchema>;

answerOrder(async (order, answer) => {
  const { conversationIds, configDir, model } = orderSchema.parse(order);
  const root = process.cwd();
  const env = loadEnv(root);
  const { store } = await openStore(env, { root, now: Date.now, log: silentLog });
  const found = await Promise.all(conversationIds.map((id) => store.conversations.find(id)));
  await replay(
    found.filter((one) => one !== null),
    { store, files: await openFiles(env, root) },
    {
      configDir,
      settings: {
        TZ_BUSINESS: env.TZ_BUSINESS,
        HUMAN_IDLE_RETURN_MINUTES: String(env.HUMAN_IDLE_RETURN_MINUTES),
      },
      model:
        model === null
          ? null
          : {
              name: model,
              baseUrl: env.OPENAI_BASE_URL ?? OPENAI_URL,
              apiKey: env.OPENAI_API_KEY ?? null,
              timeoutMs: env.MODEL_TIMEOUT_MS,
            },
      onReplayed: answer,
    },
  );
  await store.close();
});
