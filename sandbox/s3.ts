import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { findSignatureFault, type Signer } from "./aws-signature.ts";
import { listen, type Request } from "./http-server.ts";

/** How the store behaves: as it should, or as real ones fail. */
export type S3Mood =
  | "well"
  /** 503 SlowDown, 500 InternalError, 403 AccessDenied, 404 NoSuchBucket. */
  | "slow-down"
  | "internal-error"
  | "forbidden"
  | "no-bucket"
  /** A proxy before it answers a page. */
  | "bad-gateway"
  /** Never an answer. */
  | "silent"
  /** The connection breaks: before anything is done, while a body of more than one packet arrives, after it is done. */
  | "cut"
  | "cut-upload"
  | "answer-lost"
  /** Half of what was asked for, and then the connection breaks, or nothing more comes. */
  | "cut-download"
  | "stalled-download";

type Stored = { bytes: Uint8Array; at: Date };
type Target = { key: string; query: URLSearchParams };

const ERRORS: Partial<Record<S3Mood, [number, string]>> = {
  "slow-down": [503, "SlowDown"],
  "internal-error": [500, "InternalError"],
  forbidden: [403, "AccessDenied"],
  "no-bucket": [404, "NoSuchBucket"],
};
/** These concern one kind of request; others pass by. */
const CONCERNS: Partial<Record<S3Mood, string>> = {
  "cut-upload": "PUT",
  "answer-lost": "PUT",
  "cut-download": "GET",
  "stalled-download": "GET",
};
const MOST_LISTED = 1_000;

/**
 * An S3-compatible store's stand-in, of the published REST API what a file store needs: PutObject, GetObject with
 * ranges, HeadObject, DeleteObject, ListObjectsV2; the bucket in the path or before the host. It checks every
 * signature itself and makes trouble on demand.
 */
