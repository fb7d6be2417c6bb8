import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { agentOf } from "../../src/domain/conversations/agent-of.ts";
import type { Conversation } from "../../src/domain/conversations/conversation.ts";
import { errorText } from "../../src/domain/errors.ts";
import { silentLog } from "../../src/domain/log.ts";
import { isPostgresUrl } from "../../src/env.ts";
import { createLibsqlBackup } from "../../src/server/libsql-backup.ts";
import { databaseFileOf, openStore } from "../../src/server/outside.ts";
import { loadEnv } from "../../src/server/process-env.ts";
import { modelNameSchema } from "../models/model-options.ts";
import { inParallel } from "../trials/in-parallel.ts";
import { inProcess } from "../trials/in-process.ts";
import type { Replayed } from "./replay.ts";
import type { ReplayOrder } from "./worker.ts";

/** What may be another file than the shop's own, and where it lies in its settings. */
const CHANGEABLE = {
  pricing: "pricing.yaml",
  risk: "risk.yaml",
  playbook: "playbook.yaml",
  replies: "replies.yaml",
  faq: "faq.yaml",
  prompt: "prompts/shop.md",
};
type Changeable = keyof typeof CHANGEABLE;
const CHANGEABLES = Object.keys(CHANGEABLE) as Changeable[];
const USAGE = `npm run replay -- CONVERSATION_ID… | --all [--since DATE]
                  [${CHANGEABLES.map((name) => `--${name} FILE`).join("] [")}]
                  [--model openai/NAME] [--data DIR] [--out FILE]

  Plays recorded conversations of the shop again in a service of its own, by the rules or by a model, and says where
  something else is told now, turn by turn, and where something else comes of it. Ends with 1 when anything differs. The
  records are only read (a database of an older version is brought up to date first); those of a conversation's customer in other conversations count with --all only.
  --since    only of customers who have spoken since then (2026-11-01), with all that they ever said
  --pricing  a file instead of the shop's own; the others likewise; --prompt goes with --model, for the rules read none
  --model    a model at OPENAI_BASE_URL answers, and the rules stay its last rung
  --data     a folder with app.db and files/ instead of DATABASE_URL and DATA_DIR
  --out      every result as one line of JSON`;

const WORKER = new URL("./worker.ts", import.meta.url);
const PROCESSES = availableParallelism() + 1;
/** Each has connections of its own to a database that serves the shop. */
const PROCESSES_BESIDE_A_SHOP = 2;
/** Hundreds of customers of years are played in minutes. */
const STALLED_AFTER_MS = 30 * 60_000;
/** Of one service: enough that opening it does not count, few enough that the processes end together. */
const MOST_AT_A_TIME = 250;
const PIECES_OF_A_PROCESS = 2;
const MOST_CONVERSATIONS = 1_000_000;
const SHOWN = 20;

