import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServiceProcess } from "../sandbox/demo/service-process.ts";
import { startWecom } from "../sandbox/wecom/server.ts";
import { quantile, table } from "./figures.ts";

const PER_SECOND = 50;
const CALLBACKS = 1_000;
const STREAMS = 400;
const KEY = "sk-bench-12345678";

/**
 * How long 企业微信 waits for the acknowledgement of a callback, at 50 a second, with the rules and with a model that never
 * answers; and how soon the first byte of a stream through the gateway comes, with the rules.
 */
export async function benchWecom(): Promise<string> {
  const silent = await startSilentModel();
  const rows: (string | number)[][] = [];
  for (const [what, settings] of [
    ["callback acknowledged, the rules answer", {}],
    ["callback acknowledged, the model is silent", { MODEL: "silent", OPENAI_BASE_URL: silent.url }],
  ] as const)
    rows.push([what, ...summary(await acknowledgements(settings))]);
  const stream = await firstBytes();
  rows.push(["first byte of a stream, one after the other", ...summary(stream.first)]);
  rows.push(["first words of the same streams", ...summary(stream.words)]);
  silent.stop();
  return [
    `${CALLBACKS} callbacks of an app at ${PER_SECOND} a second, each of another member; ${STREAMS} streamed questions to \`helpdesk\` through \`/v1\`.`,
    "",
    table(["", "p50 ms", "p95 ms", "p99 ms", "worst ms"], rows),
  ].join("\n");
}

function summary(ms: number[]): string[] {
  return [0.5, 0.95, 0.99, 1].map((share) => quantile(ms, share).toFixed(1));
}

/** What a callback took from the first byte to the answer, in ms. */
async function acknowledgements(settings: Record<string, string>): Promise<number[]> {
  const members = Array.from({ length: CALLBACKS }, (_none, at) => `member${at}`);
  const wecom = await startWecom({ members });
  const { corpId, apps, callbackToken, encodingAesKey } = wecom.company;
  const service = await openService({
    ...settings,
    WECOM_API_BASE: wecom.url,
    WECOM_CORP_ID: corpId,
    WECOM_AGENT_ID: String(apps[0]?.agentId),
    WECOM_SECRET: apps[0]?.secret ?? "",
    WECOM_TOKEN: callbackToken,
    WECOM_AES_KEY: encodingAesKey,
  });
  try {
    wecom.knobs.app.url = `${service.url}/wecom/app`;
    for (let warm = 0; warm < 20; warm += 1) await wecom.say({ userid: "member0", text: "你好" });
    const taken: number[] = [];
    const begun = performance.now();
    await Promise.all(
      members.map(async (userid, at) => {
        const due = begun + (at * 1_000) / PER_SECOND;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
        const from = performance.now();
        const { isAccepted } = await wecom.say({ userid, text: "VPN 连不上怎么办" });
        if (!isAccepted) throw new Error("a callback was not accepted");
        taken.push(performance.now() - from);
      }),
    );
    return taken;
  } finally {
    await service.stop();
    await wecom.close();
  }
}

async function firstBytes(): Promise<{ first: number[]; words: number[] }> {
  const service = await openService({ OPENAI_API_SERVER_KEYS: `bench:${KEY}:100000` });
  try {
    const first: number[] = [];
    const words: number[] = [];
    for (let at = 0; at < STREAMS + 20; at += 1) {
      const from = performance.now();
      const response = await fetch(`${service.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
        body: JSON.stringify({
          model: "helpdesk",
          stream: true,
          user: `u${at}`,
          messages: [{ role: "user", content: "VPN 连不上怎么办" }],
        }),
      });
      let isFirst = true;
      let text = "";
      for await (const chunk of response.body ?? []) {
        if (isFirst && at >= 20) first.push(performance.now() - from);
        isFirst = false;
        const hadWords = /"content":"[^"]/u.test(text);
        text += Buffer.from(chunk).toString("utf8");
        if (!hadWords && /"content":"[^"]/u.test(text) && at >= 20) words.push(performance.now() - from);
      }
      if (!text.includes("[DONE]")) throw new Error(`the stream broke off: ${text.slice(0, 200)}`);
    }
    return { first, words };
  } finally {
    await service.stop();
  }
}

/** A service of its own that has no shop, only an IT desk. */
async function openService(settings: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-"));
  const service = await startServiceProcess({
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: "off",
    TIANWANG_CALLBACK_URL: "off",
    TUHUI_API_URL: "off",
    MERGE_WINDOW_MS: "0",
    ...settings,
  });
  return {
    url: service.url,
    async stop(): Promise<void> {
      await service.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** An OpenAI endpoint that takes every question and says nothing. */
async function startSilentModel() {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
