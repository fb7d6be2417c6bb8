import type { KnowledgeChunk } from "../../domain/knowledge/knowledge.ts";
import type { Say } from "../../domain/replies.ts";
import { type HelpdeskLexicon, readHelpdeskWish } from "../../domain/understanding/helpdesk-lexicon.ts";
import { PICTURES_ONLY } from "../case-prompt.ts";
import { call, field, type NextStep, type Situation, told } from "./situation.ts";

/** A problem in fewer characters says nothing to whoever shall mend it. */
const LEAST_PROBLEM = 4;
/** A question so short that begins or ends like this stands on the one before it: 那 Mac 呢. */
const SHORT_QUESTION = 12;
const FOLLOWS = /^(?:那|还有|如果是|要是|换成)|呢[？?]?$/u;
const MOST_SUMMARY = 200;
const MOST_TITLE = 40;
/** What is near is named, at most so many of it and only if it speaks of that much. */
const MOST_NEAR = 2;
const NEAR_ENOUGH = 0.3;

/**
 * The rules' side of the IT desk: looks a question up and gives the best passage with its source, the fixed sentence when
 * there is none, a ticket or a colleague when that is asked for. Deterministic.
 */
export function createHelpdeskDecider({ lexicon, say }: { lexicon: HelpdeskLexicon; say: () => Say }) {
  return function decide({ facts, messages, earlier, done }: Situation): NextStep {
    // Words that were said to a person, or in a call that failed, are not asked now.
    const said = messages.at(-1)?.trim() ?? "";
    const text = said === PICTURES_ONLY ? "" : said;
    const isAskedForProblem = facts.last_bot.includes(say()("ticket_ask_problem"));
    const earlierWords = earlier.map(({ words }) => words);
    const saying = (key: string, values?: Record<string, string | number>): NextStep => ({
      type: "say",
      text: say()(key, values),
    });
    if (facts.task_prompt !== undefined) return saying("helpdesk_follow_up");
    const wish = readHelpdeskWish(text, lexicon);
    switch (wish.intent) {
      case "nothing":
        if (facts.refused_pictures.length > 0)
          return { type: "say", text: facts.refused_pictures.map(({ words }) => words).join("\n") };
        return saying(
          facts.pictures.some((picture) => picture.new) ? "helpdesk_picture" : "helpdesk_greeting",
        );
      case "greeting":
        return saying("helpdesk_greeting");
      case "thanks":
        return saying("helpdesk_thanks");
      case "handoff":
        return using("hand-off", done, {
          reason: "customer_asked",
          summary: summaryOf([...earlierWords.slice(-1), text]),
        });
      case "ticket": {
        const problem =
          wish.problem.length >= LEAST_PROBLEM ? wish.problem : (lastQuestion(earlierWords) ?? "");
        if (problem.length < LEAST_PROBLEM) return saying("ticket_ask_problem");
        return openTicket(problem, text, done);
      }
      case "question":
        // What was asked for is said now.
        if (isAskedForProblem && text.length >= LEAST_PROBLEM) return openTicket(text, text, done);
        return answer(question(text, lastQuestion(earlierWords)), done);
    }
  };

  function openTicket(problem: string, text: string, done: Situation["done"]): NextStep {
    return using("create-ticket", done, {
      title: cut(problem.replaceAll(/\s*\n\s*/gu, "，"), MOST_TITLE),
      description: summaryOf([...new Set([problem, text])]),
      priority: "normal",
    });
  }

  /** What was asked before; not a thanks for its answer. */
  function lastQuestion(earlier: readonly string[]): string | undefined {
    return earlier.findLast((line) => readHelpdeskWish(line, lexicon).intent === "question");
  }

  function answer(query: string, done: Situation["done"]): NextStep {
    const search = done.find((use) => use.tool === "search-knowledge");
    if (search === undefined) return call("search-knowledge", { query });
    const chunks = (field(search.output, "chunks") ?? []) as KnowledgeChunk[];
    const best = chunks.find(({ answers }) => answers);
    if (best !== undefined) return { type: "say", text: cited(best) };
    if (field(search.output, "status") === "failed")
      return { type: "say", text: say()("helpdesk_search_failed") };
    const near = chunks
      .filter(({ score }) => score >= NEAR_ENOUGH)
      .map(({ source }) => `《${source.title}》`);
    const offer =
      near.length === 0
        ? say()("helpdesk_offer")
        : say()("helpdesk_offer_near", { titles: [...new Set(near)].slice(0, MOST_NEAR).join("") });
    return { type: "say", text: `${say()("helpdesk_unknown")}\n${offer}` };
  }

  function cited({ text, source: { title, url } }: KnowledgeChunk): string {
    return `${text.trim()}\n${url === undefined ? say()("helpdesk_source", { title }) : say()("helpdesk_source_url", { title, url })}`;
  }
}

function using(tool: string, done: Situation["done"], input: Record<string, unknown>): NextStep {
  const use = done.find((it) => it.tool === tool);
  return use === undefined ? call(tool, input) : told(use);
}

function question(text: string, before: string | undefined): string {
  const stands = [...text].length > SHORT_QUESTION || !FOLLOWS.test(text);
  return cut(stands || before === undefined ? text : `${before} ${text}`, 500);
}

function summaryOf(lines: readonly string[]): string {
  return cut(lines.filter((line) => line !== "").join(" / "), MOST_SUMMARY);
}

function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}
