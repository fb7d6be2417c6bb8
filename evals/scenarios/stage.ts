import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { aPhoto } from "../../sandbox/pictures.ts";
import { startTuhui } from "../../sandbox/tuhui.ts";
import { JOB_KINDS } from "../../src/domain/jobs/jobs.ts";
import { silentLog } from "../../src/domain/log.ts";
import { readEnv } from "../../src/env.ts";
import { fingerprintPicture } from "../../src/integrations/pictures/fingerprint.ts";
import { createApp } from "../../src/server/app.ts";
import { wire } from "../../src/server/wire.ts";
import { indexedDocuments } from "../helpdesk/question-sets.ts";
import { createPictureBook } from "./pictures.ts";
import { createPlatform } from "./platform.ts";
import type { EvaluatedAgent, Outage, World } from "./scenario.ts";
import { keepingBack, type StageHooks, watchedStore, workingAs } from "./stage-outside.ts";
import { configOf } from "./world-config.ts";
import { modelTimeoutMs, startScripted, WEB_PAGE } from "./world-model.ts";

const GALLERY = 8;
const MERGE_WINDOW_MS = 1_500;
/** Longer than any merge window and than the first retry of a job. */
const SETTLES_MS = 7_000;
const WHILE_WORKING_MS = 10_000;

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
          MODEL_TIMEOUT_MS: String(modelTimeoutMs(world)),
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
