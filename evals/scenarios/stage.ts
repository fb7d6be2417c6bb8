import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { type ChatRequest, type Step, startModel, toolAnswers } from "../../sandbox/model.ts";
import { aPhoto } from "../../sandbox/pictures.ts";
import { startTuhui } from "../../sandbox/tuhui.ts";
import { field } from "../../src/agents/rules/situation.ts";
import { createDeliverHandler } from "../../src/conversation/deliver.ts";
import { plainText } from "../../src/domain/conversations/message.ts";
import type { MessageSender } from "../../src/domain/conversations/sender.ts";
import { AppError } from "../../src/domain/errors.ts";
import { JOB_KINDS } from "../../src/domain/jobs/jobs.ts";
import type { KnowledgeStore } from "../../src/domain/knowledge/ports.ts";
import { silentLog } from "../../src/domain/log.ts";
import type { FileStore } from "../../src/domain/pictures/ports.ts";
import type { Records, Store } from "../../src/domain/records.ts";
import { readEnv } from "../../src/env.ts";
import { fingerprintPicture } from "../../src/integrations/pictures/fingerprint.ts";
import { createApp } from "../../src/server/app.ts";
import type { Outside } from "../../src/server/outside.ts";
import { wire } from "../../src/server/wire.ts";
import { indexedDocuments } from "../helpdesk/question-sets.ts";
import { createPictureBook } from "./pictures.ts";
import type { EvaluatedAgent, Outage, World } from "./scenario.ts";

const GALLERY = 8;
const MERGE_WINDOW_MS = 1_500;
/** Longer than any merge window and than the first retry of a job. */
const SETTLES_MS = 7_000;
const MODEL_TIMEOUT_MS = 300;
/** A model that answers must not be late on a busy machine. */
const ABLE_MS = 20_000;
const WHILE_WORKING_MS = 10_000;
const WEB_PAGE = { title: "公开资料", url: "https://www.example.com/how-to" };
const CHANNELS = ["qingjian", "wecom-app"];
const OFFICE_DAYS = ["1", "2", "3", "4", "5"];

/** A model of somebody's own, instead of the world's: asked over the network, so with a time limit of its own. */
export type RealModel = { name: string; baseUrl: string; apiKey: string | null; timeoutMs: number };

export type StageOptions = {
  model?: RealModel | null;
  /** Where the shop's settings lie. */
  configDir?: string;
};

export type Stage = Awaited<ReturnType<typeof openStage>>;

/**
 * A whole service in this process with its own records, a clock that only goes on when told to, and stand-ins for
 * everything outside. Nothing in it depends on how fast the machine is.
 */
