import { z } from "zod";

/** What a model noticed and the rules may not see; flags only ever add to what the rules find (spec orders §4). */
export const modelFlagsSchema = z
  .array(
    z.object({
      class: z
        .string()
        .regex(/^[a-z_]{2,32}$/u)
        .describe("forgery、sexual、violence、gambling、political、rights，或别的一个英文词"),
      why: z.string().min(1).max(200).describe("看到了什么，一句话"),
    }),
  )
  .max(5)
  .default([])
  .describe("你发现的风险；只会让判断更严，不会更松");
