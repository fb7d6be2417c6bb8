import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Ambient } from "../domain/clock.ts";
import type { WebSearch } from "../domain/knowledge/web-search.ts";
import type { Log } from "../domain/log.ts";
import type { TaskDispatch } from "../domain/orders/dispatch.ts";
import type {
  FileStore,
  ImageEngine,
  ImageModel,
  PictureFetcher,
  PictureInspector,
  TextReader,
  WebImageSearch,
} from "../domain/pictures/ports.ts";
import type { Store } from "../domain/records.ts";
import { type Env, isPostgresUrl } from "../env.ts";
import type { EditableGallery } from "../integrations/pictures/gallery.ts";
import { createPictureFetcher } from "../integrations/pictures/guarded-fetcher.ts";
import { createSharpImageEngine } from "../integrations/pictures/image-engine.ts";
import { createImageModel } from "../integrations/pictures/image-model.ts";
import { createPictureInspector } from "../integrations/pictures/inspector.ts";
import { openLiveGallery } from "../integrations/pictures/live-gallery.ts";
import { createTextReader } from "../integrations/pictures/ocr/reader.ts";
import { createSearxngImageSearch } from "../integrations/searxng/image-search.ts";
import { createSearxngPageSearch } from "../integrations/searxng/page-search.ts";
import { createTuhuiDispatch } from "../integrations/tuhui/tuhui.ts";
import type { WakeableJobRunner } from "../store/job-lanes.ts";
import { openPostgresStore } from "../store/postgres/store.ts";
import { openLibsqlStore } from "../store/store.ts";
import { openFiles } from "./open-files.ts";

const OCR_IDLE_MS = 60_000;

/** Everything that keeps something or can fail by itself: what the rules, tools and workflows stand on. */
export type Outside = {
  store: Store;
  jobs: WakeableJobRunner;
  files: FileStore;
  gallery: EditableGallery;
  inspector: PictureInspector;
  engine: ImageEngine;
  /** Null: what our own engine cannot do goes to a designer. */
  imageModel: ImageModel | null;
  /** Null: the IT desk does not look on the web. */
  webPages: WebSearch | null;
  /** Null: only the shop's own gallery is searched. */
  webImages: WebImageSearch | null;
  textReader: TextReader;
  fetcher: PictureFetcher;
  /** For what 图绘 delivers, which lies on 图绘's own host: a stranger's URL must not reach that. */
  deliveryFetcher: PictureFetcher;
  /** Null: switched off, and what is for 图绘 waits in the queue. */
  dispatch: TaskDispatch | null;
};

/** Opens the records, the files and the engines as the environment says. */
export async function openOutside(
  env: Env,
  { root, ambient, log }: { root: string; ambient: Ambient; log: Log },
): Promise<Outside> {
  const dataDir = resolve(root, env.DATA_DIR);
  mkdirSync(dataDir, { recursive: true });
  const { store, jobs } = await openStore(env, { root, now: ambient.now, log });
  const inspector = createPictureInspector();
  const allowHosts = env.FETCH_ALLOW_HOSTS?.split(",") ?? [];
  const tuhui = env.TUHUI_API_URL === "off" ? null : env.TUHUI_API_URL;
  return {
    store,
    jobs,
    files: await openFiles(env, root),
    gallery: await openLiveGallery({ records: store.gallery, now: ambient.now, log }),
    inspector,
    engine: createSharpImageEngine(),
    imageModel:
      env.IMAGE_MODEL === undefined
        ? null
        : createImageModel({
            model: (await modelProvider(env)).imageModel(env.IMAGE_MODEL.replace(/^openai\//u, "")),
            inspector,
          }),
    webImages: env.SEARXNG_URL === undefined ? null : createSearxngImageSearch({ url: env.SEARXNG_URL, log }),
    webPages: env.SEARXNG_URL === undefined ? null : createSearxngPageSearch({ url: env.SEARXNG_URL, log }),
    textReader: createTextReader({
      log,
      idleMs: OCR_IDLE_MS,
      // Studio runs a bundle of us, which holds no other files.
      workerPath: join(root, "src/integrations/pictures/ocr/worker.ts"),
    }),
    fetcher: createPictureFetcher({ allowHosts, log }),
    deliveryFetcher: createPictureFetcher({
      allowHosts: tuhui === null ? allowHosts : [...allowHosts, new URL(tuhui).host],
      log,
    }),
    dispatch: tuhui === null ? null : createTuhuiDispatch({ baseUrl: tuhui }),
  };
}

/** The records and their jobs, in the database that DATABASE_URL names. */
export async function openStore(
  env: Env,
  { root, now, log }: { root: string; now: () => number; log: Log },
): Promise<{ store: Store; jobs: WakeableJobRunner }> {
  const parts = { now, random: Math.random, log };
  return isPostgresUrl(env.DATABASE_URL)
    ? await openPostgresStore({ ...parts, url: env.DATABASE_URL })
    : await openLibsqlStore({ ...parts, file: databaseFileOf(env, root) });
}

export function databaseFileOf(env: Env, root: string): string {
  return env.DATABASE_URL === "file::memory:"
    ? ":memory:"
    : resolve(root, env.DATABASE_URL.slice("file:".length));
}

/** The endpoint that MODEL, FALLBACK_MODEL and IMAGE_MODEL are asked at. */
export async function modelProvider(env: Env) {
  // Reads the environment when it is loaded, and stumbles over settings that are there and empty: loadEnv has been first.
  const { createOpenAI } = await import("@ai-sdk/openai");
  return createOpenAI({
    // An endpoint of one's own may need no key; the SDK insists on one.
    apiKey: env.OPENAI_API_KEY ?? "none",
    ...(env.OPENAI_BASE_URL === undefined ? {} : { baseURL: env.OPENAI_BASE_URL }),
  });
}
