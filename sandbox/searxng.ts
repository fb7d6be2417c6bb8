import { type Answer, listen } from "./http-server.ts";

export type SearchRequest = { query: Record<string, string>; headers: Record<string, string> };
/** How the search behaves: as it should, or as real ones fail. */
export type SearchMood =
  | "well"
  | "json-off"
  | "rate-limited"
  | "slow"
  | "html"
  | "no-results"
  | "engines-blocked"
  | "cut-short"
  | "too-long"
  | "other-json"
  | "redirect"
  | "hostile";

/** Where no picture of the web can be, or none that we may fetch. */
export const HOSTILE_ADDRESSES = [
  "file:///etc/passwd",
  "javascript:alert(1)",
  "data:image/png;base64,iVBORw0KGgo=",
  "ftp://example.com/a.png",
  "http://user:secret@example.com/a.png",
  "/relative/a.png",
  "not an address",
  "",
];
/** Well-formed addresses inside a private net: only the fetcher can keep us from these. */
export const PRIVATE_ADDRESSES = [
  "http://127.0.0.1/a.png",
  "http://169.254.169.254/latest/meta-data",
  "http://[::1]/a.png",
  "//localhost/a.png",
];

const OVER_TWO_MIB = 2 * 1024 * 1024 + 1;

/** SearXNG's stand-in: finds by title what it was given, serves the pictures itself, and makes trouble on demand. */
export async function startSearxng({
  port = 0,
  pictures,
}: {
  port?: number;
  pictures: { title: string; bytes: Uint8Array }[];
}) {
  const requests: SearchRequest[] = [];
  const knobs: { mood: SearchMood } = { mood: "well" };

  const { url, close } = await listen(port, ({ path, headers }, response): Answer | null => {
    const { pathname, searchParams } = new URL(path, "http://searxng");
    const picture = pictures[Number(/^\/pictures\/(\d+)\.png$/u.exec(pathname)?.[1] ?? Number.NaN)];
    if (picture !== undefined) return { status: 200, bytes: picture.bytes, type: "image/png" };
    if (pathname !== "/search") return page(404, "Not Found");
    const query = Object.fromEntries(searchParams);
    requests.push({ query, headers });
    if (knobs.mood === "slow") return null;
    if (knobs.mood === "redirect" && query.elsewhere === undefined) {
      response.writeHead(302, { location: `${path}&elsewhere=1` }).end();
      return null;
    }
    return answer(query, knobs.mood);
  });

  function answer(query: Record<string, string>, mood: SearchMood): Answer {
    const { q = "", format = "html" } = query;
    if (mood === "rate-limited") return { ...page(429, "Too Many Requests"), type: "text/plain" };
    if (mood === "json-off" && format !== "html") return page(403, "Forbidden");
    if (q === "") return format === "json" ? { status: 400, body: { error: "No query" } } : page(400, "");
    if (format !== "json" || mood === "html") return page(200, `<title>${q} - SearXNG</title>`);
    if (mood === "other-json") return { status: 200, body: { message: "ok", results: "none" } };

    const found = mood === "no-results" || mood === "engines-blocked" ? [] : find(q);
    const results = mood === "hostile" ? hostileResults(found) : found;
    const body = {
      query: q,
      number_of_results: 0,
      results,
      answers: [],
      corrections: [],
      infoboxes: [],
      suggestions: [],
      unresponsive_engines: mood === "engines-blocked" ? [["google images", "CAPTCHA"]] : [],
    };
    const text = JSON.stringify(body);
    if (mood === "cut-short") return json(text.slice(0, text.length >> 1));
    if (mood === "too-long") return json(JSON.stringify({ ...body, padding: "x".repeat(OVER_TWO_MIB) }));
    return json(text);
  }

  /** By the pairs of characters that a title shares with the words, most first. */
  function find(words: string) {
    const wanted = pairsOf(words);
    return pictures
      .map(({ title }, index) => ({
        title,
        index,
        shared: [...pairsOf(title)].filter((it) => wanted.has(it)).length,
      }))
      .filter(({ shared }) => shared > 0)
      .sort((one, other) => other.shared - one.shared)
      .map(({ title, index }, rank) =>
        resultOf({ title, image: `${url}/pictures/${index}.png`, page: `${url}/pages/${index}`, rank }),
      );
  }

  return { url, requests, knobs, close };
}

function resultOf({
  title,
  image,
  page,
  rank,
}: {
  title: string;
  image: string;
  page: string;
  rank: number;
}) {
  return {
    template: "images.html",
    url: page,
    title,
    content: "",
    img_src: image,
    thumbnail_src: image,
    img_format: "png",
    resolution: "640 x 480",
    source: "sandbox",
    engine: "bing images",
    engines: ["bing images"],
    positions: [rank + 1],
    parsed_url: [],
    category: "images",
    publishedDate: null,
    score: 1 / (rank + 1),
  };
}

/** Good ones between what must be dropped: bad addresses, broken entries, and the good ones over again. */
function hostileResults(good: ReturnType<typeof resultOf>[]): unknown[] {
  const bad = [...HOSTILE_ADDRESSES, ...PRIVATE_ADDRESSES].map((address, rank) => ({
    ...resultOf({ title: "hostile", image: address, page: "javascript:alert(1)", rank }),
  }));
  return [null, 7, "text", { title: ["no", "text"] }, ...bad, ...good, ...good];
}

function pairsOf(text: string): Set<string> {
  const chars = [...text.toLowerCase().replace(/\s+/gu, "")];
  return new Set(chars.slice(1).map((char, at) => `${chars[at]}${char}`));
}

function page(status: number, content: string): Answer {
  return { status, bytes: Buffer.from(`<!doctype html><html>${content}</html>`), type: "text/html" };
}

function json(text: string): Answer {
  return { status: 200, bytes: Buffer.from(text), type: "application/json" };
}
