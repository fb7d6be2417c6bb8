import { describe, expect, it } from "vitest";
import { findSignatureFault, type SignedRequest, signatureOf } from "./aws-signature.ts";

// The worked examples of Amazon's S3 API reference, "Signature Calculations for the Authorization Header".
const SIGNER = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
};
const NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const HOST = "examplebucket.s3.amazonaws.com";
const DATE = "20130524T000000Z";
const AT = Date.UTC(2013, 4, 24);

const GET_OBJECT: SignedRequest = {
  method: "GET",
  path: "/test.txt",
  headers: { host: HOST, range: "bytes=0-9", "x-amz-content-sha256": NOTHING, "x-amz-date": DATE },
};
const GET_SIGNATURE = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

describe("a signature of version 4", () => {
  it.each<[string, SignedRequest, string]>([
    ["GET Object", GET_OBJECT, GET_SIGNATURE],
    [
      "PUT Object",
      {
        method: "PUT",
        path: "/test$file.text",
        headers: {
          date: "Fri, 24 May 2013 00:00:00 GMT",
          host: HOST,
          "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
          "x-amz-date": DATE,
          "x-amz-storage-class": "REDUCED_REDUNDANCY",
        },
      },
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ],
    [
      "GET Bucket Lifecycle",
      {
        method: "GET",
        path: "/?lifecycle",
        headers: { host: HOST, "x-amz-content-sha256": NOTHING, "x-amz-date": DATE },
      },
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ],
    [
      "GET Bucket (List Objects)",
      {
        method: "GET",
        path: "/?prefix=J&max-keys=2",
        headers: { host: HOST, "x-amz-content-sha256": NOTHING, "x-amz-date": DATE },
      },
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ],
  ])("is the published one of %s", (_name, request, signature) => {
    expect(signatureOf(request, Object.keys(request.headers), SIGNER)).toBe(signature);
  });
});

describe("the check of a signed request", () => {
  const authorization = authorizationWith({});
  const NO_BODY = new Uint8Array();

  it("finds nothing wrong with the published request", () => {
    expect(findSignatureFault(signed({ authorization }), NO_BODY, SIGNER, AT)).toBeNull();
  });

  it.each<[string, Record<string, string>, { body?: string; nowMs?: number }]>([
    ["AccessDenied", {}, {}],
    ["AuthorizationHeaderMalformed", { authorization: "Bearer x" }, {}],
    ["AuthorizationHeaderMalformed", { authorization: authorizationWith({ region: "cn-north-1" }) }, {}],
    ["InvalidAccessKeyId", { authorization: authorizationWith({ key: "AKIASOMEBODYELSE" }) }, {}],
    ["SignatureDoesNotMatch", { authorization: authorizationWith({ signature: "0".repeat(64) }) }, {}],
    ["SignatureDoesNotMatch", { authorization, range: "bytes=0-99" }, {}],
    ["AccessDenied", { authorization, "x-amz-acl": "public-read" }, {}],
    ["XAmzContentSHA256Mismatch", { authorization }, { body: "other words" }],
    ["NotImplemented", { authorization, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }, {}],
    ["RequestTimeTooSkewed", { authorization }, { nowMs: AT + 16 * 60_000 }],
  ])("answers %s when the request has %j, with %j", (code, headers, { body = "", nowMs = AT }) => {
    expect(findSignatureFault(signed(headers), Buffer.from(body), SIGNER, nowMs)).toMatchObject({ code });
  });
});

function signed(headers: Record<string, string>): SignedRequest {
  return { ...GET_OBJECT, headers: { ...GET_OBJECT.headers, ...headers } };
}

function authorizationWith({
  key = SIGNER.accessKeyId,
  region = SIGNER.region,
  signature = GET_SIGNATURE,
}): string {
  return (
    `AWS4-HMAC-SHA256 Credential=${key}/20130524/${region}/s3/aws4_request,` +
    `SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=${signature}`
  );
}
