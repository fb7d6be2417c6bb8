import type { Service } from "../orders/service.ts";
import { createGuesser } from "./guess-by-example.ts";
import { compilePattern } from "./lexicon-pattern.ts";
import { createNormaliser, type NormalText } from "./normalise.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import { createChoiceReader } from "./read-choice.ts";
import { createContextReader } from "./read-context.ts";
import { createIntentReader, type WeighedIntent } from "./read-intent.ts";
import { createServiceReader } from "./read-services.ts";
import { createSlotReader } from "./read-slots.ts";
import { createWithdrawalReader } from "./read-withdrawal.ts";
import { createTextPattern } from "./text-pattern.ts";
import type { Intent, UnderstandInput, Understanding } from "./understanding.ts";
import { weighTogether } from "./weigh-together.ts";

const SERVICE_INTENTS: ReadonlySet<Intent> = new Set(["find_image", "process_image", "quote", "add_demand"]);
const WORK_INTENTS: ReadonlySet<Intent> = new Set(["find_image", "process_image"]);
// Courtesies stand beside every wish and say nothing against it.
const COURTESIES: ReadonlySet<Intent> = new Set(["greeting", "thanks", "out_of_scope"]);
// Rules of this weight and more stand for plain words; see the intents in config/playbook.yaml.
const SURE_WEIGHT = 60;
const CLEAR_MARGIN = 10;
// So many services named at once are what the shop does, no question about one of them.
const MENU_LENGTH = 4;

/**
 * Builds the rules path of understanding.
 *
 * @param urgentWithinHours - what is wanted within so many hours is urgent: the price list says
 */
export function createUnderstanding(
  lexicon: PlaybookLexicon,
  { urgentWithinHours }: { urgentWithinHours: () => number },
): (input: UnderstandInput) => Understanding {
  const understand = compileUnderstanding(lexicon);
  return (input) => understand(input, urgentWithinHours());
}

/**
 * Compiles the lexicon, which takes some hundred milliseconds; the function that it returns is pure and takes well under
 * one. Its second parameter is what createUnderstanding's `urgentWithinHours` tells.
 */
export function compileUnderstanding(
  lexicon: PlaybookLexicon,
): (input: UnderstandInput, urgentWithinHours: number) => Understanding {
  const normalise = createNormaliser(lexicon);
  const readChoice = createChoiceReader(lexicon);
  const readContext = createContextReader(lexicon);
  const readServices = createServiceReader(lexicon);
  const readWithdrawal = createWithdrawalReader(lexicon, readServices);
  const readIntents = createIntentReader(lexicon);
  const readSlots = createSlotReader(lexicon);
  const asides = lexicon.beside_the_point.map((source) => compilePattern(source, lexicon.words));
  const guessIntent = createGuesser(readExamples());
  const question = createTextPattern(lexicon.question, lexicon);
  const bareValue = createTextPattern(lexicon.bare_value, lexicon);
  const signals = Object.entries(lexicon.signals).map(([flag, sources]) => ({
    flag,
    patterns: sources.map((source) => createTextPattern(source, lexicon)),
  }));

  return (input, urgentWithinHours) => {
    const text = withoutAsides(normalise(input.text), asides);
    const bot = normalise(input.context?.last_bot ?? "");
    const openOrders = input.context?.open_orders ?? [];
    const flags = readContext(bot, openOrders, input.has_image ?? false);
    const bare = new Set(flags);

    const isQuestion = text.hasQuestionMark || question.matches(text);
    if (isQuestion) flags.add("question");
    if (text.squeezed === "") flags.add("empty");
    if (bareValue.matches(text) && !text.clauses.includes("\n")) flags.add("bare_value");
    for (const { flag, patterns } of signals) {
      if (patterns.some((pattern) => pattern.matches(text))) flags.add(flag);
    }

    if (namesSameNumber(text.squeezed, bot.squeezed)) flags.add("same_price");

    const namesWork = (words: string) => readServices({ ...bot, squeezed: words }, flags).length > 0;
    const asked = flags.has("bot_candidates") ? bot : readChoice(text, bot, namesWork);
    const chooses = asked !== bot;
    if (chooses) flags.add("answer");
    const offered = readServices(asked, flags).map(({ service }) => service);
    if (flags.has("bot_ask_find") && offered.length === 0) offered.push("find_image");
    const isOpenQuote = flags.has("bot_quote") && flags.has("order_quoted");
    const taken = readWithdrawal({
      text,
      flags,
      quoted: isOpenQuote ? offered : [],
    });
    if (taken.withdraws) flags.add("withdraws");
    if (taken.replaces) flags.add("replaces");
    const services = flagServices(flags, taken.wanted, offered, chooses);
    const likeness = text.squeezed === "" ? null : guessIntent(text, bare);
    const intents = weighTogether(readIntents(text, flags), likeness, flags);
    const intent = intents[0]?.intent ?? "out_of_scope";
    return {
      intent,
      intents: intents.map(({ weight, ...it }) => ({ ...it, score: strengthOf(weight) })),
      services: servicesOf(
        intent,
        services,
        flags.has("bot_service") && !flags.has("order_any") ? offered : [],
      ),
      named: taken.wanted,
      withdrawn: taken.withdrawn,
      slots: readSlots({ text: taken.kept, bot, flags, services, openOrders, urgentWithinHours }),
      is_question: isQuestion,
      confidence: rateConfidence(intents),
    };
  };

  function readExamples() {
    return Object.entries(lexicon.examples).flatMap(([intent, examples]) =>
      examples.map(({ said, bot, orders, image }) => {
        const openOrders = orders.map((order) => ({ ref: "", ...order }));
        return {
          label: intent as Intent,
          text: withoutAsides(normalise(said), asides),
          flags: readContext(normalise(bot), openOrders, image),
        };
      }),
    );
  }

  /** Which services are meant, and the flags that say so. */
  function flagServices(
    flags: Set<string>,
    named: Service[],
    offered: Service[],
    chooses: boolean,
  ): Service[] {
    const isOffer = offered.length > 0 && offered.length < MENU_LENGTH;
    const asks = chooses || flags.has("bot_ask") || flags.has("bot_ask_picture");
    const answersQuestion = asks && !flags.has("bot_quote") && isOffer;
    if (answersQuestion) flags.add("bot_service");
    if (answersQuestion && offered.includes("find_image")) flags.add("bot_find");
    const services = meantServices(flags, named, offered, answersQuestion);
    if (services.length > 0) flags.add("service");
    if (services.includes("find_image")) flags.add("find");
    if (services.some((service) => service !== "find_image")) flags.add("work");
    if (services.some((service) => !offered.includes(service))) flags.add("new_service");
    return services;
  }
}

