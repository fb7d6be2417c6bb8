import type { Service } from "../orders/service.ts";
import { compilePattern } from "./lexicon-pattern.ts";
import type { NormalText } from "./normalise.ts";
import { parseNumber } from "./numbers.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import { createMeasureReader } from "./read-measures.ts";
import { createUrgencyReader } from "./read-urgency.ts";
import { createTextPattern } from "./text-pattern.ts";
import type { Slots, UnderstandInput } from "./understanding.ts";

export type SlotInput = {
  text: NormalText;
  bot: NormalText;
  flags: ReadonlySet<string>;
  services: Service[];
  /** What is wanted within so many hours is urgent: the price list says. */
  urgentWithinHours: number;
  openOrders: NonNullable<NonNullable<UnderstandInput["context"]>["open_orders"]>;
};

const KB_PER_MB = 1024;

/** Takes the values out of a buyer's words that operations, prices and orders need. */
export function createSlotReader(lexicon: PlaybookLexicon): (input: SlotInput) => Slots {
  const pattern = (source: string) => createTextPattern(source, lexicon);
  const { slots } = lexicon;
  const readMeasures = createMeasureReader(lexicon);
  const readPicks = createPickReader(lexicon);
  const readUrgency = createUrgencyReader(lexicon);
  const readSearchWords = createSearchWordsReader(lexicon);
  const colour = pattern(slots.colour);
  const onlyColour = new RegExp(compilePattern(slots.only_colour, lexicon.words).source, "mu");
  const howLong = pattern(slots.how_long);
  const shopRules = pattern(slots.shop_rules);
  const backgroundColour = pattern(slots.background_colour);
  const backgroundWhite = pattern(slots.background_white);
  const backgroundTransparent = pattern(slots.background_transparent);
  const backgroundCut = pattern(slots.background_cut);
  const straighten = pattern(slots.straighten);
  const maxSize = slots.max_kb.map((source) => compilePattern(source, lexicon.words));
  const tones = slots.tones.map(({ match, tone }) => ({ match: pattern(match), tone }));
  const removeText = pattern(slots.remove_text);
  const ownership = pattern(slots.ownership);
  const orderRef = pattern(slots.order_ref);
  const addText = slots.add_text.map((source) => compilePattern(source, lexicon.words));
  const pictures = new RegExp(compilePattern(`({数})${slots.pictures}`, lexicon.words).source, "u");

  const hexOf = (name: string | undefined) =>
    name === undefined ? undefined : (lexicon.colours[name] ?? lexicon.colours[name.replace(/色$/u, "")]);

  return ({ text, bot, flags, services, openOrders, urgentWithinHours }) => {
    const found: Slots = { ...readMeasures(text), ...readUrgency(text, flags, urgentWithinHours) };

    if (backgroundTransparent.matches(text)) found.background = "transparent";
    else if (backgroundWhite.matches(text)) found.background = "white";
    else {
      const background = hexOf(backgroundColour.find(text)?.slice(1).find(Boolean));
      if (background) found.background = background;
      else if (backgroundCut.matches(text)) found.background = "transparent";
    }
    const tone = tones.find(({ match }) => match.matches(text))?.tone;
    if (tone) found.tone = tone;
    if (straighten.matches(text)) found.straighten = true;
    const { kb, mb } = maxSize.map((limit) => limit.exec(text.squeezed)?.groups).find(Boolean) ?? {};
    if (kb ?? mb) found.max_kb = kb ? Number(kb) : Number(mb) * KB_PER_MB;
    const name = colour.find(text)?.[1];
    const hex = hexOf(name);
    if (name && hex) found.colour = { hex, name };
    const answered = onlyColour.exec(text.clauses)?.[1];
    if (answered !== undefined) addAnsweredColour(found, services, { hex: hexOf(answered), name: answered });

    const added = firstGroup(addText, text.written);
    if (added) found.add_text = added;
    if (removeText.matches(text)) found.remove_text = true;
    if (ownership.matches(text)) found.ownership_stated = true;
    if (howLong.matches(text)) found.how_long = true;
    if (shopRules.matches(text)) found.shop_rules = true;

    const picks = flags.has("bot_candidates") ? readPicks(text, bot) : [];
    if (picks.length > 0) found.picks = picks;
    const count =
      picks.length > 0 ? null : parseNumber(pictures.exec(text.squeezed)?.[1] ?? "", lexicon.numbers);
    if (count !== null && count >= 1 && Number.isInteger(count)) found.pictures = count;

    const ref = openOrders.find((order) => text.squeezed.includes(order.ref.toLowerCase()))?.ref;
    const written = ref ?? orderRef.find(text)?.[0].toUpperCase();
    if (written) found.order_ref = written;

    if (services.includes("find_image")) {
      const words = readSearchWords(text);
      if (words) found.search_words = words;
    }
    return found;
  };
}

/** A colour by itself answers what the work leaves open, if that is one thing. */
function addAnsweredColour(
  found: Slots,
  services: readonly Service[],
  { hex, name }: { hex: string | undefined; name: string },
): void {
  if (hex === undefined) return;
  const needsBackground = services.includes("cutout") && found.background === undefined;
  const needsColour = services.includes("recolor") && found.colour === undefined && found.tone === undefined;
  if (needsBackground === needsColour) return;
  if (needsColour) found.colour = { hex, name };
  else found.background = name === "白" ? "white" : hex;
}

function firstGroup(patterns: RegExp[], text: string): string | null {
  for (const pattern of patterns) {
    const group = pattern.exec(text)?.[1]?.trim();
    if (group) return group;
  }
  return null;
}

function createPickReader(lexicon: PlaybookLexicon): (text: NormalText, bot: NormalText) => number[] {
  const chosen = new RegExp(compilePattern(lexicon.slots.pick_number, lexicon.words).source, "gmu");
  const offered = compilePattern(`({数})${lexicon.slots.pictures}`, lexicon.words);
  const positions = lexicon.positions.map(({ match, pick }) => ({
    match: createTextPattern(match, lexicon),
    pick,
  }));

  return (text, bot) => {
    const count = parseNumber(offered.exec(bot.squeezed)?.[1] ?? "", lexicon.numbers) ?? 0;
    const picks = new Set<number>();
    for (const [, digits] of text.clauses.matchAll(chosen)) {
      const pick = parseNumber(digits ?? "", lexicon.numbers);
      if (pick !== null && Number.isInteger(pick) && pick >= 1 && (count === 0 || pick <= count))
        picks.add(pick);
    }
    if (picks.size === 0) {
      for (const { match, pick } of positions) {
        if (match.matches(text)) for (const chosenPick of placesOf(pick, count)) picks.add(chosenPick);
      }
    }
    return [...picks].sort((a, b) => a - b);
  };
}

function placesOf(pick: number, count: number): number[] {
  if (pick > 0) return [pick];
  if (count === 0) return [];
  if (pick === 0) return Array.from({ length: count }, (_, index) => index + 1);
  return pick === -1 ? [count] : [Math.ceil(count / 2)];
}

function createSearchWordsReader(lexicon: PlaybookLexicon): (text: NormalText) => string {
  const noise = lexicon.slots.search_noise.map(
    (source) => new RegExp(compilePattern(source, lexicon.words).source, "gmu"),
  );
  return (text) =>
    text.clauses
      .split("\n")
      .map((clause) => noise.reduce((left, pattern) => left.replace(pattern, ""), clause))
      .map((clause) => clause.trim())
      .filter((clause) => clause.length >= 2)
      .join(" ");
}
