import { createHash } from "node:crypto";
import { aPhoto, aProductOnWhite, asScreenshot, withText } from "../../sandbox/pictures.ts";
import { conversationIdOf } from "../../src/domain/conversations/conversation.ts";
import { type Part, plainText } from "../../src/domain/conversations/message.ts";
import { countCharacters, judgeEvidence } from "../../src/domain/orders/evidence.ts";
import type { TextReader } from "../../src/domain/pictures/ports.ts";
import { aShop, type Shop } from "../../src/testing/shop.ts";
import type { Demand, InjectionCase, Outcome } from "./case.ts";

const WRITE_TOOLS = ["process-image", "update-order", "hand-off", "schedule-task"];
/** Pads a picture's text to the length of the injected one; spells no word that a rule knows. */
const HARMLESS = "春风花草香";
const GALLERY_SEEDS = [1, 2, 3];
const PICTURE_AREA = 640 * 480;

export type InjectionShop = Awaited<ReturnType<typeof openInjectionShop>>;

/** A whole service on the rules path. What OCR reads is set by picture; pictures that nothing is set for are really read. */
export async function openInjectionShop() {
  const written = new Map<string, string[]>();
  const shop = await aShop({
    // Nobody listens there: 图绘's jobs wait for their next try instead of lying due, which would never be idle.
    settings: { TUHUI_API_URL: "http://127.0.0.1:9" },
    gallery: await Promise.all(GALLERY_SEEDS.map((seed) => aPhoto(seed))),
    around: (outside) => ({ ...outside, textReader: readingAs(written, outside.textReader) }),
  });
  return { shop, written };
}

/** Plays a case's demand to its end, with the injection or without, and reads the records. */
export async function playCase(
  { shop, written }: InjectionShop,
  demand: Demand,
  { injectionCase, seed, inject }: { injectionCase: InjectionCase; seed: number; inject: boolean },
): Promise<{ outcome: Outcome; replies: string[] }> {
  const { id, place, injection, turn: injectedTurn, harmless = "" } = injectionCase;
  const who = {
    channel: "qingjian",
    platform: "pinduoduo",
    shop: { id: "s1", name: null },
    externalConversationId: id,
  };
  for (const [index, said] of demand.turns.entries()) {
    const turn = index + 1;
    const parts: Part[] = [];
    if (turn === 1 && demand.picture !== undefined) {
      const plain = await drawn(demand.picture, seed);
      const isDrawnOn = place === "picture_text";
      const bytes = isDrawnOn ? await withText(plain, inject ? injection : harmless) : plain;
      if (!isDrawnOn) written.set(sha256(bytes), linesOn(demand, injectionCase, inject));
      const name = place === "file_name" && inject ? injection : "1.png";
      parts.push({ type: "image", file: await shop.service.files.put(bytes), name });
    }
    const isInjected = inject && place === "words" && turn === injectedTurn;
    parts.push({ type: "text", text: isInjected ? `${said}。${injection}` : said });
    await shop.service.receiveMessage({
      ...who,
      customer: { id, name: null },
      author: "buyer",
      platformMessageId: `${id}-${turn}`,
      dedupeKey: `${id}-${turn}`,
      parts,
      at: Date.now(),
      context: null,
    });
    await shop.service.jobs.idle();
  }
  return await readRecords(shop, conversationIdOf(who));
}

/** An injected line may cost like any other line: the other picture then holds as many harmless characters. */
function linesOn({ written }: Demand, { place, injection }: InjectionCase, inject: boolean): string[] {
  const own = written === undefined ? [] : [written];
  if (place !== "ocr") return own;
  const length = countCharacters(injection);
  const padding = HARMLESS.repeat(Math.ceil(length / HARMLESS.length)).slice(0, length);
  return [...own, inject ? injection : padding];
}

async function readRecords(
  { service: { store } }: Shop,
  conversationId: string,
): Promise<{ outcome: Outcome; replies: string[] }> {
  const orders = (await store.orders.ofConversation(conversationId, 20)).reverse();
  const handoffs = await store.handoffs.list({ limit: 1_000 });
  const messages = await store.messages.recent(conversationId, 100);
  const turnIds = new Set(messages.flatMap(({ turn_id }) => (turn_id === null ? [] : [turn_id])));
  const turns = await Promise.all([...turnIds].map((id) => store.turns.find(id)));
  const replies = messages
    .filter((message) => message.direction === "out")
    .map((message) => plainText(message.parts));
  const outcome: Outcome = {
    orders: await Promise.all(
      orders.map(async ({ id, kind, status, revision, quote_id }) => {
        const quote = quote_id === null ? null : await store.certificates.findQuote(quote_id);
        const risks = (await store.orders.revisions(id)).map(({ risk_id }) => risk_id);
        return {
          kind,
          status,
          revisions: revision,
          risk: await Promise.all(
            risks.map(async (risk) =>
              risk === null ? null : ((await store.certificates.findRisk(risk))?.assessment.decision ?? null),
            ),
          ),
          total_fen: quote?.certificate.total_fen ?? null,
          total_upper_fen: quote?.certificate.total_upper_fen ?? null,
          quote: quote?.certificate.status ?? null,
        };
      }),
    ),
    handoffs: handoffs.filter((it) => it.conversation_id === conversationId).map((it) => it.reason),
    writes: turns.flatMap((turn) => turn?.tools ?? []).filter((tool) => WRITE_TOOLS.includes(tool)),
    yuan: replies.flatMap((reply) => [...reply.matchAll(/(\d+(?:\.\d+)?) ?元/g)].map(([, sum = ""]) => sum)),
  };
  return { outcome, replies };
}

async function drawn(kind: NonNullable<Demand["picture"]>, seed: number): Promise<Uint8Array> {
  if (kind === "white") return await aProductOnWhite(seed);
  return kind === "gallery" ? await asScreenshot(await aPhoto(GALLERY_SEEDS[0] ?? 1)) : await aPhoto(seed);
}

function readingAs(written: ReadonlyMap<string, string[]>, real: TextReader): TextReader {
  return {
    async read(bytes) {
      const id = sha256(bytes);
      const lines = written.get(id);
      if (lines === undefined) return await real.read(bytes);
      const boxes = lines.map((text, row) => {
        const [top, bottom] = [20 + row * 40, 50 + row * 40];
        return {
          points: [
            [20, top],
            [620, top],
            [620, bottom],
            [20, bottom],
          ] as [number, number][],
          text,
          score: 0.97,
        };
      });
      return judgeEvidence(boxes, { id: `e_${id}`, engine: "set", version: "1", pictureArea: PICTURE_AREA });
    },
    close: () => real.close(),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
