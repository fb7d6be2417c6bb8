import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startModel } from "../model.ts";
import { aPhoto } from "../pictures.ts";
import { startQingjian } from "../qingjian.ts";
import { startTianwang } from "../tianwang.ts";
import { startTuhui } from "../tuhui.ts";
import { startServiceProcess } from "./service-process.ts";

export const GALLERY_SIZE = 12;
const SECRET = `whsec_${Buffer.from("demo-secret-of-thirty-two-bytes!").toString("base64")}`;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export type Order = {
  id: string;
  kind: string;
  status: string;
  total_fen: number | null;
  customer_id: string;
  dispatch_no: string | null;
  revision: number;
  deliveries: { format: string; width: number; height: number; by: string }[];
};
export type Stage = Awaited<ReturnType<typeof setStage>>;

/** All the peers and the service, on free ports and a data folder of their own, with a small gallery imported. */
export async function setStage({
  withModel,
  mergeWindowMs = 150,
  dir: kept,
}: {
  withModel: boolean;
  mergeWindowMs?: number;
  /** A folder for its data, which stays; absent: one of its own, which goes. */
  dir?: string;
}) {
  const dir = kept ?? mkdtempSync(join(tmpdir(), "tianwang-demo-"));
  mkdirSync(dir, { recursive: true });
  const [qingjian, tuhui, tianwang, model] = [
    await startQingjian(),
    await startTuhui({ secret: SECRET }),
    await startTianwang({ secret: SECRET }),
    await startModel(),
  ];
  const settings = {
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: qingjian.url,
    TUHUI_API_URL: tuhui.url,
    TUHUI_SECRET: SECRET,
    TIANWANG_CALLBACK_URL: tianwang.callbackUrl,
    TIANWANG_SECRET: SECRET,
    MERGE_WINDOW_MS: String(mergeWindowMs),
    ...(withModel
      ? {
          MODEL: "scripted",
          OPENAI_BASE_URL: model.url,
          OPENAI_API_KEY: "sandbox",
          MODEL_TIMEOUT_MS: "10000",
        }
      : {}),
  };
  await importGallery(dir, settings);
  const service = await startServiceProcess(settings);
  await qingjian.connected();
  return {
    dir,
    qingjian,
    tuhui,
    tianwang,
    model,
    service,
    orders: async (customer: string) => {
      const { orders } = await service.get<{ orders: Order[] }>("/api/operations/orders?limit=200");
      return orders.filter((order) => order.customer_id === customer);
    },
    async close() {
      await service.stop();
      for (const peer of [qingjian, tuhui, tianwang, model]) await peer.close();
      if (kept === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** By the operator's own command, as a shop would do it. */
async function importGallery(dir: string, settings: Record<string, string>): Promise<void> {
  const pictures = join(dir, "gallery");
  mkdirSync(pictures, { recursive: true });
  for (let seed = 1; seed <= GALLERY_SIZE; seed += 1)
    writeFileSync(join(pictures, `图案${seed}_插画.png`), await aPhoto(seed));
  execFileSync(process.execPath, ["src/server/cli/gallery.ts", "import", pictures], {
    cwd: ROOT,
    env: { ...process.env, ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** Waits until a record is as it should be; says what it was when it never became so. */
export async function eventually<Value>(
  what: string,
  read: () => Promise<Value>,
  holds: (value: Value) => boolean,
  timeoutMs = 30_000,
): Promise<Value> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > until) throw new Error(`${what}: still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
