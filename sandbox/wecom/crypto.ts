import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

const KEY_BYTES = 32;
const IV_BYTES = 16;
const RANDOM_BYTES = 16;
const LENGTH_BYTES = 4;
/** 企业微信 pads to 32 bytes, not to AES's 16. */
const PADDING_BYTES = 32;

export type CallbackSecret = {
  token: string;
  /** 43 characters: base64 of 32 bytes without its "=". */
  encodingAesKey: string;
  /** CorpID for an app and for 微信客服, empty for a company's own 智能机器人. */
  receiveId: string;
};

/**
 * The crypto of callbacks, from 企业微信's text (加解密方案说明) and not shared with the service, so that a mistake on
 * either side shows. Plain layout: random(16) | length(4, big endian) | message | receiveId.
 */
export function createCallbackCrypto({ token, encodingAesKey, receiveId }: CallbackSecret) {
  const key = Buffer.from(`${encodingAesKey}=`, "base64");
  if (key.length !== KEY_BYTES) throw new Error("an EncodingAESKey has 43 characters");

  return {
    /** 40 lower-case hex digits. */
    sign: (timestamp: string, nonce: string, encrypted: string): string =>
      createHash("sha1").update([token, timestamp, nonce, encrypted].sort().join("")).digest("hex"),

    /** @param random - 16 bytes; only a test gives its own */
    encrypt(message: string, random: Uint8Array = randomBytes(RANDOM_BYTES)): string {
      const body = Buffer.from(message, "utf8");
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(body.length);
      const plain = Buffer.concat([random, length, body, Buffer.from(receiveId, "utf8")]);
      return encryptBytes(key, plain).toString("base64");
    },

    /** @throws Error when the padding, the length or the receiveId is wrong */
    decrypt(encrypted: string): string {
      const plain = decryptBytes(key, Buffer.from(encrypted, "base64"));
      const length = plain.readUInt32BE(RANDOM_BYTES);
      const start = RANDOM_BYTES + LENGTH_BYTES;
      if (start + length > plain.length) throw new Error("the message is longer than what was encrypted");
      const receiver = plain.subarray(start + length).toString("utf8");
      if (receiver !== receiveId) throw new Error(`encrypted for ${receiver}, not for ${receiveId}`);
      return plain.subarray(start, start + length).toString("utf8");
    },
  };
}
export type CallbackCrypto = ReturnType<typeof createCallbackCrypto>;

/** AES-256-CBC with PKCS#7 to 32 bytes; the IV is the start of the key. Also how 智能机器人 encrypts a file. */
export function encryptBytes(key: Uint8Array, plain: Uint8Array): Buffer {
  const missing = PADDING_BYTES - (plain.length % PADDING_BYTES);
  const cipher = createCipheriv("aes-256-cbc", key, key.subarray(0, IV_BYTES)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(missing, missing)), cipher.final()]);
}

/** @throws Error when a byte of the padding is wrong */
export function decryptBytes(key: Uint8Array, encrypted: Uint8Array): Buffer {
  const decipher = createDecipheriv("aes-256-cbc", key, key.subarray(0, IV_BYTES)).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(encrypted), decipher.final()]);
  const padding = padded.at(-1) ?? 0;
  const isPadded =
    padding >= 1 &&
    padding <= PADDING_BYTES &&
    padded.length >= padding &&
    padded.subarray(-padding).every((byte) => byte === padding);
  if (!isPadded) throw new Error("wrong padding");
  return padded.subarray(0, padded.length - padding);
}
