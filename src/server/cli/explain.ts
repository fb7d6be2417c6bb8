import { AppError } from "../../domain/errors.ts";
import { silentLog } from "../../domain/log.ts";
import { yuan } from "../../domain/replies.ts";
import { openStore } from "../outside.ts";
import { loadEnv } from "../process-env.ts";
import { projectRoot } from "../project-root.ts";
import { readTurnStory, type TurnStory } from "../turn-story.ts";
import { runCommand } from "./json-lines.ts";
import { readArguments } from "./settings.ts";

const USAGE = `用法: npm run -s explain -- 轮次号或消息号 [--json]
  这一轮从头到尾：客户说了什么、触发了什么、由谁答、用了哪些工具、订单报价和风险怎么定的、回复发出去没有、各用了多久`;

/** `npm run explain`: a turn's whole story, from the records. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, { json: { type: "boolean" } });
  const [id, ...rest] = positionals;
  if (id === undefined || rest.length > 0) throw new AppError("usage", USAGE);
  const root = projectRoot();
  const { store } = await openStore(loadEnv(root), { root, now: Date.now, log: silentLog });
  try {
    const story = await readTurnStory(store, id);
    if (story === null) throw new AppError("not-found", `没有这一轮: ${id}（通知和天网的消息不属于哪一轮）`);
    console.log(values.json === true ? JSON.stringify(story, null, 2) : linesOf(story).join("\n"));
  } finally {
    await store.close();
  }
});

function linesOf({ turn, customerId, said, fired, replies, orders, handoffs }: TurnStory): string[] {
  const { queued_at, started_at, ended_at } = turn;
  return [
    `轮次  ${turn.id}`,
    `会话  ${turn.conversation_id}（客户 ${customerId}）`,
    `时间  ${timeOf(queued_at)} 排队，等 ${started_at - queued_at} ms，答 ${ended_at - started_at} ms`,
    `应答  ${turn.agent} / ${turn.rung}，${turn.outcome}；工具 ${turn.tools.join("、") || "没有用"}`,
    `版本  ${Object.entries(turn.versions)
      .map(([of, version]) => `${of} ${version}`)
      .join("，")}`,
    ...knowledgeLines(turn),
    "",
    ...said.flatMap(({ text, at, pictures }) => [
      `${timeOf(at)}  客户: ${oneLine(text) || "（只有图）"}`,
      ...pictures.map(
        ({ id, width, height, text: words }) =>
          `    图 ${id.slice(0, 12)} ${width}×${height}，图上文字${words === null ? "没有读过" : `: ${oneLine(words) || "（无）"}`}`,
      ),
    ]),
    ...fired.map(
      ({ task_id, status, error }) =>
        `    触发天网任务 ${task_id}: ${status}${error === null ? "" : `（${error}）`}`,
    ),
    ...orders.flatMap((order) => orderLines(order, turn)),
    ...handoffs.map(({ id, reason, status }) => `    转人工 ${id}: ${reason}，现在 ${status}`),
    ...replies.map(
      ({ text, author, status, attempts, error, at, settled_at }) =>
        `${timeOf(at)}  ${author}: ${oneLine(text)}\n    ${status}，发了 ${attempts} 次${settled_at === null ? "" : `，用 ${settled_at - at} ms`}${error === null ? "" : `，${error}`}`,
    ),
  ];
}

function knowledgeLines({ knowledge: { status, citations } }: TurnStory["turn"]): string[] {
  if (status === "n/a") return [];
  return [`知识  ${status}${citations.map(({ title }) => `《${title}》`).join("")}`];
}

function orderLines(
  { id, kind, status, moves, demands, quote, risk }: TurnStory["orders"][number],
  { started_at, ended_at }: TurnStory["turn"],
): string[] {
  const isLater = (issuedAt: number) => issuedAt < started_at || issuedAt > ended_at;
  return [
    `    订单 ${id}（${kind}），现在 ${status}`,
    ...moves.map(({ from, to, cause }) => `      ${from ?? "新建"} → ${to}（${cause}）`),
    ...demands.map(
      ({ revision, text, status: of, price_delta_fen }) =>
        `      要求 ${revision}（${of}${price_delta_fen === 0 ? "" : `，${yuan(price_delta_fen)} 元`}）: ${oneLine(text)}`,
    ),
    ...(quote === null
      ? []
      : [
          `      ${isLater(quote.issued_at) ? "现在的报价" : "报价"} ${yuan(quote.total_fen)} 元（${quote.status}，价目 ${quote.rules_version.slice(0, 12)}）: ${[...quote.items.map(({ reason }) => reason), ...quote.reasons].join("；")}`,
        ]),
    ...(risk === null
      ? []
      : [
          `      ${isLater(risk.issued_at) ? "现在的风险" : "风险"} ${risk.assessment.decision}，${risk.assessment.score} 分${risk.assessment.reasons.map(({ rule, evidence }) => `；${rule}「${oneLine(evidence)}」`).join("")}`,
        ]),
  ];
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}
