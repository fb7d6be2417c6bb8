import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { aPhoto } from "../pictures.ts";
import { startQingjian, textOf } from "../qingjian.ts";
import { startTuhui } from "../tuhui.ts";

const SETTLE_WITHIN_MS = 15_000;
/** Nothing of ours takes longer to come out, once everything is stored. */
const STILL_MS = 1_500;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SECRET = `whsec_${Buffer.from("steps-secret-of-thirty-two-bytes").toString("base64")}`;

/**
 * A turn that is cut off after the yes was stored answers anew: it then finds an order that is agreed already, and may
 * come after what the order's work has told meanwhile.
 */
const YES_NOTED = [
  "好的，马上开始做，做好第一时间发您。",
  "好的，原图马上发您。",
  "同事已经接手这单了，有进展马上告诉您。",
  "好的～",
];

type Qingjian = Awaited<ReturnType<typeof startQingjian>>;
type Tuhui = Awaited<ReturnType<typeof startTuhui>>;

/** What a buyer's story came to, without the names that differ between buyers. */
export type Ending = {
  orders: { kind: string; status: string; history: string[]; revisions: number }[];
  told: string[];
  doubledKeys: number;
  atTuhui: { requirements: number; supplements: number }[];
  handoffs: string[];
};

export type Scene = {
  buyer: string;
  qingjian: Qingjian;
  tuhui: Tuhui;
  post(path: string, body: unknown): Promise<void>;
  /** Says it, and says it again until the service has it, as the platform does. */
  say(text: string, picture?: Uint8Array): Promise<void>;
  /** The number that 图绘 gave to this buyer's order. */
  dispatchNo(): string;
};

export type StepStory = {
  name: string;
  settings?: Record<string, string>;
  /** Up to where the process may die. */
  prepare(scene: Scene): Promise<void>;
  /** While this goes on, and on what follows from it, the process dies. */
  act(scene: Scene): Promise<void>;
  /** The status in which the buyer's last order ends. */
  ends: string;
};

