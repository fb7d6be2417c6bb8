import { resolve } from "node:path";
import type { Workflow } from "@mastra/core/workflows";
import { createAnswerNow } from "../conversation/answer-now.ts";
import { createCaseReader } from "../conversation/case-reader.ts";
import { createDeliverHandler } from "../conversation/deliver.ts";
import { createOrderCloseHandler, createOrderEventHandler } from "../conversation/order-events.ts";
import { createPartIntake } from "../conversation/part-intake.ts";
import { createPersonIdleHandler } from "../conversation/person-idle.ts";
import { createReceiveMessage } from "../conversation/receive-message.ts";
import { createTurnHandler } from "../conversation/run-turn.ts";
import { createTakeover } from "../conversation/takeover.ts";
import { createCallbackHandler } from "../conversation/tasks/callbacks.ts";
import { createNoReplyHandler } from "../conversation/tasks/no-reply.ts";
import { createTaskActionHandler } from "../conversation/tasks/task-actions.ts";
import { createTaskExpireHandler, createTaskTimeHandler } from "../conversation/tasks/time-tasks.ts";
import { createTransferHandler } from "../conversation/transfer.ts";
import type { Ambient } from "../domain/clock.ts";
import { errorText } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import { createOrderDesk } from "../domain/orders/order-desk.ts";
import { createDemandReader } from "../domain/orders/read-demand.ts";
import { createTextOnce } from "../domain/pictures/text-once.ts";
import { yuan } from "../domain/replies.ts";
import type { Env } from "../env.ts";
import { createFaqKnowledge } from "../integrations/knowledge/faq.ts";
import { createCallbackSender } from "../integrations/tasks/callback-sender.ts";
import { createCronClock } from "../integrations/tasks/cron.ts";
import { createSafeRegex } from "../integrations/tasks/safe-regex.ts";
import { createDispatchHandlers } from "../workflows/dispatch-jobs.ts";
import { createDispatchToHumanWorkflow } from "../workflows/dispatch-to-human.ts";
import { createFindImageWorkflow } from "../workflows/find-image.ts";
import { createWorkflowHandler } from "../workflows/order-runs.ts";
import { createProcessImageWorkflow } from "../workflows/process-image.ts";
import { atMost } from "./at-most.ts";
import { createVersionKeeper } from "./keep-versions.ts";
import { createFigures } from "./observe/figures.ts";
import { withLogContext } from "./observe/log-context.ts";
import { createTurnWatch } from "./observe/watch-turns.ts";
import { openAgents } from "./open-agents.ts";
import {
  type Channel,
  createChannelWake,
  JOBS_OF_THE_CHANNELS,
  openBridge,
  ownChannels,
} from "./open-channels.ts";
import { openKnowledge } from "./open-knowledge.ts";
import { openMastra, openMastraStorage } from "./open-mastra.ts";
import { openVoice } from "./open-voice.ts";
import { openWecom } from "./open-wecom.ts";
import { orderedId } from "./ordered-id.ts";
import { type Outside, openOutside } from "./outside.ts";
import { openShopConfig } from "./shop-config.ts";
import { createSteadyClock } from "./steady-clock.ts";

/** An orderly end takes less than 20 s: turns that run, acks of what they said (open-channels.ts), and what else runs. */
const LAST_TURNS_MS = 8_000;
const LAST_JOBS_MS = 4_000;
const LAST_TRACES_MS = 1_000;
const LAST_WRITE_MS = 1_000;
const POLL_DESIGNER_MS = 5 * 60_000;

export type WireOptions = {
  root: string;
  version: string;
  log: Log;
  /** True: the rules answer, whatever model is configured. */
  rulesOnly?: boolean;
  /** Where our own HTTP surface is reached, known only once it listens. */
  ownUrl: () => string;
  ambient?: Ambient;
  /** Lets a test stand in for parts of the outside, or break them. */
  around?: (outside: Outside) => Outside;
};

export type Service = Awaited<ReturnType<typeof wire>>;

