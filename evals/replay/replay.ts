import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Conversation } from "../../src/domain/conversations/conversation.ts";
import type { SaidMessage } from "../../src/domain/conversations/message.ts";
import { errorText } from "../../src/domain/errors.ts";
import type { FileStore, PictureFetcher } from "../../src/domain/pictures/ports.ts";
import type { Store } from "../../src/domain/records.ts";
import { refuse } from "../../src/domain/result.ts";
import { type Clockwork, openClockwork } from "../scenarios/clockwork.ts";
import { modelSettings, type RealModel } from "../scenarios/stage.ts";
import { type Act, type RecordedConversation, readHistory, tasksForAll } from "./history.ts";
import { createPlayer, MERGE_WINDOW_MS, SETTLES_MS } from "./player.ts";
import { compareTold, type Difference, readTold, type Told } from "./told.ts";
import { createWorkGate } from "./work-gate.ts";

export type Replayed = {
  conversationId: string;
  turns: number;
  difference: Difference | null;
  /** What could not be done as it was done then, such as a designer's delivery of an order that is not there now. */
  skipped: string[];
};

const UNREACHABLE: PictureFetcher = { fetch: async () => refuse("fetch-failed") };

/**
 * Plays conversations again, from what was recorded of them, in a service of its own with empty records and the shop's
 * gallery and pictures: what customers, people, designers and 天网 did is done again at its time, and what is told and
 * comes of it now is compared with then. Customers' other conversations are not played unless they are given too.
 *
 * @param configDir - the shop's settings of now
 * @param settings - of its environment, what a conversation goes by
 * @param model - answers instead of the rules, which stay its last rung
 */
export async function replay(
  conversations: readonly Conversation[],
  source: { store: Store; files: FileStore },
  {
    configDir,
    settings = {},
    model = null,
    onReplayed,
  }: {
    configDir: string;
    settings?: Record<string, string>;
    model?: RealModel | null;
    onReplayed: (one: Replayed) => void;
  },
): Promise<void> {
  const recorded: (RecordedConversation & { taskIds: string[]; was: Told })[] = [];
  for (const one of conversations) {
    const history = await readHistory(source.store, one);
    const given = history.acts.flatMap((act) => (act.does === "gives a task" ? [act.request.task_id] : []));
    // Before it is played: a service may go on with the conversation meanwhile.
    recorded.push({ ...history, taskIds: given, was: await readTold(source.store, one.id, given) });
  }
  // What is given for all customers is nobody's in particular.
  const forAll = (await tasksForAll(source.store)).map((act) => ({ of: null, act }));
  const acts = [...forAll, ...recorded.flatMap((of) => of.acts.map((act) => ({ of, act })))].sort(
    (one, other) => one.act.at - other.act.at,
  );
  const [first] = acts;
  if (first === undefined) return;

  const dir = mkdtempSync(join(tmpdir(), "tianwang-replay-"));
  const gate = createWorkGate();
  const opening = openClockwork({
    dir,
    // A gallery looks for changes only now and then.
    at: first.act.at - SETTLES_MS,
    rulesOnly: model === null,
    settings: {
      CONFIG_DIR: configDir,
      ...settings,
      MERGE_WINDOW_MS: String(MERGE_WINDOW_MS),
      ...(model === null ? {} : modelSettings(model)),
    },
    around: (outside) => ({
      ...outside,
      store: gate.around(outside.store),
      // What was fetched then is at hand; nobody outside is asked or told anything.
      fetcher: UNREACHABLE,
      webImages: null,
      webPages: null,
      files: {
        ...outside.files,
        get: async (file) => (await outside.files.get(file)) ?? (await source.files.get(file)),
      },
    }),
  });
  try {
    const clockwork = await opening;
    await bringShop(source.store, clockwork, recorded);
    await clockwork.start();
    const player = createPlayer(clockwork, gate, source);
    const skipped = new Map<string, string[]>();
    for (const { of, act } of acts) {
      const conversation = of?.conversation ?? null;
      try {
        await player.play(conversation, act);
      } catch (error) {
        const id = conversation?.id ?? "";
        skipped.set(id, [...(skipped.get(id) ?? []), `${act.does}: ${errorText(error)}`]);
      }
    }
    await player.end(recorded.map(({ conversation }) => conversation));
    for (const { conversation, was, taskIds } of recorded) {
      const is = await readTold(clockwork.service.store, conversation.id, taskIds);
      onReplayed({
        conversationId: conversation.id,
        turns: was.turns.length,
        difference: compareTold(was, is),
        skipped: skipped.get(conversation.id) ?? [],
      });
    }
  } finally {
    await opening.then((opened) => opened.close()).catch(() => {});
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The gallery, who is not served, and what was seen in the pictures then: reading them again would take long. */
async function bringShop(
  from: Store,
  { service }: Clockwork,
  recorded: readonly RecordedConversation[],
): Promise<void> {
  const { store } = service;
  for (const item of await from.gallery.all()) await store.gallery.put(item);
  for (const { id, platform } of await from.customers.blacklisted())
    await store.customers.setBlacklisted(id, platform, true);
  const pictures = new Set(recorded.flatMap(({ acts }) => acts.flatMap(picturesOf)));
  for (const id of pictures) {
    const picture = await from.pictures.find(id);
    if (picture !== null) await store.pictures.add(picture);
  }
}

function picturesOf(act: Act): string[] {
  if (act.does === "decides" || act.does === "designs") return act.files;
  const messages: SaidMessage[] = act.does === "says" ? act.messages : "message" in act ? [act.message] : [];
  return messages.flatMap(({ parts }) =>
    parts.flatMap((part) =>
      part.type === "image" && part.picture_id !== undefined ? [part.picture_id] : [],
    ),
  );
}