/** One service with its peers, killed and started again as often as needed. */
export async function openStage(settings: Record<string, string> = {}) {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-steps-"));
  const qingjian = await startQingjian();
  qingjian.knobs.transferOk = true;
  const tuhui = await startTuhui({ secret: SECRET });
  const env = {
    ...process.env,
    HTTP_API_PORT: "0",
    LOG_LEVEL: "silent",
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: qingjian.url,
    TUHUI_API_URL: tuhui.url,
    TUHUI_SECRET: SECRET,
    TIANWANG_CALLBACK_URL: "off",
    MERGE_WINDOW_MS: "0",
    ...settings,
  };
  await importGallery(dir, env);
  let count = 0;
  let url = "";
  let child = await start();

  return { play, playAndDie, endingOf, close };

  async function start(): Promise<ChildProcess> {
    const started = fork(new URL("./dying-service.ts", import.meta.url), {
      cwd: ROOT,
      env,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const hellos = qingjian.received.filter((frame) => frame.kind === "hello").length;
    const [message] = (await once(started, "message")) as [{ url: string }];
    url = message.url;
    await until(() => qingjian.received.filter((frame) => frame.kind === "hello").length > hellos);
    return started;
  }

  /** Plays a story to its end, undisturbed. */
  async function play(story: StepStory): Promise<{ points: string[]; ending: Ending }> {
    const scene = await begin(story, Number.MAX_SAFE_INTEGER);
    await story.act(scene);
    await until(async () => (await ordersOf(scene.buyer))[0]?.status === story.ends);
    await pause(STILL_MS);
    const { seen } = (await told({ report: true }, "seen")) as { seen: string[] };
    return { points: seen, ending: await endingOf(scene.buyer) };
  }

  /** Plays a story; the process kills itself at that point and is started again. Waits for that ending. */
  async function playAndDie(
    story: StepStory,
    dieAt: number,
    whole: Ending,
  ): Promise<{ buyer: string; died: boolean; ending: Ending }> {
    const scene = await begin(story, dieAt);
    const gone = once(child, "exit").then(() => "died" as const);
    const acting = story.act(scene);
    let ending = whole;
    const becomesWhole = () =>
      until(async () => {
        ending = await endingOf(scene.buyer);
        return isDeepStrictEqual(ending, whole);
      });
    // What runs beside each other comes in another order, or not at all: then there is nothing to die at.
    const ended = acting.then(becomesWhole).then(() => "ended" as const);
    const first = await Promise.race([gone, ended.catch(() => "stuck" as const)]);
    const after = first === "ended" ? await Promise.race([gone, told({}, "armed").then(() => first)]) : first;
    if (after === "died") {
      child = await start();
      await acting;
      await becomesWhole().catch(() => undefined);
    }
    await ended.catch(() => undefined);
    return { buyer: scene.buyer, died: after === "died", ending };
  }

  async function begin(story: StepStory, dieAt: number): Promise<Scene> {
    count += 1;
    const scene = sceneOf(`buyer-${count}`);
    await story.prepare(scene);
    await pause(STILL_MS / 2);
    await told({ dieAt }, "armed");
    return scene;
  }

  async function told(message: Record<string, unknown>, answer: string): Promise<Record<string, unknown>> {
    const answered = once(child, "message");
    child.send(message);
    const [value] = (await answered) as [Record<string, unknown>];
    if (!(answer in value)) throw new Error(`the service answered ${JSON.stringify(value)}`);
    return value;
  }

  function sceneOf(buyer: string): Scene {
    return {
      buyer,
      qingjian,
      tuhui,
      post: (path, body) =>
        again(async () => {
          const response = await fetch(`${url}${path}`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          });
          if (!response.ok) throw new Error(`${path} answered ${response.status}`);
        }),
      async say(text, picture) {
        const said = { conversation: buyer, buyer, messageId: `${buyer}-${text}` };
        await again(async () => {
          await (picture === undefined
            ? qingjian.say(said, text, 2_000)
            : qingjian.sendPicture(said, picture, text, 2_000));
        });
      },
      dispatchNo() {
        const order = tuhui.orders.find(
          (it) => (it.request.customer as { id: string } | undefined)?.id === buyer,
        );
        return order?.order_no ?? "";
      },
    };
  }

  async function get<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`${url}${path}`);
    return (await response.json()) as Answer;
  }

  async function ordersOf(buyer: string) {
    const { orders } = await get<{
      orders: { id: string; kind: string; status: string; customer_id: string }[];
    }>("/api/operations/orders?limit=200");
    return orders.filter((order) => order.customer_id === buyer);
  }

  async function endingOf(buyer: string): Promise<Ending> {
    const { handoffs } = await get<{ handoffs: { customer_id: string; reason: string }[] }>(
      "/api/operations/handoffs?limit=200",
    );
    const replies = qingjian.replies(buyer);
    const said = replies.map(textOf);
    const isYesNoted = (text: string) => YES_NOTED.includes(text);
    const orders = await Promise.all(
      (await ordersOf(buyer)).map(async ({ id, kind, status }) => {
        const { history, revisions } = await get<{ history: { to: string }[]; revisions: unknown[] }>(
          `/api/operations/orders/${encodeURIComponent(id)}`,
        );
        return { kind, status, history: history.map((it) => it.to), revisions: revisions.length };
      }),
    );
    const dispatched = tuhui.orders.filter(
      (it) => (it.request.customer as { id: string } | undefined)?.id === buyer,
    );
    return {
      orders,
      told: said.map((text) => (isYesNoted(text) ? "好的" : text)).sort(),
      doubledKeys: replies.length - new Set(replies.map((reply) => reply.idempotency_key)).size,
      atTuhui: dispatched.map((it) => ({
        requirements: (it.request.requirements as unknown[]).length,
        supplements: it.supplements.length,
      })),
      handoffs: handoffs
        .filter((it) => it.customer_id === buyer)
        .map((it) => it.reason)
        .sort(),
    };
  }

  async function close(): Promise<void> {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    await qingjian.close();
    await tuhui.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function importGallery(dir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const pictures = join(dir, "gallery");
  mkdirSync(pictures, { recursive: true });
  for (const seed of [1, 2, 3]) writeFileSync(join(pictures, `图案${seed}_插画.png`), await aPhoto(seed));
  execFileSync(process.execPath, ["src/server/cli/gallery.ts", "import", pictures], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** What a process that dies in the middle does not answer is done again. */
async function again(work: () => Promise<void>): Promise<void> {
  const limit = Date.now() + SETTLE_WITHIN_MS;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (Date.now() > limit) throw error;
      await pause(50);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  await again(async () => {
    if (!(await holds())) throw new Error("it never settled");
  });
}
