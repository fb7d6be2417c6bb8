import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { Agent, buildConnector, fetch, type Response } from "undici";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import type { PictureRefusal } from "../../domain/pictures/picture.ts";
import type { PictureFetcher } from "../../domain/pictures/ports.ts";
import { accept, type Result, refuse } from "../../domain/result.ts";

const ALLOWED_PORTS = new Set(["80", "443", "8080", "8443"]);
const MAX_REDIRECTS = 5;
const MAX_BYTES = 20 * 1024 * 1024;
const TOTAL_TIMEOUT_MS = 20_000;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);
/** Loopback by definition (RFC 6761), whatever the resolver says. */
const LOOPBACK_NAME = /(^|\.)localhost\.?$/i;
/** "::a.b.c.d" is an old way to write an IPv4 address that range checks read as ordinary unicast. */
const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR("::/96");

/** Resolves a name to all of its addresses. Given in tests to play a name server that lies. */
export type AddressLookup = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: { address: string; family: number }[]) => void,
) => void;

/**
 * Fetches what a stranger's URL points at, and nothing inside our own network. Every address is judged where the
 * connection is opened, so neither a literal, nor a second DNS answer, nor a redirect slips by.
 *
 * @param allowHosts - "host" or "host:port" entries that may be private and on any port (our own file server)
 */
export function createPictureFetcher({
  allowHosts,
  log,
  lookup = lookUpAll,
  timeoutMs = TOTAL_TIMEOUT_MS,
}: {
  allowHosts: string[];
  log: Log;
  lookup?: AddressLookup;
  timeoutMs?: number;
}): PictureFetcher {
  const allowList = new Set(
    allowHosts.map((entry) => entry.trim().toLowerCase()).filter((entry) => entry !== ""),
  );
  const agent = new Agent({
    connect: guardedConnector(allowList, lookup),
    // One connection per request: strangers' servers are not worth keeping open.
    pipelining: 0,
    headersTimeout: 8_000,
    bodyTimeout: 15_000,
  });

  return {
    async fetch(url) {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return await follow(url, signal);
      } catch (error) {
        const refusal = isBlocked(error) ? "address-not-allowed" : "fetch-failed";
        log.warn("picture.fetch-failed", { refusal, reason: reasonOf(error) });
        return refuse(refusal);
      }
    },
  };

  async function follow(first: string, signal: AbortSignal): Promise<Result<Uint8Array, PictureRefusal>> {
    let address = first;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const target = parseTarget(address, allowList);
      if (target === null) return refuse("address-not-allowed");
      const response = await fetch(target, { dispatcher: agent, redirect: "manual", signal });
      const next = redirectOf(response, target);
      if (next === null) return await readBody(response);
      await response.body?.cancel();
      address = next;
    }
    return refuse("fetch-failed");
  }
}

/** The URL when it may be tried at all: its form, scheme, port and literal address are fine. */
function parseTarget(address: string, allowList: Set<string>): URL | null {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return null;
  if (url.username !== "" || url.password !== "") return null;
  const port = portOf(url.protocol, url.port);
  if (isAllowListed(url.hostname, port, allowList)) return url;
  const literal = bareHost(url.hostname);
  if (!ALLOWED_PORTS.has(port) || LOOPBACK_NAME.test(literal)) return null;
  if (ipaddr.isValid(literal) && !isPublic(literal)) return null;
  return url;
}

function guardedConnector(allowList: Set<string>, lookup: AddressLookup): buildConnector.connector {
  const guardedLookup: LookupFunction = (host, options, done) =>
    lookup(host, (error, found) => {
      const first = found[0];
      if (error !== null) return done(error, "");
      // One private address rejects the name: which one gets used is not ours to choose.
      if (first === undefined || !found.every((it) => isPublic(it.address))) return done(blocked(host), "");
      return options.all === true ? done(null, found) : done(null, first.address, first.family);
    });
  const guarded = buildConnector({ lookup: guardedLookup, timeout: 5_000 });
  const trusted = buildConnector({ timeout: 5_000 });

  return (options, done) => {
    const port = portOf(options.protocol, options.port);
    if (isAllowListed(options.hostname, port, allowList)) return trusted(options, done);
    const host = bareHost(options.hostname);
    // A literal never reaches the lookup.
    if (ipaddr.isValid(host) && !isPublic(host)) return done(blocked(host), null);
    return guarded(options, done);
  };
}

/** Only plain public unicast addresses; an IPv4 address inside an IPv6 one is judged as IPv4. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv6 && parsed.match(IPV4_COMPATIBLE)) return false;
  return parsed.range() === "unicast";
}

function isAllowListed(hostname: string, port: string, allowList: Set<string>): boolean {
  const host = hostname.toLowerCase();
  return allowList.has(`${host}:${port}`) || (allowList.has(host) && ALLOWED_PORTS.has(port));
}

function portOf(protocol: string, port: string): string {
  if (port !== "") return port;
  return protocol === "https:" ? "443" : "80";
}

function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function redirectOf(response: Response, from: URL): string | null {
  const location = response.headers.get("location");
  if (location === null || !REDIRECT_STATUSES.has(response.status)) return null;
  return URL.canParse(location, from) ? new URL(location, from).href : location;
}

async function readBody(response: Response): Promise<Result<Uint8Array, PictureRefusal>> {
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    return refuse("fetch-failed");
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Counted while reading: content-length may lie and a compressed body may swell.
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) return refuse("too-many-bytes");
    chunks.push(chunk);
  }
  return accept(Buffer.concat(chunks));
}

const BLOCKED_CODE = "ESSRF";

function blocked(host: string): Error {
  return Object.assign(new Error(`address not allowed: ${host}`), { code: BLOCKED_CODE });
}

/** undici wraps the connector's error as a cause, sometimes inside an AggregateError. */
function isBlocked(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && error.code === BLOCKED_CODE) return true;
  return isBlocked(error.cause) || (error instanceof AggregateError && error.errors.some(isBlocked));
}

function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error && "code" in inner ? String(inner.code) : errorText(inner);
}

function lookUpAll(host: string, done: Parameters<AddressLookup>[1]): void {
  systemLookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []));
}
