import { z } from "zod";
import { AppError } from "./domain/errors.ts";

const optional = z.string().min(1).optional();
const list = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  );
const url = (protocol: RegExp) => z.url({ protocol }).optional();
const http = /^https?$/;
const standardSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/=]{16,}$/, "must be whsec_ followed by base64")
  .optional();

const aesKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}$/u, "must be the 43 characters of an EncodingAESKey")
  .optional();
/** Settings of 企业微信's three ways that are of use together only. */
const TOGETHER: string[][] = [
  ["WECOM_AGENT_ID", "WECOM_SECRET", "WECOM_CORP_ID", "WECOM_TOKEN", "WECOM_AES_KEY"],
  ["WECOM_BOT_ID", "WECOM_BOT_SECRET"],
];

/** Where models are asked without OPENAI_BASE_URL. */
export const OPENAI_URL = "https://api.openai.com/v1";

/** Parts that an empty value switches off, as "off" does; elsewhere empty is the same as absent. */
const SWITCHES = ["QINGJIAN_WS_URL", "TUHUI_API_URL", "TIANWANG_CALLBACK_URL"];

/** NAME=VALUE, separated by commas; values may be percent-encoded. */
function headersOf(text: string | undefined): Record<string, string> {
  const pairs = (text ?? "").split(",").filter((pair) => pair.includes("="));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
    }),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** The environment, all of it optional. */
