import { z } from "zod";
import { handoffReasonSchema } from "../../src/domain/handoffs/handoff.ts";
import { orderStatusSchema } from "../../src/domain/orders/order-status.ts";
import { decisionSchema, orderKindSchema } from "../../src/domain/orders/service.ts";
import { actionSchema, triggerSchema } from "../../src/domain/tasks/task.ts";
import { TICKET_STATUSES } from "../../src/domain/tickets/ticket.ts";

/**
 * Pictures are drawn when they are needed: photo:3, screenshot:3 (of gallery picture 3), white:5 (a product on white),
 * text:福字 (a photo on which OCR reads that), faint:福字 (the same, but OCR is not sure), tiny:4, broken.
 */
export const pictureSchema = z
  .string()
  .regex(/^(photo|screenshot|white|tiny):\d+$|^(text|faint):.+$|^broken$/u);

/** What the customer sends before anybody answers. */
const saidSchema = z.strictObject({
  say: z.array(z.string()).default([]),
  pictures: z.array(pictureSchema).default([]),
  goods: z.string().optional().describe("the article that the customer was looking at"),
});
export type Said = z.infer<typeof saidSchema>;

/** What somebody at the shop or the desk does. */
const personSchema = z.discriminatedUnion("does", [
  z.strictObject({ does: z.enum(["confirm", "reject", "start", "cancel", "paid", "take", "release"]) }),
  z.strictObject({ does: z.literal("price"), yuan: z.number() }),
  z.strictObject({ does: z.literal("deliver"), pictures: z.array(pictureSchema).min(1) }),
  z.strictObject({ does: z.literal("say"), text: z.string() }),
  z.strictObject({ does: z.literal("ticket"), status: z.enum(TICKET_STATUSES), note: z.string().optional() }),
]);
export type PersonAct = z.infer<typeof personSchema>;

const designerSchema = z.discriminatedUnion("does", [
  z.strictObject({ does: z.literal("assign"), name: z.string() }),
  z.strictObject({ does: z.literal("deliver"), pictures: z.array(pictureSchema).min(1) }),
  z.strictObject({ does: z.literal("fail"), reason: z.string() }),
]);
export type DesignerAct = z.infer<typeof designerSchema>;

/** A task that 天网 gives for this customer. */
const taskSchema = z.strictObject({
  type: z.string().default("follow_up"),
  trigger: triggerSchema,
  action: actionSchema,
});
export type GivenTask = z.infer<typeof taskSchema>;

/** What is away from now on, or there again: the gallery's files, our engine, 图绘. */
const outageSchema = z.enum(["gallery", "engine", "designers"]);
export type Outage = z.infer<typeof outageSchema>;

const doneSchema = z.union([
  z.strictObject({ person: personSchema }),
  z.strictObject({ designer: designerSchema }),
  z.strictObject({ task: taskSchema }),
]);
const actSchema = z.union([
  ...doneSchema.options,
  z.strictObject({ minutes_pass: z.number().positive() }),
  z.strictObject({ breaks: outageSchema }),
  z.strictObject({ mends: outageSchema }),
]);
const while_working = z
  .array(z.union([doneSchema, saidSchema]))
  .optional()
  .describe("happens, and is answered, while our engine works on the order");
const saidStepSchema = saidSchema.extend({ while_working });
export type SaidStep = z.infer<typeof saidStepSchema>;

/** One thing that happens; a turn of the customer unless it says otherwise. */
const stepSchema = z.union([
  actSchema,
  z.strictObject({ person: personSchema, while_working }),
  saidStepSchema,
]);
export type Step = z.infer<typeof stepSchema>;

/** What a simulated customer does when they are told something; tried in order, each as often as it says. */
const ruleSchema = saidSchema.extend({
  told: z.string().describe("a regular expression over what they have just been told"),
  times: z.int().positive().default(1),
});

/** How the ladder's model behaves: none is the rules path; able does what only a model does (reminders, the web). */
export const MODEL_MANNERS = [
  "none",
  "down",
  "slow",
  "empty",
  "nonsense",
  "promising",
  "wrong_call",
  "able",
] as const;

