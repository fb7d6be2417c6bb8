import { type Env, isPostgresUrl } from "../env.ts";
import { isTextEngineInstalled } from "../integrations/pictures/ocr/text-engine.ts";
import type { RunningService } from "./start.ts";

/** Where the records lie; a password is nobody's business. */
function placeOfRecords(url: string): string {
  if (!isPostgresUrl(url)) return url.slice("file:".length);
  const { host, pathname } = new URL(url);
  return `PostgreSQL ${host}${pathname}`;
}

/** 企业微信's three ways, as far as they are set; the addresses are what its settings page asks for. */
function wecomLines(env: Env, url: string): string[] {
  return [
    ...(env.WECOM_AGENT_ID === undefined
      ? []
      : [`  企业微信  应用 ${env.WECOM_AGENT_ID}，回调 ${url}/wecom/app`]),
    ...(env.WECOM_KF_SECRET === undefined
      ? []
      : [`  微信客服  ${env.WECOM_KF_OPEN_IDS.join("、")}，回调 ${url}/wecom/kf`]),
    ...(env.WECOM_BOT_ID === undefined ? [] : [`  智能机器人 ${env.WECOM_BOT_ID}`]),
  ];
}

/** What a person sees at start: where each surface is, and what is not configured. */
export function banner({ service, url }: RunningService): string {
  const { env, rungs, version, gallery } = service;
  const off: string[] = [];
  const usesKeyless = env.MODEL !== undefined && env.OPENAI_API_KEY === undefined;
  if (usesKeyless) off.push("OPENAI_API_KEY 未设置：按不需要密钥的接口调用 MODEL");
  if (env.MODEL === undefined) off.push("MODEL 未设置：由规则应答（找图、报价、接单、转人工都可用）");
  if (env.IMAGE_MODEL === undefined) off.push("IMAGE_MODEL 未设置：自己做不了的图派给设计师");
  if (env.EMBEDDING_MODEL === undefined) off.push("EMBEDDING_MODEL 未设置：知识库只按字词查");
  if (env.SEARXNG_URL === undefined) off.push("SEARXNG_URL 未设置：只查自己的图库");
  if (env.OPENAI_API_SERVER_KEYS === undefined) off.push("OPENAI_API_SERVER_KEYS 未设置：不提供 OpenAI 接口");
  if (env.TIANWANG_API_KEY === undefined) off.push("TIANWANG_API_KEY 未设置：本机任何程序都可以下发任务");
  if (env.TIANWANG_SECRET === undefined) off.push("TIANWANG_SECRET 未设置：回调不签名");
  if (env.TUHUI_SECRET === undefined) off.push("TUHUI_SECRET 未设置：图绘回调只当提醒，结果以查询为准");
  if (env.QINGJIAN_WS_URL === "off") off.push("QINGJIAN_WS_URL=off：不连接轻简");
  const isAtWecom = [env.WECOM_AGENT_ID, env.WECOM_KF_SECRET, env.WECOM_BOT_ID].some(
    (it) => it !== undefined,
  );
  if (!isAtWecom) off.push("WECOM_… 未设置：不接企业微信");
  if (env.WECOM_AGENT_ID !== undefined && env.WECOM_HANDOFF_USERS.length === 0)
    off.push("WECOM_HANDOFF_USERS 未设置：转人工不发卡片，用 npm run handoffs 查看");
  if (isAtWecom && env.TRANSCRIPTION_MODEL === undefined)
    off.push("TRANSCRIPTION_MODEL 未设置：应用和客服的语音听不了，请对方打字");
  if (env.TUHUI_API_URL === "off") off.push("TUHUI_API_URL=off：派给图绘的单留在队列里");
  if (env.TIANWANG_CALLBACK_URL === "off")
    off.push("TIANWANG_CALLBACK_URL=off：只回调写了 callback_url 的任务");
  if (!isTextEngineInstalled()) off.push("OCR 没有安装：图上的字读不了，和字有关的报价由专人核对");
  if (gallery.size() === 0) off.push("图库是空的：npm run gallery -- import 目录");
  return [
    `天网客服 ${version}`,
    `  任务接口  ${url}/api/task/receive`,
    `  接口文档  ${url}/docs`,
    `  健康检查  ${url}/api/health`,
    ...(env.OPENAI_API_SERVER_KEYS === undefined ? [] : [`  OpenAI    ${url}/v1（shop、helpdesk）`]),
    `  轻简      ${env.QINGJIAN_WS_URL}（${env.QINGJIAN_PROFILE}）`,
    ...wecomLines(env, url),
    `  图绘      ${env.TUHUI_API_URL}`,
    `  天网回调  ${env.TIANWANG_CALLBACK_URL}`,
    `  知识库    ${service.knowledge.names.join(" → ")}`,
    `  记录      ${placeOfRecords(env.DATABASE_URL)}`,
    `  图片文件  ${env.FILES_STORE === undefined ? `${env.DATA_DIR}/files` : `${env.FILES_STORE}（${env.S3_ENDPOINT ?? env.S3_REGION}）`}`,
    `  应答      ${rungs.join(" → ")}`,
    ...off.map((line) => `  · ${line}`),
    "",
  ].join("\n");
}