export async function startS3({
  port = 0,
  bucket = "pictures",
  region = "us-east-1",
  accessKeyId = "sandbox-key",
  secretAccessKey = "sandbox-secret",
}: Partial<Signer> & { port?: number; bucket?: string } = {}) {
  const objects = new Map<string, Stored>();
  const requests: { method: string; path: string; headers: Record<string, string> }[] = [];
  /** times: so many requests, and then it is well again. */
  const knobs: { mood: S3Mood; times: number; addressing: "any" | "path" | "virtual" } = {
    mood: "well",
    times: Number.POSITIVE_INFINITY,
    addressing: "any",
  };

  const { url, server, close } = await listen(port, (request, response) => {
    const { method, path, headers } = request;
    requests.push({ method, path, headers });
    const mood = takeMood(method);
    if (mood === "silent") return null;
    if (mood === "cut") response.destroy();
    else if (mood === "bad-gateway")
      response.writeHead(502, { "content-type": "text/html" }).end("<html><h1>502 Bad Gateway</h1></html>");
    else if (ERRORS[mood] !== undefined) refuse(request, response, ...ERRORS[mood]);
    else serve(request, response, mood);
    return null;
  });
  server.prependListener("request", (incoming: IncomingMessage) => {
    if (knobs.mood === "cut-upload" && incoming.method === "PUT")
      incoming.once("data", () => {
        takeMood("PUT");
        incoming.socket.destroy();
      });
  });

  function takeMood(method: string): S3Mood {
    const { mood } = knobs;
    if ((CONCERNS[mood] ?? method) !== method) return "well";
    knobs.times -= 1;
    if (knobs.times <= 0) Object.assign(knobs, { mood: "well", times: Number.POSITIVE_INFINITY });
    return mood;
  }

  function serve(request: Request, response: ServerResponse, mood: S3Mood): void {
    const fault = findSignatureFault(
      request,
      request.raw,
      { accessKeyId, secretAccessKey, region },
      Date.now(),
    );
    if (fault !== null) {
      refuse(request, response, fault.status, fault.code, fault.message);
      return;
    }
    const target = targetOf(request);
    if (typeof target === "string") refuse(request, response, target === "NoSuchBucket" ? 404 : 403, target);
    else if (target.key === "" && request.method === "GET" && target.query.get("list-type") === "2")
      list(target.query, response);
    else if (target.key === "" || [...target.query.keys()].some((name) => name !== "x-id"))
      refuse(request, response, 501, "NotImplemented");
    else serveObject(request, response, target.key, mood);
  }

  /** The key and the query, or why this store has no such address. */
  function targetOf({ path, headers }: Request): Target | "NoSuchBucket" | "SecondLevelDomainForbidden" {
    const { pathname, searchParams } = new URL(path, "http://s3");
    const route = decodeURIComponent(pathname.slice(1));
    if ((headers.host ?? "").startsWith(`${bucket}.`) && knobs.addressing !== "path")
      return { key: route, query: searchParams };
    if (knobs.addressing === "virtual") return "SecondLevelDomainForbidden";
    const [name, ...key] = route.split("/");
    return name === bucket ? { key: key.join("/"), query: searchParams } : "NoSuchBucket";
  }

  function serveObject(request: Request, response: ServerResponse, key: string, mood: S3Mood): void {
    const { method, raw } = request;
    const stored = objects.get(key);
    if (method === "PUT") {
      objects.set(key, { bytes: new Uint8Array(raw), at: new Date() });
      if (mood === "answer-lost") response.destroy();
      else response.writeHead(200, { etag: etagOf(raw) }).end();
    } else if (method === "DELETE") {
      objects.delete(key);
      response.writeHead(204).end();
    } else if (method !== "GET" && method !== "HEAD") refuse(request, response, 405, "MethodNotAllowed");
    else if (stored === undefined) refuse(request, response, 404, "NoSuchKey");
    else give(request, response, stored, mood);
  }

  function give(request: Request, response: ServerResponse, { bytes, at }: Stored, mood: S3Mood): void {
    const range = rangeOf(request.headers.range, bytes.byteLength);
    if (range === "unsatisfiable") {
      refuse(request, response, 416, "InvalidRange");
      return;
    }
    const part = range === null ? bytes : bytes.subarray(range.start, range.end + 1);
    response.writeHead(range === null ? 200 : 206, {
      "accept-ranges": "bytes",
      "content-length": part.byteLength,
      "content-type": "application/octet-stream",
      etag: etagOf(bytes),
      "last-modified": at.toUTCString(),
      ...(range === null ? {} : { "content-range": `bytes ${range.start}-${range.end}/${bytes.byteLength}` }),
    });
    if (request.method === "HEAD") response.end();
    else if (mood === "cut-download" || mood === "stalled-download")
      response.write(part.subarray(0, part.byteLength >> 1), () => {
        if (mood === "cut-download") response.destroy();
      });
    else response.end(part);
  }

  function list(query: URLSearchParams, response: ServerResponse): void {
    const prefix = query.get("prefix") ?? "";
    const after = decodeToken(query.get("continuation-token")) ?? query.get("start-after") ?? "";
    const most = Math.min(Number(query.get("max-keys") ?? MOST_LISTED), MOST_LISTED);
    const written = (key: string) => (query.get("encoding-type") === "url" ? encodeURIComponent(key) : key);
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, most);
    const last = page.at(-1);
    const contents = page.map((key) => {
      const { bytes, at } = objects.get(key) as Stored;
      return element("Contents", [
        element("Key", escaped(written(key))),
        element("LastModified", at.toISOString()),
        element("ETag", escaped(etagOf(bytes))),
        element("Size", String(bytes.byteLength)),
        element("StorageClass", "STANDARD"),
      ]);
    });
    const isTruncated = keys.length > page.length && last !== undefined;
    answerXml(
      response,
      200,
      element("ListBucketResult", [
        element("Name", bucket),
        element("Prefix", escaped(prefix)),
        element("KeyCount", String(page.length)),
        element("MaxKeys", String(most)),
        element("IsTruncated", String(isTruncated)),
        ...(isTruncated ? [element("NextContinuationToken", encodeToken(last))] : []),
        ...contents,
      ]),
    );
  }

  return { url, bucket, region, accessKeyId, secretAccessKey, objects, requests, knobs, close };
}

/** The answer to HEAD has no body: there the code is lost, as it is with real stores. */
function refuse(
  { method, path }: Request,
  response: ServerResponse,
  status: number,
  code: string,
  message = code,
): void {
  if (method === "HEAD") {
    response.writeHead(status).end();
    return;
  }
  const [resource = ""] = path.split("?");
  answerXml(
    response,
    status,
    element("Error", [
      element("Code", code),
      element("Message", escaped(message)),
      element("Resource", escaped(resource)),
      element("RequestId", randomUUID()),
    ]),
  );
}

function answerXml(response: ServerResponse, status: number, xml: string): void {
  response
    .writeHead(status, { "content-type": "application/xml" })
    .end(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
}

function element(name: string, content: string | string[]): string {
  return `<${name}>${typeof content === "string" ? content : content.join("")}</${name}>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/gu, (char) => `&#${char.charCodeAt(0)};`);
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}

function encodeToken(key: string): string {
  return Buffer.from(key).toString("base64url");
}

function decodeToken(token: string | null): string | null {
  return token === null ? null : Buffer.from(token, "base64url").toString();
}

/** One range of bytes, inclusive; null for the whole, also when it is not understood, as HTTP has it. */
function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | null | "unsatisfiable" {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/u.exec(header ?? "") ?? [];
  if (first === "" && last === "") return null;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start >= size || start > end ? "unsatisfiable" : { start, end };
}