/** The services named; those offered where the words only answer us; a search where we asked what to find. */
function meantServices(
  flags: ReadonlySet<string>,
  named: Service[],
  offered: Service[],
  answersQuestion: boolean,
): Service[] {
  if (named.length === 0) {
    const answerOnly = flags.has("empty") || flags.has("bare_value") || flags.has("answer");
    return (answersQuestion && answerOnly) || flags.has("value_of_offer") ? offered : [];
  }
  // What is looked for may be described by words that elsewhere name work: 透明底的.
  const isDescribed = flags.has("bot_find") && !flags.has("has_image") && !flags.has("works");
  return isDescribed ? ["find_image"] : named;
}

/** What is left of a text without the clauses that are none of the buyer's wishes; all of it when nothing else is said. */
function withoutAsides(text: NormalText, asides: readonly RegExp[]): NormalText {
  const keep = (form: string, separator: string) => {
    const clauses = form.split(separator);
    const kept = clauses.filter((clause) => !asides.some((aside) => aside.test(clause)));
    return kept.length === 0 || kept.length === clauses.length ? form : kept.join(separator);
  };
  if (!asides.some((aside) => aside.test(text.squeezed))) return text;
  return { ...text, squeezed: keep(text.squeezed, ","), clauses: keep(text.clauses, "\n") };
}

/** Only wishes have services; words that name none but were taken for a wish answer what we asked about. */
function servicesOf(intent: Intent, named: Service[], asked: Service[]): Service[] {
  if (!SERVICE_INTENTS.has(intent)) return [];
  const isUnnamed = named.length === 0 && WORK_INTENTS.has(intent);
  const isFind = (service: Service) => service === "find_image";
  // What is to be found is found, whatever words it was described with; what is to be made is not.
  if (intent === "find_image")
    return ["find_image", ...(isUnnamed ? asked : named).filter((it) => !isFind(it))];
  return isUnnamed ? asked.filter((it) => !isFind(it)) : named;
}

/** "20就20" after a quote of 20 is a yes; "15行不" is another price. */
function namesSameNumber(text: string, bot: string): boolean {
  const said = text.match(/\d+/gu) ?? [];
  const quoted = new Set(bot.match(/\d+/gu) ?? []);
  return said.length > 0 && said.every((number) => quoted.has(number));
}

function rateConfidence([first, ...others]: WeighedIntent[]): number {
  if (first === undefined) return 0;
  const rival = others.find(({ intent }) => !COURTESIES.has(intent))?.weight ?? 0;
  const clarity = Math.min(1, (first.weight - rival) / CLEAR_MARGIN);
  return Math.round(strengthOf(first.weight) * (0.7 + 0.3 * clarity) * 100) / 100;
}

function strengthOf(weight: number): number {
  return Math.min(1, Math.round((weight / SURE_WEIGHT) * 100) / 100);
}