process.exit(await main());

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      since: { type: "string" },
      model: { type: "string" },
      data: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
      ...(Object.fromEntries(CHANGEABLES.map((name) => [name, { type: "string" }])) as Record<
        Changeable,
        { type: "string" }
      >),
    },
  });
  const since = values.since === undefined ? 0 : Date.parse(values.since);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const model = modelNameSchema.nullable().safeParse(values.model ?? null);
  const isWrong = values.all === positionals.length > 0 || Number.isNaN(since) || !model.success;
  if (isWrong || (values.prompt !== undefined && model.data === null)) {
    console.error(USAGE);
    return 2;
  }
  for (const name of CHANGEABLES) {
    const file = values[name];
    if (file === undefined || existsSync(file)) continue;
    console.error(`--${name}: there is no file ${file}`);
    return 2;
  }
  if (values.data !== undefined) {
    process.env.DATA_DIR = resolve(values.data);
    process.env.DATABASE_URL = `file:${resolve(values.data, "app.db")}`;
    process.env.FILES_STORE = "";
  }
  const dir = mkdtempSync(join(tmpdir(), "tianwang-replayed-"));
  // It may hold a copy of all that customers have said.
  process.once("SIGINT", () => {
    rmSync(dir, { recursive: true, force: true });
    process.exit(130);
  });
  try {
    await standBeside(dir);
    const conversations = await choose(positionals, since);
    if (conversations === null) return 2;
    const configDir = settingsWith(values, dir);
    const begun = performance.now();
    const replayed = await replayAll(conversations, { configDir, model: model.data });
    if (values.out !== undefined) {
      mkdirSync(resolve(values.out, ".."), { recursive: true });
      writeFileSync(values.out, replayed.map((one) => `${JSON.stringify(one)}\n`).join(""));
    }
    return print(replayed, (performance.now() - begun) / 1_000);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Records in a file are copied first: a service may be writing them. */
async function standBeside(dir: string): Promise<void> {
  const env = loadEnv(process.cwd());
  if (isPostgresUrl(env.DATABASE_URL)) return;
  const database = databaseFileOf(env, process.cwd());
  await createLibsqlBackup({ database, mastra: join(dir, "none") }).copyTo(dir);
  process.env.DATABASE_URL = `file:${join(dir, "app.db")}`;
}

async function choose(ids: readonly string[], since: number): Promise<Conversation[] | null> {
  const root = process.cwd();
  const { store } = await openStore(loadEnv(root), { root, now: Date.now, log: silentLog });
  try {
    if (ids.length === 0) {
      const all = (await store.conversations.list({ limit: MOST_CONVERSATIONS })).filter(
        (one) => agentOf(one) === "shop",
      );
      const recent = all.filter((one) => (one.last_inbound_at ?? 0) >= since);
      const customers = new Set(recent.map(({ customer_id }) => customer_id));
      return all.filter(({ customer_id }) => customers.has(customer_id));
    }
    const found = await Promise.all(ids.map((id) => store.conversations.find(id)));
    const missing = ids.filter((_id, at) => found[at] === null);
    if (missing.length > 0) {
      console.error(`no conversation ${missing.join(", ")}`);
      return null;
    }
    return found.filter((one) => one !== null);
  } finally {
    await store.close();
  }
}

/** The shop's settings, with other files in place of some. */
function settingsWith(values: Partial<Record<Changeable, string>>, dir: string): string {
  const own = resolve(process.cwd(), loadEnv(process.cwd()).CONFIG_DIR);
  const changed = CHANGEABLES.filter((name) => values[name] !== undefined);
  if (changed.length === 0) return own;
  const copy = join(dir, "config");
  cpSync(own, copy, { recursive: true });
  for (const name of changed) writeFileSync(join(copy, CHANGEABLE[name]), readFileSync(values[name] ?? ""));
  return copy;
}

/** A customer's conversations stay together: what they ordered in one counts in the other. */
async function replayAll(
  conversations: readonly Conversation[],
  how: Omit<ReplayOrder, "conversationIds">,
): Promise<Replayed[]> {
  const customers = [...Map.groupBy(conversations, ({ customer_id }) => customer_id).values()];
  const processes = isPostgresUrl(loadEnv(process.cwd()).DATABASE_URL) ? PROCESSES_BESIDE_A_SHOP : PROCESSES;
  const fair = Math.ceil(customers.length / (processes * PIECES_OF_A_PROCESS));
  const atATime = Math.min(MOST_AT_A_TIME, fair);
  const pieces = Array.from({ length: Math.ceil(customers.length / atATime) }, (_piece, at) =>
    customers.slice(at * atATime, (at + 1) * atATime).flatMap((own) => own.map(({ id }) => id)),
  );
  const replayed = await inParallel(pieces, processes, async (conversationIds) => {
    try {
      const order: ReplayOrder = { conversationIds, ...how };
      return await inProcess<Replayed>(WORKER, order, { withinMs: STALLED_AFTER_MS });
    } catch (error) {
      const skipped = [errorText(error)];
      return conversationIds.map((conversationId) => ({
        conversationId,
        turns: 0,
        difference: null,
        skipped,
      }));
    }
  });
  return replayed.flat();
}

function print(replayed: readonly Replayed[], seconds: number): number {
  const different = replayed.filter(({ difference, skipped }) => difference !== null || skipped.length > 0);
  for (const { conversationId, difference, skipped } of different.slice(0, SHOWN)) {
    console.log(`\n${conversationId}`);
    const turn = difference?.firstTurn;
    if (turn != null) {
      console.log(`  turn ${turn.turn}: ${turn.said}`);
      for (const line of turn.was) console.log(`    was: ${line.replaceAll("\n", " ")}`);
      for (const line of turn.is) console.log(`    is:  ${line.replaceAll("\n", " ")}`);
    }
    for (const { field, was, is } of difference?.end ?? []) {
      console.log(`  ${field} were: ${was}`);
      console.log(`  ${field} are:  ${is}`);
    }
    for (const what of skipped) console.log(`  could not be done again: ${what}`);
  }
  if (different.length > SHOWN) console.log(`\n… and ${different.length - SHOWN} more (--out FILE has all)`);
  const turns = replayed.reduce((sum, one) => sum + one.turns, 0);
  console.log(
    `\n${replayed.length} conversations, ${turns} turns: ${different.length} differ (${seconds.toFixed(0)} s)`,
  );
  return different.length === 0 ? 0 : 1;
}