/** What is there before the customer writes, and around them. */
const worldSchema = z.strictObject({
  at: z.iso
    .datetime({ offset: true })
    .default("2026-03-16T10:00:00+08:00")
    .describe("a Monday, unless it says otherwise"),
  office_hours: z.boolean().default(false).describe("people work 9:00-18:00 on weekdays, not always"),
  require_payment: z.boolean().default(false),
  model: z.enum(MODEL_MANNERS).default("none"),
  engine: z
    .enum(["works", "fails", "spoils"])
    .default("works")
    .describe("spoils: what it makes is no picture"),
  designers: z.enum(["here", "away"]).default("here").describe("away: 图绘 does not answer"),
  knowledge: z.enum(["works", "fails"]).default("works"),
  web: z.boolean().default(false).describe("there is a search engine"),
});
export type World = z.infer<typeof worldSchema>;
/** Everything is there and works, and nobody models. */
export const PLAIN_WORLD: World = worldSchema.parse({});

const expectedOrderSchema = z.strictObject({
  kind: orderKindSchema,
  status: orderStatusSchema,
  total_fen: z.int().nullable().optional(),
  revisions: z.int().optional(),
  risk: decisionSchema.optional().describe("of the newest demand"),
  moves: z.array(orderStatusSchema).optional().describe("every state it has been in, in order"),
  follows: z.boolean().optional().describe("a follow-up of an earlier order"),
});

const expectationSchema = z.strictObject({
  orders: z.array(expectedOrderSchema).default([]),
  handoffs: z.array(handoffReasonSchema).default([]),
  tickets: z
    .array(z.strictObject({ status: z.enum(TICKET_STATUSES), title: z.string().optional() }))
    .default([])
    .describe("oldest first"),
  tasks: z
    .array(z.strictObject({ status: z.string(), fired: z.int().optional() }))
    .default([])
    .describe("those given by 天网 and by the agent, in order"),
  designers: z
    .array(z.strictObject({ told: z.int(), cancelled: z.boolean() }))
    .optional()
    .describe(
      "of each order at 图绘, in order: how many later demands it was told, and whether that it is not wanted",
    ),
  holder: z.enum(["bot", "human"]).default("bot"),
  cites: z.array(z.string()).optional().describe("documents that the last answer stood on, at least"),
  knowledge: z
    .array(z.enum(["hit", "miss", "error", "n/a"]))
    .optional()
    .describe("of each turn, in order"),
  said: z.array(z.string()).default([]).describe("must be said"),
  never_said: z.array(z.string()).default([]),
  tools: z.array(z.string()).optional().describe("exactly these tools, in order, over all turns"),
  forbidden_tools: z.array(z.string()).default([]),
  never_states: z.array(orderStatusSchema).default([]).describe("states that no order may ever have been in"),
  replies: z.int().optional(),
  judged: z
    .array(z.string())
    .default([])
    .describe("what records cannot show, for a judging model; asked only when there is one"),
});
export type Expectation = z.infer<typeof expectationSchema>;

/**
 * A case in the τ-bench shape: who the customer is, what they know and do not know, what is there before, what they do,
 * and the records that must be there at the end. Anything that is not expected is a fault: an order, a handoff, a ticket
 * or a task more.
 */
export const scenarioSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/u),
  title: z.string(),
  customer: z
    .strictObject({
      knows: z.string().default(""),
      does_not_know: z.string().default(""),
      blacklisted: z.boolean().default(false),
    })
    .prefault({}),
  world: worldSchema.prefault({}),
  before: z.array(stepSchema).default([]).describe("how the starting records came to be; never disturbed"),
  steps: z.array(stepSchema).min(1),
  rules: z
    .array(ruleSchema)
    .default([])
    .describe("a customer who answers what they are told, after the steps"),
  expect: expectationSchema,
  undisturbed: z
    .array(z.string())
    .default([])
    .describe("disturbances (trials/disturbances.ts) that would make this another story"),
});
export type Scenario = z.infer<typeof scenarioSchema>;
/** What of one agent is to be played. */
export type ChosenScenarios = { agent: EvaluatedAgent; scenarios: Scenario[] };

export const AGENTS = ["shop", "helpdesk"] as const;
export type EvaluatedAgent = (typeof AGENTS)[number];