/** The one place where everything is put together: env → stores → tools → agents → workflows → Mastra. */
export async function wire(env: Env, options: WireOptions) {
  const { root, log } = options;
  const now = createSteadyClock();
  const ambient: Ambient = options.ambient ?? { now, newId: (prefix) => orderedId(prefix, now()) };
  const versions = createVersionKeeper({ now: ambient.now, log });
  const config = openShopConfig({
    dir: resolve(root, env.CONFIG_DIR),
    timezone: env.TZ_BUSINESS,
    now: ambient.now,
    log,
    onLoad: versions.note,
  });

  const opened = await openOutside(env, { root, ambient, log });
  const {
    store,
    jobs,
    files,
    gallery,
    inspector,
    engine,
    imageModel,
    textReader,
    fetcher,
    webImages,
    ...outside
  } = options.around?.(opened) ?? opened;
  versions.keepIn(store.configVersions);
  const regex = createSafeRegex();
  const cron = createCronClock();
  const taskRules = { cron, regex };

  // Rules of the shop
  const readDemand = createDemandReader({
    understand: config.understand,
    pictures: store.pictures,
    ambient,
    rules: config.rules,
  });
  const deskDeps: DeskDeps = {
    store,
    ambient,
    rules: config.rules,
    readText: createTextOnce({ pictures: store.pictures, files, textReader, ambient }),
  };
  const desk = createOrderDesk(deskDeps);

  const mastraStorage = openMastraStorage(env, { root, log });
  const figures = createFigures();
  const watch = createTurnWatch({
    traces: mastraStorage.observability?.getDefaultInstance() ?? null,
    figures,
    log,
  });

  const ticketCallback = { url: env.TICKET_CALLBACK_URL ?? null };
  const knowledge = openKnowledge(env, {
    store,
    synonyms: config.synonyms,
    now: ambient.now,
    log,
  });
  const { agent, tools, parts, rungs } = await openAgents(env, {
    root,
    rulesOnly: options.rulesOnly === true,
    config,
    deskDeps,
    shop: {
      desk,
      gallery,
      files,
      engine,
      readDemand,
      taskRules,
      webImages,
      door: { fetcher, inspector },
      knowledge: createFaqKnowledge(config.faq),
    },
    understand: config.understand,
    helpdesk: { knowledge: knowledge.sources, web: outside.webPages, ticketCallback },
    watch,
    log,
  });

  const workflowDeps = {
    ...deskDeps,
    files,
    gallery,
    engine,
    imageModel,
    inspector,
    textReader,
    log,
    webImages,
    door: { fetcher, inspector },
  };
  const workflows = {
    "find-image": createFindImageWorkflow(workflowDeps),
    "process-image": createProcessImageWorkflow(workflowDeps),
    "dispatch-to-human": createDispatchToHumanWorkflow(workflowDeps),
  };
  const mastra = openMastra({
    ...mastraStorage,
    port: env.STUDIO_PORT,
    agents: parts,
    workflows,
  });

  // Conversation
  const idleReturnMs = env.HUMAN_IDLE_RETURN_MINUTES * 60_000;
  const takeover = createTakeover({
    store,
    ambient,
    idleReturnMs,
    wait: (ms) => new Promise((done) => setTimeout(done, ms)),
  });
  const receiveMessage = createReceiveMessage({
    store,
    ambient,
    mergeWindowMs: env.MERGE_WINDOW_MS,
    idleReturnMs,
  });
  const channelDeps = {
    store,
    files,
    receive: receiveMessage,
    lease: () => ownership.lease(),
    wake: createChannelWake({ store, log }),
    ambient,
    log,
  };
  const bridge = openBridge(env, {
    ...channelDeps,
    root,
    version: options.version,
    profile: config.profile(env.QINGJIAN_PROFILE),
  });
  const voice = openVoice(env, { log });
  const wecom = openWecom(env, {
    ...channelDeps,
    fetcher,
    speak: voice.speak,
    say: () => config.rules().say,
    hold: (conversationId) => takeover.takeOver(conversationId, "platform"),
  });
  const channels: Channel[] = [
    ...(bridge === null ? [] : [{ sender: bridge, start: bridge.start, stop: bridge.stop }]),
    ...wecom.channels,
  ];
  const ownership = ownChannels({ channels, store, jobs, log });
  const senders = new Map(channels.map(({ sender }) => [sender.channel, sender]));
  const cases = createCaseReader({
    store,
    ambient,
    refusalWords: (reason) => config.rules().say(`picture_${reason}`),
  });
  const fileUrl = (file: string) => `${env.FILES_URL ?? options.ownUrl()}/files/${file}`;
  const door = { pictures: store.pictures, files, fetcher, inspector, ambient };
  const intake = createPartIntake({
    ...door,
    messages: store.messages,
    media: wecom.media,
    hear: voice.hear,
    log,
  });
  const answerNow = createAnswerNow({
    store,
    agent,
    intake,
    cases,
    heldWords: (name) => config.rules().say(`${name}_held`),
    ambient,
  });

  function startJobs(): void {
    store.turns
      .forgetEndedCases()
      .catch((error: unknown) => log.warn("turns.cases_not_forgotten", { error: errorText(error) }));
    jobs.start(
      withLogContext({
        turn: createTurnHandler({
          store,
          agent,
          intake,
          cases,
          totalWords: (totalFen) => config.rules().say("demand_added_total", { yuan: yuan(totalFen) }),
          live: (conversation, inReplyTo) =>
            senders.get(conversation.channel)?.live?.(conversation, inReplyTo),
          regex,
          ambient,
          log,
        }),
        deliver: createDeliverHandler({ store, senders, ambient, log }),
        transfer: createTransferHandler({ store, ambient, senders, takeover }),
        "task-time": createTaskTimeHandler({ store, ambient, cron }),
        "task-action": createTaskActionHandler({
          store,
          ambient,
          agent,
          cases,
          desk,
          deskDeps,
          readDemand,
          door,
        }),
        "task-expire": createTaskExpireHandler({ store, ambient }),
        "task-no-reply": createNoReplyHandler({ store, ambient }),
        "task-callback": createCallbackHandler(
          createCallbackSender({
            defaultUrl: env.TIANWANG_CALLBACK_URL === "off" ? null : env.TIANWANG_CALLBACK_URL,
            secret: env.TIANWANG_SECRET ?? null,
            // The receiver compares it with its own wall clock.
            now: Date.now,
          }),
        ),
        "order-event": createOrderEventHandler({ store, ambient }),
        "order-close": createOrderCloseHandler({ store, ambient }),
        workflow: createWorkflowHandler({
          ...deskDeps,
          log,
          workflow: (name) => mastra.getWorkflow(name) as unknown as Workflow,
        }),
        "person-idle": createPersonIdleHandler(takeover),
        ...wecom.handlers(takeover),
        ...(outside.dispatch === null
          ? {}
          : createDispatchHandlers({
              ...workflowDeps,
              fetcher: outside.deliveryFetcher,
              dispatch: outside.dispatch,
              fileUrl,
              callbackUrl: `${env.FILES_URL ?? options.ownUrl()}/api/tuhui/callback`,
              pollEveryMs: POLL_DESIGNER_MS,
            })),
      }),
      JOBS_OF_THE_CHANNELS,
    );
  }

  return {
    env,
    version: options.version,
    mastra,
    store,
    jobs,
    files,
    gallery,
    inspector,
    engine,
    textReader,
    desk,
    takeover,
    bridge,
    wecom,
    ownership,
    agent,
    config,
    understand: config.understand,
    tools,
    receiveMessage,
    answerNow,
    ticketCallback,
    fileUrl,
    taskRules,
    ambient,
    log,
    rungs,
    knowledge,
    figures,
    startJobs,
    /** Lets running turns end and their words go out, gives the bridge and what does not end to others, then closes. */
    async stop(): Promise<void> {
      await atMost(jobs.leave(["turn"]), LAST_TURNS_MS);
      await ownership.stop();
      await jobs.stop(LAST_JOBS_MS);
      await textReader.close();
      await bridge?.recorder.flush();
      await atMost(mastra.observability.flush(), LAST_TRACES_MS);
      await atMost(mastraStorage.close(), LAST_TRACES_MS);
      await atMost(versions.stop(), LAST_WRITE_MS);
      await store.close();
    },
  };
}