export const envSchema = z
  .object({
    HTTP_API_HOST: z.string().default("127.0.0.1"),
    HTTP_API_PORT: z.coerce.number().int().min(0).max(65_535).default(5678),
    DATABASE_URL: z
      .string()
      .regex(
        /^(file:.+|postgres(ql)?:\/\/[^\s/]+\/[^\s/?]+(\?\S*)?)$/,
        "must be file:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE",
      )
      .default("file:./data/app.db"),
    DATA_DIR: z.string().default("./data"),
    MODEL: optional,
    OPENAI_BASE_URL: url(http),
    OPENAI_API_KEY: optional,
    FALLBACK_MODEL: optional,
    IMAGE_MODEL: optional,
    EMBEDDING_MODEL: optional,
    MODEL_TIMEOUT_MS: z.coerce.number().int().min(100).max(300_000).default(20_000),
    QINGJIAN_WS_URL: z
      .union([z.literal("off"), z.url({ protocol: /^wss?$/ })])
      .default("ws://127.0.0.1:9528"),
    QINGJIAN_PROFILE: z
      .string()
      .regex(/^[\w-]+$/)
      .default("neutral"),
    BRIDGE_RECORD_FILE: optional,
    TUHUI_API_URL: z.union([z.literal("off"), z.url({ protocol: http })]).default("http://127.0.0.1:8005"),
    TUHUI_SECRET: standardSecret,
    TIANWANG_CALLBACK_URL: z
      .union([z.literal("off"), z.url({ protocol: http })])
      .default("http://127.0.0.1:6060/api/task/callback"),
    TIANWANG_API_KEY: optional,
    TIANWANG_SECRET: standardSecret,
    MERGE_WINDOW_MS: z.coerce.number().int().min(0).max(6_000).default(1_500),
    HUMAN_IDLE_RETURN_MINUTES: z.coerce.number().min(1).max(1_440).default(30),
    FETCH_ALLOW_HOSTS: z
      .string()
      .regex(/^\s*[\w.:[\]-]+(\s*,\s*[\w.:[\]-]+)*\s*$/u, "must be host or host:port, separated by commas")
      .optional(),
    FILES_URL: url(http),
    FILES_STORE: z
      .string()
      .regex(
        /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/\w[\w.-]*)*\/?$/u,
        "must be s3://BUCKET or s3://BUCKET/PREFIX",
      )
      .optional(),
    S3_ENDPOINT: url(http).refine(
      (text) => text === undefined || new URL(text).origin === text.replace(/\/$/u, ""),
      "must be http(s)://HOST, with a port if need be and nothing else",
    ),
    S3_REGION: z
      .string()
      .regex(/^[\w-]+$/u)
      .default("us-east-1"),
    S3_ACCESS_KEY_ID: optional,
    S3_SECRET_ACCESS_KEY: optional,
    S3_ADDRESSING: z.enum(["path", "virtual"]).optional(),
    SEARXNG_URL: url(http),
    TICKET_CALLBACK_URL: url(http),
    RAGFLOW_URL: url(http),
    RAGFLOW_API_KEY: optional,
    RAGFLOW_DATASET_IDS: list,
    DIFY_URL: url(http),
    DIFY_DATASET_KEY: optional,
    DIFY_DATASET_IDS: list,
    DIFY_RETRIEVAL_KEY: optional,
    DIFY_PROXY_HOSTS: list.refine(
      (hosts) => hosts.every((host) => /^[\w.:[\]-]+$/u.test(host)),
      "must be host or host:port, separated by commas",
    ),
    OPENAI_API_SERVER_KEYS: z
      .string()
      .regex(
        /^\s*[\w-]+:[^\s:,]{8,}(:[1-9]\d*)?(\s*,\s*[\w-]+:[^\s:,]{8,}(:[1-9]\d*)?)*\s*$/u,
        "must be NAME:KEY or NAME:KEY:REQUESTS_PER_MINUTE, separated by commas; a key has 8 characters or more",
      )
      .optional(),
    WECOM_API_BASE: z.url({ protocol: http }).default("https://qyapi.weixin.qq.com"),
    WECOM_CORP_ID: optional,
    WECOM_AGENT_ID: z.coerce.number().int().positive().optional(),
    WECOM_SECRET: optional,
    WECOM_TOKEN: optional,
    WECOM_AES_KEY: aesKey,
    WECOM_HANDOFF_USERS: z
      .string()
      .default("")
      .transform((text) => text.split(/[,，、;；|\s]+/u).filter((item) => item !== ""))
      .refine(
        (ids) => ids.every((id) => /^(?!@)[\w.@-]{1,64}$/u.test(id)),
        "must be user ids, separated by commas",
      ),
    WECOM_KF_SECRET: optional,
    WECOM_KF_OPEN_IDS: list,
    WECOM_KF_TOKEN: optional,
    WECOM_KF_AES_KEY: aesKey,
    WECOM_BOT_ID: optional,
    WECOM_BOT_SECRET: optional,
    WECOM_BOT_WS_URL: z.url({ protocol: /^wss?$/ }).default("wss://openws.work.weixin.qq.com"),
    TRANSCRIPTION_MODEL: optional,
    SPEECH_MODEL: optional,
    SPEECH_VOICE: z.string().min(1).default("alloy"),
    CONFIG_DIR: z.string().default("./config"),
    STUDIO_PORT: z.coerce.number().int().min(1).max(65_535).default(4111),
    TRACES: z.enum(["on", "off"]).default("on"),
    TRACES_DAYS: z.coerce.number().int().min(1).max(365).default(14),
    TRACES_SAMPLE: z.coerce.number().min(0).max(1).default(1),
    OTEL_EXPORTER_OTLP_ENDPOINT: url(http),
    OTEL_EXPORTER_OTLP_HEADERS: z
      .string()
      .regex(/^\s*[\w-]+=[^,\s]+(\s*,\s*[\w-]+=[^,\s]+)*\s*$/u, "must be NAME=VALUE, separated by commas")
      .optional()
      .transform(headersOf),
    LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
    TZ_BUSINESS: z
      .string()
      .refine(isTimeZone, "must be a time zone such as Asia/Shanghai")
      .default("Asia/Shanghai"),
  })
  .refine((env) => isLoopback(env.HTTP_API_HOST) || env.TIANWANG_API_KEY !== undefined, {
    path: ["HTTP_API_HOST"],
    message:
      "binding to anything but loopback needs TIANWANG_API_KEY, or anyone on the network could give tasks",
  })
  .refine(
    (env) =>
      env.FILES_STORE === undefined ||
      (env.S3_ACCESS_KEY_ID !== undefined && env.S3_SECRET_ACCESS_KEY !== undefined),
    { path: ["FILES_STORE"], message: "needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY" },
  )
  .refine(
    (env) =>
      env.RAGFLOW_URL === undefined ||
      (env.RAGFLOW_API_KEY !== undefined && env.RAGFLOW_DATASET_IDS.length > 0),
    { path: ["RAGFLOW_URL"], message: "needs RAGFLOW_API_KEY and RAGFLOW_DATASET_IDS" },
  )
  .superRefine((env: Record<string, unknown>, context) => {
    const missing = TOGETHER.flatMap(([first = "", ...others]) => {
      const [second = ""] = others;
      const isWanted = env[first] !== undefined || env[second] !== undefined;
      return isWanted ? [first, ...others].filter((name) => env[name] === undefined) : [];
    });
    for (const name of missing) context.addIssue({ code: "custom", path: [name], message: "is needed too" });
  })
  .refine(
    (env) =>
      env.WECOM_KF_SECRET === undefined ||
      (env.WECOM_CORP_ID !== undefined &&
        env.WECOM_KF_OPEN_IDS.length > 0 &&
        (env.WECOM_KF_TOKEN ?? env.WECOM_TOKEN) !== undefined &&
        (env.WECOM_KF_AES_KEY ?? env.WECOM_AES_KEY) !== undefined),
    {
      path: ["WECOM_KF_SECRET"],
      message:
        "needs WECOM_CORP_ID, WECOM_KF_OPEN_IDS, and WECOM_TOKEN and WECOM_AES_KEY or their WECOM_KF_ forms",
    },
  )
  .refine((env) => env.WECOM_KF_OPEN_IDS.length === 0 || env.WECOM_KF_SECRET !== undefined, {
    path: ["WECOM_KF_OPEN_IDS"],
    message: "needs WECOM_KF_SECRET",
  })
  .refine((env) => env.DIFY_DATASET_KEY === undefined || env.DIFY_DATASET_IDS.length > 0, {
    path: ["DIFY_DATASET_KEY"],
    message: "needs DIFY_DATASET_IDS",
  });
export type Env = z.infer<typeof envSchema>;

/** Whether the records lie in PostgreSQL, which several processes may share; else in a file of this one's. */
export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:/u.test(url);
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isTimeZone(name: string): boolean {
  try {
    Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Throws AppError("bad-environment") that names every bad variable, and never their values. */
export function readEnv(variables: Record<string, string | undefined>): Env {
  const present = Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => {
      if (value === undefined) return [];
      if (value.trim() !== "") return [[name, value]];
      return SWITCHES.includes(name) ? [[name, "off"]] : [];
    }),
  );
  // Records lie beside the pictures unless somebody says otherwise.
  if (present.DATA_DIR !== undefined) present.DATABASE_URL ??= `file:${present.DATA_DIR}/app.db`;
  const parsed = envSchema.safeParse(present);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new AppError("bad-environment", `these settings are wrong:\n${lines.join("\n")}`);
}
