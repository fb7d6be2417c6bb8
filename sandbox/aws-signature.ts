import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** A request as it came over the wire: path with its query, header names in lower case. */
export type SignedRequest = { method: string; path: string; headers: Record<string, string> };
export type Signer = { accessKeyId: string; secretAccessKey: string; region: string };
export type SignatureFault = { status: number; code: string; message: string };

const ALGORITHM = "AWS4-HMAC-SHA256";
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/u;
const MOST_SKEW_MS = 15 * 60_000;

/**
 * Checks a request's AWS Signature Version 4 in the Authorization header, from the published description of the
 * process and by no client's code. Returns the error a store answers with, or null when the signature holds.
 *
 * @param body - what came; its hash must be the one that was signed
 */
export function findSignatureFault(
  request: SignedRequest,
  body: Uint8Array,
  signer: Signer,
  nowMs: number,
): SignatureFault | null {
  const { headers } = request;
  const authorization = headers.authorization;
  if (authorization === undefined) return fault(403, "AccessDenied", "Access Denied.");
  const [, keyId, day, region, service, names = "", signature = ""] = AUTHORIZATION.exec(authorization) ?? [];
  if (keyId === undefined)
    return fault(400, "AuthorizationHeaderMalformed", "The authorization header is malformed.");
  if (keyId !== signer.accessKeyId)
    return fault(403, "InvalidAccessKeyId", `The key ${keyId} does not exist in our records.`);
  const signedAt = headers["x-amz-date"] ?? "";
  if (region !== signer.region || service !== "s3" || day !== signedAt.slice(0, 8))
    return fault(400, "AuthorizationHeaderMalformed", `The credential scope is wrong: expected ${region}.`);
  if (!(Math.abs(timeOf(signedAt) - nowMs) <= MOST_SKEW_MS))
    return fault(
      403,
      "RequestTimeTooSkewed",
      "The difference between the request time and ours is too large.",
    );

  const signedNames = names.split(";");
  const mustBeSigned = Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  if (mustBeSigned.some((name) => !signedNames.includes(name)))
    return fault(403, "AccessDenied", "There were headers present in the request which were not signed.");
  const bodyHash = headers["x-amz-content-sha256"];
  if (bodyHash === undefined) return fault(400, "InvalidRequest", "x-amz-content-sha256 is missing.");
  if (!/^[0-9a-f]{64}$/u.test(bodyHash))
    return fault(501, "NotImplemented", "Only bodies that are signed as a whole are taken here.");
  if (bodyHash !== sha256(body))
    return fault(400, "XAmzContentSHA256Mismatch", "The body is not the one that was signed.");

  const expected = signatureOf(request, signedNames, signer);
  return timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
    ? null
    : fault(403, "SignatureDoesNotMatch", `The signature of ${keyId} does not match, signed were ${names}.`);
}

/** The signature that a request must carry; day and body hash are taken from its own headers. */
export function signatureOf(
  request: SignedRequest,
  signedNames: readonly string[],
  { secretAccessKey, region }: Pick<Signer, "secretAccessKey" | "region">,
): string {
  const signedAt = request.headers["x-amz-date"] ?? "";
  const day = signedAt.slice(0, 8);
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = [ALGORITHM, signedAt, scope, sha256(canonicalRequest(request, signedNames))].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${secretAccessKey}`,
  );
  return hmac(key, toSign).toString("hex");
}

function canonicalRequest({ method, path, headers }: SignedRequest, signedNames: readonly string[]): string {
  const [route = "/", query = ""] = path.split(/\?(.*)/su);
  return [
    method,
    route.split("/").map(encodedOnce).join("/"),
    canonicalQuery(query),
    ...signedNames.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/gu, " ")}`),
    "",
    signedNames.join(";"),
    headers["x-amz-content-sha256"] ?? "",
  ].join("\n");
}

function canonicalQuery(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .map((pair) => {
      const [name = "", value = ""] = pair.split(/=(.*)/su);
      return [encodedOnce(name), encodedOnce(value)] as const;
    })
    .sort(([name, value], [otherName, otherValue]) =>
      name === otherName ? compare(value, otherValue) : compare(name, otherName),
    )
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** As the signature has it: everything but letters, digits and -._~ in hex, whatever the sender encoded. */
function encodedOnce(text: string): string {
  return encodeURIComponent(decodeURIComponent(text)).replace(
    /[!'()*]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** 20130524T000000Z in UTC milliseconds; NaN when it is none. */
function timeOf(basic: string): number {
  const [, ...fields] = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/u.exec(basic) ?? [];
  const [year = Number.NaN, month = 1, day = 1, hour = 0, minute = 0, second = 0] = fields.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function fault(status: number, code: string, message: string): SignatureFault {
  return { status, code, message };
}
