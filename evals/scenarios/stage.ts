import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aPhoto } from "../../sandbox/pictures.ts";
import { JOB_KINDS } from "../../src/domain/jobs/jobs.ts";
import { encodeFingerprint, fingerprintPicture } from "../../src/integrations/pictures/fingerprint.ts";
import type { Service } from "../../src/server/wire.ts";
import { indexedDocuments } from "../helpdesk/question-sets.ts";
import { openClockwork } from "./clockwork.ts";
import { createPictureBook } from "./pictures.ts";
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
  const scripted = model === null && world.model !== "none" ? await startScripted(world) : null;
  const outages = new Set<Outage>();
  const galleryFiles = new Set<string>();
  const hooks: StageHooks = { afterBegin: null, beforeCommit: null, whileWorking: null };
  const clockwork = await openClockwork({
    dir,
    at: Date.parse(world.at),
    rulesOnly: scripted === null && model === null,
    settings: {
      CONFIG_DIR: configOf(world, { configDir, dir }),
      MERGE_WINDOW_MS: String(MERGE_WINDOW_MS),
      ...(scripted === null
        ? {}
        : {
            MODEL: "scripted",
            OPENAI_BASE_URL: scripted.url,
            MODEL_TIMEOUT_MS: String(modelTimeoutMs(world)),
          }),
      ...(model === null ? {} : modelSettings(model)),
    },
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
  const { service, tuhui, platform, idle, now, skip } = clockwork;
  tuhui.knobs.isDown = world.designers === "away";
  if (agent === "shop") for (const file of await fillGallery(service)) galleryFiles.add(file);
  else
    for (const { document, chunks } of await indexedDocuments())
      await service.store.knowledge.putDocument(document, chunks, 0);
  await clockwork.start();

  /** The minutes go by step by step, so that what follows from one thing is there before the next is due. */
  const pass = (ms: number) => clockwork.goTo(now() + ms);

  return {
    agent,
    service,
    pictures,
    tuhui,
    hooks,
    now,
    pass,
    upload: clockwork.upload,
    request: clockwork.request,
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
      skip(SETTLES_MS);
      const until = performance.now() + WHILE_WORKING_MS;
      for (const kind of JOB_KINDS) service.jobs.wake(kind, 0);
      while ((await service.store.messages.pending(conversationId)).length > 0) {
        if (performance.now() > until) throw new Error("nobody answers while the engine works");
        await new Promise((done) => setTimeout(done, 5));
      }
      await platform.deliver(conversationId);
    },
    /** A moment: what is said in it has its own place in the order of things. */
    tick: () => skip(1),
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
    /** What is still on its way in any of these conversations arrives, and no time goes by. */
    async arrive(conversationIds: readonly string[]): Promise<void> {
      await idle();
      for (const id of conversationIds) await platform.deliver(id);
      await idle();
    },
    /** What the bot said in a conversation while a person had it. */
    spokeWhileHeld: platform.spokeWhileHeld,
    async close(): Promise<void> {
      await clockwork.close();
      await scripted?.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The environment of a service that asks this model. */
export function modelSettings({ name, baseUrl, timeoutMs, apiKey }: RealModel): Record<string, string> {
  return {
    MODEL: name,
    OPENAI_BASE_URL: baseUrl,
    MODEL_TIMEOUT_MS: String(timeoutMs),
    ...(apiKey === null ? {} : { OPENAI_API_KEY: apiKey }),
  };
}

/** In memory at once, and in the records for whoever reads them. */
async function fillGallery({ gallery, files, store }: Service): Promise<string[]> {
  const put: string[] = [];
  for (let seed = 1; seed <= GALLERY; seed += 1) {
    const bytes = await aPhoto(seed);
    const file = await files.put(bytes);
    put.push(file);
    const fingerprint = await fingerprintPicture(bytes);
    const title = seed === 5 ? "小猫插画" : `图案${seed}`;
    const item = { id: `g${seed}`, title, tags: [], description: "", file };
    gallery.add({ ...item, fingerprint });
    await store.gallery.put({ ...item, fingerprint: encodeFingerprint(fingerprint), created_at: 0 });
  }
  return put;
}
