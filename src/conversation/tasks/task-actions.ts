import { z } from "zod";
import type { AnswerAgent } from "../../agents/answer.ts";
import type { Ambient } from "../../domain/clock.ts";
import type { Conversation } from "../../domain/conversations/conversation.ts";
import { AppError } from "../../domain/errors.ts";
import { DONE, type JobHandler } from "../../domain/jobs/jobs.ts";
import type { DeskDeps } from "../../domain/orders/desk/deps.ts";
import { dispatchOrder } from "../../domain/orders/desk/progress-order.ts";
import type { OrderDesk } from "../../domain/orders/order-desk.ts";
import type { DemandReader } from "../../domain/orders/read-demand.ts";
import { type PictureDoor, takePicture } from "../../domain/pictures/take-picture.ts";
import type { Store } from "../../domain/records.ts";
import type { Action, Firing, Task } from "../../domain/tasks/task.ts";
import type { CaseReader } from "../case-reader.ts";
import { questionOf, replyParts } from "../turn-record.ts";
import { sendForFiring, settleFiring } from "./fire-task.ts";

export type TaskActionDeps = {
  store: Store;
  ambient: Ambient;
  agent: AnswerAgent;
  cases: CaseReader;
  desk: OrderDesk;
  deskDeps: DeskDeps;
  readDemand: DemandReader;
  door: PictureDoor;
};

const payloadSchema = z.object({ firingId: z.string() });

/** Actions that need more than our own rows: the agent, the picture door, a workflow, 图绘. Each is safe to repeat. */
export function createTaskActionHandler(deps: TaskActionDeps): JobHandler {
  const { store, ambient } = deps;
  return {
    async run(job) {
      const { firingId } = payloadSchema.parse(job.payload);
      const firing = await store.tasks.findFiring(firingId);
      if (firing === null || firing.status !== "running") return DONE;
      const task = await store.tasks.find(firing.task_id);
      if (task === null) return DONE;
      const conversation =
        firing.conversation_id === null ? null : await store.conversations.find(firing.conversation_id);
      const { action } = task.request;
      if (action.type === "dispatch") await dispatch(task, firing, conversation, action);
      else if (conversation === null) await settle(firing, "customer_unreachable");
      else if (action.type === "run_agent") await letAgentWrite(firing, conversation, action.prompt);
      else if (action.type === "start_workflow") await startWorkflow(firing, conversation, action);
      return DONE;
    },

    async onDead(job, error) {
      const { firingId } = payloadSchema.parse(job.payload);
      await store.transaction((tx) => settleFiring(tx, firingId, { status: "failed", error }, ambient));
    },
  };

  async function letAgentWrite(firing: Firing, conversation: Conversation, prompt: string): Promise<void> {
    const { facts, transcript } = await deps.cases.read(conversation, { messages: [], fired: [] });
    const answer = await deps.agent.answer({
      ...questionOf(conversation, { turnId: `t_${firing.id}`, transcript, messages: [], facts }),
      prompt,
    });
    if (answer.text.trim() === "") throw new AppError("agent-silent", "the agent wrote nothing");
    const parts = replyParts(answer);
    await store.transaction(async (tx) => {
      const current = await tx.conversations.find(conversation.id);
      const live = await tx.tasks.findFiring(firing.id);
      if (current === null || live?.status !== "running" || live.attempts > firing.attempts) return;
      // A person took it while the agent wrote: the firing waits, the words are written anew later.
      if (current.holder === "human") await tx.tasks.updateFiring(firing.id, { status: "waiting" });
      else await sendForFiring(tx, firing, current, parts, ambient);
    });
  }

  async function startWorkflow(
    firing: Firing,
    conversation: Conversation,
    { workflow, input }: Extract<Action, { type: "start_workflow" }>,
  ): Promise<void> {
    const pictures = await takeAll(input.images ?? []);
    const words = input.demand ?? input.words ?? "";
    const kind = workflow === "find-image" ? "find" : workflow === "process-image" ? "process" : "design";
    const read = await deps.readDemand({ words, pictures });
    const opened = await deps.desk.open(conversation, {
      sourceId: firing.id,
      kind,
      services: kind === "find" ? ["find_image"] : kind === "process" ? read.services : [],
      operations: kind === "process" ? read.operations : [],
      // A find order that nobody has searched for yet is searched by its workflow.
      local: kind === "process" && read.local,
      ...(kind === "process" && read.handmade !== undefined ? { handmade: read.handmade } : {}),
      urgent: read.urgent,
      words,
      pictures,
    });
    await store.transaction((tx) =>
      settleFiring(
        tx,
        firing.id,
        { status: "completed", result: { image_task_id: opened.order.id } },
        ambient,
      ),
    );
  }

  /** The firing ends when 图绘 has taken the order (order-events.ts), not when we have asked. */
  async function dispatch(
    _task: Task,
    firing: Firing,
    conversation: Conversation | null,
    action: Extract<Action, { type: "dispatch" }>,
  ): Promise<void> {
    if (conversation === null) {
      await settle(firing, "customer_unreachable");
      return;
    }
    const pictures = await takeAll(action.images);
    const opened = await deps.desk.open(conversation, {
      sourceId: firing.id,
      kind: "design",
      services: [],
      operations: [],
      local: false,
      urgent: action.priority === "high",
      words: action.requirements.join("\n"),
      pictures,
    });
    if (opened.order.status === "rejected") {
      await settle(firing, "risk_rejected");
      return;
    }
    await store.transaction(async (tx) => {
      const order = await tx.orders.find(opened.order.id);
      if (order?.status === "draft")
        await dispatchOrder(deps.deskDeps, tx, order, {
          reason: "designer_dispatch",
          cause: "task",
          words: null,
        });
    });
  }

  async function takeAll(urls: readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const url of urls) {
      const taken = await takePicture(deps.door, { url });
      if (!taken.ok)
        throw new AppError("picture-refused", `a picture of the task was refused: ${taken.refusal}`);
      ids.push(taken.value.id);
    }
    return ids;
  }

  async function settle(firing: Firing, error: string): Promise<void> {
    await store.transaction((tx) => settleFiring(tx, firing.id, { status: "failed", error }, ambient));
  }
}
