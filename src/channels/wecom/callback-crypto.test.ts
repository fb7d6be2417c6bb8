import { expect, test } from "vitest";
import { createCallbackCrypto, decryptFile, encryptFile } from "./callback-crypto.ts";

// The vectors of protocols §1.1.
const TOKEN = "TestToken01";
const KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
const TIMESTAMP = "1760000000";
const NONCE = "nonce123";
const RANDOM = Buffer.from("0123456789abcdef");
const BOT_MESSAGE =
  '{"msgid":"m1","aibotid":"b1","chattype":"single","from":{"userid":"zhangsan"},"msgtype":"text","text":{"content":"你好"}}';
const BOT_SEALED =
  "Al31VOORMRWx6emIpmL5qq/ycHMLWdM1fUZ/ZEictMKqJCq52zL5sbzxIVY52+KYUWUrfu5GQZlwF2yBYwD45dWMG8iennHeh3fudEs9lO+OwHxJTgfzscdSW8OF6Fb6oKZx1b27ETaP1o/8Ipb7SHvlatQ5miy7Go5Bs7zOWeJ7NKo53+IO8qGjMsW9hkjnSAR2C+xyqWJzQS5aRRTIjg==";
const APP_MESSAGE =
  "<xml><ToUserName><![CDATA[wwcorp001]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>1760000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content><MsgId>7000000000000000001</MsgId><AgentID>1000002</AgentID></xml>";

const crypto = (receiveId: string) => createCallbackCrypto({ token: TOKEN, encodingAesKey: KEY, receiveId });
const signed = (signature: string) => ({ msg_signature: signature, timestamp: TIMESTAMP, nonce: NONCE });

test("V1: a message of 智能机器人, sealed for nobody by name", () => {
  const bot = crypto("");
  expect(bot.seal(BOT_MESSAGE, RANDOM)).toBe(BOT_SEALED);
  const signature = "44fe1b2ce172a95891e292a66404e5d562f98400";
  expect(bot.sign(TIMESTAMP, NONCE, BOT_SEALED)).toBe(signature);
  expect(bot.open(BOT_SEALED, signed(signature))).toBe(BOT_MESSAGE);
});

test("V2: a message of an app", () => {
  const app = crypto("wwcorp001");
  const sealed = app.seal(APP_MESSAGE, RANDOM);
  expect(sealed).toMatch(/^Al31VOORMRWx6emIpmL5qiK2Fbg5XpRd.*n8qN3rth4VmQ=$/u);
  const signature = "97ac9447a0d473c959951e45814d86d57d730227";
  expect(app.sign(TIMESTAMP, NONCE, sealed)).toBe(signature);
  expect(app.open(sealed, signed(signature))).toBe(APP_MESSAGE);
});

test("V3: a file", () => {
  const key = Buffer.from(`${KEY}=`, "base64");
  const sealed = encryptFile(key, Buffer.from("hello-image"));
  expect(sealed.toString("base64")).toBe("guTCbskMLy4uUQKBpQJ29hIvSHhLhwhC9ywpPlMyENY=");
  expect(decryptFile(key, sealed).toString()).toBe("hello-image");
});

test("whatever is not as it was sealed is refused", () => {
  const app = crypto("wwcorp001");
  const sealed = app.seal(APP_MESSAGE);
  const query = signed(app.sign(TIMESTAMP, NONCE, sealed));
  const code = (work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(code(() => app.open(sealed, { ...query, nonce: "nonce124" }))).toBe("bad-signature");
  expect(code(() => app.open(sealed, signed("")))).toBe("bad-signature");
  const other = crypto("wwcorp002").seal(APP_MESSAGE);
  expect(code(() => app.open(other, signed(app.sign(TIMESTAMP, NONCE, other))))).toBe("bad-callback");
  for (const broken of ["", "AAAA", sealed.slice(0, 64), Buffer.alloc(64).toString("base64")])
    expect(code(() => app.open(broken, signed(app.sign(TIMESTAMP, NONCE, broken))))).toBe("bad-callback");
  expect(code(() => crypto("x").seal(""))).not.toBe("bad-aes-key");
  expect(code(() => createCallbackCrypto({ token: TOKEN, encodingAesKey: "short", receiveId: "" }))).toBe(
    "bad-aes-key",
  );
});
