import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { setStage } from "../demo/stage.ts";
import { buyersOf, ERRANDS } from "./buyers.ts";
import { type Conversation, MERGE_WINDOW_MS, playTraffic } from "./play-traffic.ts";
import { logHash, trafficLog } from "./traffic-log.ts";

const USAGE = `npm run traffic -- [--seed 1] [--buyers 50] [--at-once 8] [--out FILE] [--data DIR] [--keep]
  Lets so many buyers talk to a whole service over its WebSocket: work, questions, haggling, silence, abuse. The same
  seed says and hears the same. The log is what was said (data/traffic/SEED.log).
  --data  keeps the records and pictures there, in a folder that is not there yet
  --keep  leaves the service running when all have ended, with their records`;

process.exit(await main());

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      buyers: { type: "string", default: "50" },
      "at-once": { type: "string", default: "8" },
      out: { type: "string" },
      data: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [seed, count, atOnce] = [values.seed, values.buyers, values["at-once"]].map(Number);
  const isWhole = (value: number | undefined, least: number) =>
    Number.isInteger(value) && Number(value) >= least;
  if (values.help || !isWhole(seed, 0) || !isWhole(count, 1) || !isWhole(atOnce, 1)) {
    (values.help ? console.log : console.error)(USAGE);
    return values.help ? 0 : 2;
  }
  if (values.data !== undefined && existsSync(values.data)) {
    console.error(`${values.data} is there already`);
    return 2;
  }
  const out = values.out ?? join("data", "traffic", `${values.seed}.log`);
  const stage = await setStage({
    withModel: false,
    mergeWindowMs: MERGE_WINDOW_MS,
    ...(values.data === undefined ? {} : { dir: resolve(values.data) }),
  });
  try {
    const begun = performance.now();
    let ended = 0;
    const conversations = await playTraffic(buyersOf(Number(seed), Number(count)), stage, {
      atOnce: Number(atOnce),
      onEnd: () => {
        ended += 1;
        if (ended % 50 === 0) console.log(`${ended} of ${count} buyers have ended`);
      },
    });
    const seconds = (performance.now() - begun) / 1_000;
    const log = trafficLog(conversations);
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, log);
    print(conversations, seconds);
    console.log(`${out}: ${logHash(log)}`);
    if (values.keep) await untilStopped(stage.service.url);
    return conversations.every(({ unanswered }) => unanswered === 0) ? 0 : 1;
  } finally {
    await stage.close();
  }
}

function print(conversations: readonly Conversation[], seconds: number): void {
  for (const errand of ERRANDS) {
    const those = conversations.filter(({ buyer }) => buyer.errand === errand);
    if (those.length === 0) continue;
    const lines = those.flatMap((it) => it.lines);
    const said = lines.filter(({ from }) => from === "buyer").length;
    const silent = those.reduce((sum, { unanswered }) => sum + unanswered, 0);
    console.log(
      `${errand.padEnd(18)} ${String(those.length).padStart(4)} buyers, ${said} said, ${lines.length - said} heard${silent === 0 ? "" : `, ${silent} NOT ANSWERED`}`,
    );
  }
  console.log(`${seconds.toFixed(0)} s`);
}

async function untilStopped(url: string): Promise<void> {
  console.log(`the service stays at ${url}; Ctrl+C ends it`);
  await new Promise((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
}