export async function openStage(
  agent: EvaluatedAgent,
  world: World,
  { model = null, configDir = "config" }: StageOptions = {},
) {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-stage-"));
  const pictures = createPictureBook();
  const tuhui = await startTuhui({ now: () => clock });
  tuhui.knobs.isDown = world.designers === "away";
  const scripted = model === null && world.model !== "none" ? await startScripted(world) : null;
  let clock = Date.parse(world.at);
  let ownUrl = "";
  const outages = new Set<Outage>();
  const galleryFiles = new Set<string>();
  const hooks: StageHooks = { afterBegin: null, beforeCommit: null, whileWorking: null };

  const env = readEnv({
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    CONFIG_DIR: configOf(world, { configDir, dir }),
    QINGJIAN_WS_URL: "off",
    TIANWANG_CALLBACK_URL: "off",
    TUHUI_API_URL: tuhui.url,
    MERGE_WINDOW_MS: String(MERGE_WINDOW_MS),
    ...(scripted === null
      ? {}
      : {
          MODEL: "scripted",
          OPENAI_BASE_URL: scripted.url,
          MODEL_TIMEOUT_MS: String(world.model === "able" ? ABLE_MS : MODEL_TIMEOUT_MS),
        }),
    ...(model === null
      ? {}
      : {
          MODEL: model.name,
          OPENAI_BASE_URL: model.baseUrl,
          MODEL_TIMEOUT_MS: String(model.timeoutMs),
          ...(model.apiKey === null ? {} : { OPENAI_API_KEY: model.apiKey }),
        }),
  });
  const service = await wire(env, {
    root: process.cwd(),
    version: "eval",
    log: silentLog,
    rulesOnly: scripted === null && model === null,
    ownUrl: () => ownUrl,
    ambient: { now: () => clock, newId: (prefix) => `${prefix}_${randomUUID().replaceAll("-", "")}` },
    around: (outside) => ({
      ...outside,
      store: watchedStore(outside.store, hooks, world),
      files: keepingBack(outside.files, (file) => outages.has("gallery") && galleryFiles.has(file)),
      engine: workingAs(outside.engine, {
        hooks,
        world,
        isBroken: () => world.engine === "fails" || outages.has("engine"),
        keepWords: pictures.keepWords,
      }),
      textReader: pictures.textReader,
      webPages: world.web ? { search: async (query) => [{ ...WEB_PAGE, text: `关于${query}` }] } : null,
    }),
  });
  if (agent === "shop") for (const file of await fillGallery(service)) galleryFiles.add(file);
  else
    for (const { document, chunks } of await indexedDocuments())
      await service.store.knowledge.putDocument(document, chunks, 0);
  const platform = createPlatform(service);
  const app = createApp(service);
  // 图绘 calls back over the network.
  const http = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await once(http, "listening");
  ownUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  service.startJobs();
  await idle();

  async function idle(): Promise<void> {
    for (const kind of JOB_KINDS) service.jobs.wake(kind, 0);
    await service.jobs.idle();
  }

  /** The minutes go by step by step, so that what follows from one thing is there before the next is due. */
  async function pass(ms: number): Promise<void> {
    clock += ms;
    await idle();
  }

  return {
    agent,
    service,
    pictures,
    tuhui,
    hooks,
    now: () => clock,
    pass,
    /** Something is away from now on, or there again. */
    setOutage(of: Outage, isAway: boolean): void {
      if (of === "designers") tuhui.knobs.isDown = isAway;
      else if (isAway) outages.add(of);
      else outages.delete(of);
    },
    /**
     * Time goes by while a job of ours still runs, which no `pass` would outlast: what is due meanwhile is begun, and is
     * over when nothing of the conversation waits any more.
     */
    async passWhileWorking(conversationId: string): Promise<void> {
      clock += SETTLES_MS;
      const until = performance.now() + WHILE_WORKING_MS;
      for (const kind of JOB_KINDS) service.jobs.wake(kind, 0);
      while ((await service.store.messages.pending(conversationId)).length > 0) {
        if (performance.now() > until) throw new Error("nobody answers while the engine works");
        await new Promise((done) => setTimeout(done, 5));
      }
      await platform.deliver(conversationId);
    },
    /** A moment: what is said in it has its own place in the order of things. */
    tick(): number {
      clock += 1;
      return clock;
    },
    /** Everything that has been said is answered, delivered, and has had its effect. */
    async settle(conversationId: string): Promise<void> {
      await idle();
      for (let time = 0; time < 2; time += 1) {
        await platform.deliver(conversationId);
        await pass(SETTLES_MS);
      }
      await platform.deliver(conversationId);
      await idle();
    },
    /** What the bot said in a conversation while a person had it. */
    spokeWhileHeld: platform.spokeWhileHeld,
    async upload(bytes: Uint8Array): Promise<string> {
      const response = await app.request("/api/operations/pictures", {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
        body: bytes as BodyInit,
      });
      const kept = (await response.json()) as { picture: { id: string } };
      return kept.picture.id;
    },
    request: async (path: string, body: unknown) =>
      await app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    async close(): Promise<void> {
      http.close();
      await service.stop();
      await tuhui.close();
      await scripted?.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The customers' side of the channels: shows everything at once, by the very handler that delivers elsewhere. */
function createPlatform({ store, ambient }: Awaited<ReturnType<typeof wire>>) {
  const whileHeld = new Map<string, string[]>();
  const senderOf = (channel: string): MessageSender => ({
    channel,
    dedupes: () => true,
    prepare:
      async ({ conversation: { id }, idempotencyKey, parts }) =>
      async () => {
        const [now, message] = await Promise.all([
          store.conversations.find(id),
          store.messages.find(idempotencyKey),
        ]);
        if (now?.holder === "human" && message?.author !== "person")
          whileHeld.set(id, [...(whileHeld.get(id) ?? []), plainText(parts)]);
        return { status: "acked" };
      },
    transfer: async () => false,
  });
  const senders = new Map(CHANNELS.map((channel) => [channel, senderOf(channel)]));
  const handler = createDeliverHandler({ store, senders, ambient, log: silentLog });
  return {
    async deliver(conversationId: string): Promise<void> {
      const job = {
        id: "0",
        kind: "deliver" as const,
        payload: { conversationId },
        attempt: 1,
        maxAttempts: 1,
      };
      await handler.run(job);
    },
    spokeWhileHeld: (conversationId: string): string[] => whileHeld.get(conversationId) ?? [],
  };
}

/** What a trial may slip in between: each is called once and then forgotten. */
export type StageHooks = {
  /** After a turn has taken its burst, before it answers. */
  afterBegin: ((conversationId: string) => Promise<void>) | null;
  /** When a turn has written everything and is about to commit; may throw, and the turn is undone. */
  beforeCommit: ((conversationId: string) => void) | null;
  /** When our engine has done its work and has not handed it over. */
  whileWorking: (() => Promise<void>) | null;
};

function watchedStore(store: Store, hooks: StageHooks, world: World): Store {
  return {
    ...store,
    knowledge: world.knowledge === "fails" ? unreachable(store.knowledge) : store.knowledge,
    conversations: {
      ...store.conversations,
      async beginTurn(id, fence) {
        const isOurs = await store.conversations.beginTurn(id, fence);
        const hook = hooks.afterBegin;
        if (isOurs && hook !== null) {
          hooks.afterBegin = null;
          await hook(id);
        }
        return isOurs;
      },
    },
    transaction: (work) => store.transaction((tx) => work(watchedRecords(tx, hooks))),
  };
}

function watchedRecords(tx: Records, hooks: StageHooks): Records {
  return {
    ...tx,
    turns: {
      ...tx.turns,
      async add(turn) {
        await tx.turns.add(turn);
        const hook = hooks.beforeCommit;
        hooks.beforeCommit = null;
        hook?.(turn.conversation_id);
      },
    },
  };
}

function unreachable(knowledge: KnowledgeStore): KnowledgeStore {
  const fail = () => Promise.reject(new AppError("store-unavailable", "the knowledge cannot be read"));
  return { ...knowledge, size: fail, frequencies: fail, postings: fail, chunks: fail };
}

function workingAs(
  engine: Outside["engine"],
  {
    hooks,
    world,
    isBroken,
    keepWords,
  }: {
    hooks: StageHooks;
    world: World;
    isBroken: () => boolean;
    keepWords: (of: Uint8Array, made: Uint8Array) => void;
  },
): Outside["engine"] {
  return {
    ...engine,
    async apply(bytes, job) {
      if (isBroken()) throw new AppError("operation-failed", "the engine broke");
      const result = await engine.apply(bytes, job);
      keepWords(bytes, result.bytes);
      const hook = hooks.whileWorking;
      hooks.whileWorking = null;
      await hook?.();
      return result;
    },
    check: async (original, result, job) =>
      world.engine === "spoils" ? ["it is blank"] : await engine.check(original, result, job),
  };
}

/** The file store, without the files that are away. */
function keepingBack(files: FileStore, isAway: (file: string) => boolean): FileStore {
  return {
    ...files,
    get: async (file) => (isAway(file) ? null : await files.get(file)),
  };
}

async function fillGallery({ gallery, files }: Awaited<ReturnType<typeof wire>>): Promise<string[]> {
  const put: string[] = [];
  for (let seed = 1; seed <= GALLERY; seed += 1) {
    const bytes = await aPhoto(seed);
    const file = await files.put(bytes);
    put.push(file);
    gallery.add({
      id: `g${seed}`,
      title: seed === 5 ? "小猫插画" : `图案${seed}`,
      tags: [],
      description: "",
      file,
      fingerprint: await fingerprintPicture(bytes),
    });
  }
  return put;
}

/** The shop's own settings, but for what the world changes in a copy. */
function configOf(world: World, { configDir, dir }: { configDir: string; dir: string }): string {
  if (!world.office_hours && !world.require_payment) return configDir;
  const copy = join(dir, "config");
  cpSync(configDir, copy, { recursive: true });
  if (world.require_payment)
    replaceIn(join(copy, "pricing.yaml"), /^require_payment: false$/mu, "require_payment: true");
  if (world.office_hours)
    replaceIn(join(copy, "replies.yaml"), /^ {4}"(\d)": .*$/gmu, (_line, day: string) =>
      OFFICE_DAYS.includes(day) ? `    "${day}": [["09:00", "18:00"]]` : `    "${day}": []`,
    );
  return copy;
}

function replaceIn(path: string, from: RegExp, to: string | ((...match: string[]) => string)): void {
  const before = readFileSync(path, "utf8");
  const after = typeof to === "string" ? before.replace(from, to) : before.replace(from, to);
  if (after === before) throw new Error(`${path} does not say ${from} any more`);
  writeFileSync(path, after);
}

/** A model that is there and no good: the ladder must leave it. */
async function startScripted({ model }: World) {
  const scripted = await startModel();
  scripted.play((request) => {
    switch (model) {
      case "able":
        return ableStep(request);
      case "down":
        return { status: 500 };
      case "slow":
        return { hang: true };
      case "empty":
        return { text: "" };
      case "promising":
        return { text: "好的亲，已经帮您转人工了，也已下单，马上发给您。" };
      case "wrong_call":
        return { toolCalls: [{ name: "give-away", args: { everything: true } }] };
      default:
        return { garbage: "<html>502 Bad Gateway</html>" };
    }
  });
  return scripted;
}

/** Does what the rules never do (a reminder, a designer instead of the quote, a search on the web) and says what came of it. */
function ableStep(request: ChatRequest): Step {
  const [answer] = toolAnswers(request);
  if (answer !== undefined) {
    const told = field(answer, "tell");
    return { text: typeof told === "string" ? told : `网上查到：${WEB_PAGE.title} ${WEB_PAGE.url}` };
  }
  const words = String(request.messages.findLast(({ role }) => role === "user")?.content ?? "");
  const orderId = /"id":"(o_[^"]+)"/u.exec(JSON.stringify(request.messages).replaceAll('\\"', '"'))?.[1];
  if (words.includes("设计师") && orderId !== undefined)
    return {
      toolCalls: [
        { name: "hand-off", args: { reason: "designer_dispatch", summary: "要设计师做", order_id: orderId } },
      ],
    };
  if (words.includes("提醒"))
    return {
      toolCalls: [{ name: "schedule-task", args: { delay_minutes: 60, message: "您约的时间到啦～" } }],
    };
  const mayBrowse = request.tools?.some((tool) => tool.function.name === "search-web") === true;
  // The rest is left to the rules.
  if (!mayBrowse) return { status: 500 };
  return { toolCalls: [{ name: "search-web", args: { query: words.slice(0, 100) } }] };
}
