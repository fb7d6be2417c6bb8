import { describe, expect, it } from "vitest";
import { createCallbackCrypto, decryptBytes, encryptBytes } from "./crypto.ts";
import { xmlOf } from "./xml.ts";

const KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
const TOKEN = "TestToken01";
const AGENT_ID = 1000002;

describe("the crypto, by the vectors of the spec", () => {
  const RANDOM = Buffer.from("0123456789abcdef");

  it("encrypts and signs a bot's JSON for an empty receiveId (V1)", () => {
    const crypto = createCallbackCrypto({ token: TOKEN, encodingAesKey: KEY, receiveId: "" });
    const message =
      '{"msgid":"m1","aibotid":"b1","chattype":"single","from":{"userid":"zhangsan"},"msgtype":"text","text":{"content":"你好"}}';

    const encrypted = crypto.encrypt(message, RANDOM);

    expect(encrypted).toBe(
      "Al31VOORMRWx6emIpmL5qq/ycHMLWdM1fUZ/ZEictMKqJCq52zL5sbzxIVY52+KYUWUrfu5GQZlwF2yBYwD45dWMG8iennHeh3fudEs9lO+OwHxJTgfzscdSW8OF6Fb6oKZx1b27ETaP1o/8Ipb7SHvlatQ5miy7Go5Bs7zOWeJ7NKo53+IO8qGjMsW9hkjnSAR2C+xyqWJzQS5aRRTIjg==",
    );
    expect(crypto.sign("1760000000", "nonce123", encrypted)).toBe("44fe1b2ce172a95891e292a66404e5d562f98400");
    expect(crypto.decrypt(encrypted)).toBe(message);
  });

  it("encrypts and signs an app's XML for its CorpID (V2)", () => {
    const crypto = createCallbackCrypto({ token: TOKEN, encodingAesKey: KEY, receiveId: "wwcorp001" });
    const message = xmlOf({
      ToUserName: "wwcorp001",
      FromUserName: "zhangsan",
      CreateTime: 1_760_000_000,
      MsgType: "text",
      Content: "你好",
      MsgId: 7_000_000_000_000_000_001n,
      AgentID: AGENT_ID,
    });

    const encrypted = crypto.encrypt(message, RANDOM);

    expect(encrypted).toMatch(/^Al31VOORMRWx6emIpmL5qiK2Fbg5XpRd.*n8qN3rth4VmQ=$/u);
    expect(crypto.sign("1760000000", "nonce123", encrypted)).toBe("97ac9447a0d473c959951e45814d86d57d730227");
  });

  it("encrypts a file with padding to 32 bytes (V3)", () => {
    const key = Buffer.from(`${KEY}=`, "base64");

    expect(encryptBytes(key, Buffer.from("hello-image")).toString("base64")).toBe(
      "guTCbskMLy4uUQKBpQJ29hIvSHhLhwhC9ywpPlMyENY=",
    );
  });

  it("refuses a wrong receiveId and a wrong byte of padding", () => {
    const company = { token: TOKEN, encodingAesKey: KEY };
    const encrypted = createCallbackCrypto({ ...company, receiveId: "wwcorp001" }).encrypt("hi");
    const key = Buffer.from(`${KEY}=`, "base64");
    const unpadded = encryptBytes(key, Buffer.alloc(32)).subarray(0, 32);

    expect(() => createCallbackCrypto({ ...company, receiveId: "" }).decrypt(encrypted)).toThrow("not for");
    expect(() => decryptBytes(key, unpadded)).toThrow("wrong padding");
  });
});
