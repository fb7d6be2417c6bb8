export const DIFY_APP_TYPES = ["chat", "completion", "workflow", "agent", "chatflow"] as const;
export type DifyAppType = (typeof DIFY_APP_TYPES)[number];

export type DifyTarget = {
  /** Of its API, with /v1. */
  base: string;
  key: string;
  type: DifyAppType;
  /** What an app of its own inputs and outputs calls the question and the answer. */
  inputVariable: string | null;
  outputVariable: string | null;
};

const BASE = /^https?:\/\//iu;
const APP_KEY = /^app-/u;

/**
 * A Dify app named in a key or a model, or in both: `https://host/v1|app-…|Chat`, in any order (protocols §3). What the
 * header says wins.
 *
 * @returns null when no app is named
 */
export function readDifyTarget(header: string, model: string): DifyTarget | null {
  const parts = [...partsOf(header), ...partsOf(model)];
  const base = parts.find((part) => BASE.test(part));
  const key = parts.find((part) => APP_KEY.test(part));
  if (base === undefined || key === undefined || !URL.canParse(base)) return null;
  const type = parts.find(isType) ?? "Chat";
  const [inputVariable = null, outputVariable = null] = [
    ...restOf(header),
    ...restOf(model).filter((part) => part.toLowerCase() !== "dify"),
  ];
  return {
    base: base.replace(/\/+$/u, ""),
    key,
    type: type.toLowerCase() as DifyAppType,
    inputVariable,
    outputVariable,
  };
}

/**
 * Whether that API may be asked: its host is listed, and the address is that of an API and nothing behind it.
 *
 * @param hosts - host or host:port; the port of http and https need not be said
 */
export function isAllowed({ base }: DifyTarget, hosts: readonly string[]): boolean {
  const url = new URL(base);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return false;
  if (/[#?]/u.test(base) || !url.pathname.endsWith("/v1")) return false;
  return hosts.some((host) => {
    const listed = `${url.protocol}//${host}`;
    return URL.canParse(listed) && new URL(listed).host === url.host;
  });
}

/** The same text with no app's key in it, as it may be answered and logged. */
export function withoutKeys(text: string): string {
  return text.replace(/app-[^|\s"']+/gu, "app-***").replace(/\/\/[^/@\s]*@/gu, "//***@");
}

function partsOf(text: string): string[] {
  return text
    .split("|")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function restOf(text: string): string[] {
  return text.includes("|")
    ? partsOf(text).filter((part) => !BASE.test(part) && !APP_KEY.test(part) && !isType(part))
    : [];
}

function isType(part: string): boolean {
  return DIFY_APP_TYPES.some((type) => type === part.toLowerCase());
}
