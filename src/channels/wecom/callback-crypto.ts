import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { AppError } from "../../domain/errors.ts";

const KEY_BYTES = 32;
const IV_BYTES = 16;
const RANDOM_BYTES = 16;
const LENGTH_BYTES = 4;
/** 企业微信 pads to 32 bytes, not to AES's 16. */
const PADDING_BYTES = 32;

export type CallbackQuery = { msg_signature: string; timestamp: string; nonce: string };
export type CallbackCrypto = ReturnType<typeof createCallbackCrypto>;

/**
 * Signs, seals and opens what comes and goes by 企业微信's callbacks (protocols §1.1). A sealed text is the base64 of
 * AES-256-CBC over `random(16) | length(4, big endian) | message | receiveId`.
 *
 * @param encodingAesKey - 43 characters: base64 of 32 bytes without its "="; throws AppError("bad-aes-key") else
 * @param receiveId - CorpID for an app and for 微信客服
 */
export function createCallbackCrypto({
  token,
  encodingAesKey,
  receiveId,
}: {
  token: string;
  encodingAesKey: string;
  receiveId: string;
}) {
  const key = Buffer.from(`${encodingAesKey}=`, "base64");
  if (key.length !== KEY_BYTES)
    throw new AppError("bad-aes-key", "an EncodingAESKey has 43 characters of base64");

  /** 40 lower-case hex digits. */
  function sign(timestamp: string, nonce: string, sealed: string): string {
    return createHash("sha1").update([token, timestamp, nonce, sealed].sort().join("")).digest("hex");
  }

  return {
    sign,

    /** @param random - 16 bytes; only a test gives its own */
    seal(message: string, random: Uint8Array = randomBytes(RANDOM_BYTES)): string {
      const body = Buffer.from(message, "utf8");
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(body.length);
      return encryptFile(key, Buffer.concat([random, length, body, Buffer.from(receiveId, "utf8")])).toString(
        "base64",
      );
    },

    /** Throws AppError: "bad-signature" when somebody else signed it, "bad-callback" when it is not what was sealed. */
    open(sealed: string, { msg_signature, timestamp, nonce }: CallbackQuery): string {
      if (!isSame(sign(timestamp, nonce, sealed), msg_signature))
        throw new AppError("bad-signature", "the signature is wrong");
      const plain = decryptFile(key, Buffer.from(sealed, "base64"));
      const start = RANDOM_BYTES + LENGTH_BYTES;
      const end = plain.length < start ? Number.POSITIVE_INFINITY : start + plain.readUInt32BE(RANDOM_BYTES);
      if (end > plain.length) throw new AppError("bad-callback", "the message is shorter than it says");
      if (plain.subarray(end).toString("utf8") !== receiveId)
        throw new AppError("bad-callback", "it was sealed for somebody else");
      return plain.subarray(start, end).toString("utf8");
    },
  };
}

/** AES-256-CBC with PKCS#7 to 32 bytes; the IV is the start of the key. Also how 智能机器人's files come. */
export function encryptFile(key: Uint8Array, plain: Uint8Array): Buffer {
  const missing = PADDING_BYTES - (plain.length % PADDING_BYTES);
  const cipher = createCipheriv("aes-256-cbc", key, key.subarray(0, IV_BYTES)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(missing, missing)), cipher.final()]);
}

/** The other way; throws AppError("bad-callback") when a byte of the padding is wrong or the key does not fit. */
export function decryptFile(key: Uint8Array, encrypted: Uint8Array): Buffer {
  let padded: Buffer;
  try {
    const decipher = createDecipheriv("aes-256-cbc", key, key.subarray(0, IV_BYTES)).setAutoPadding(false);
    padded = Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch (error) {
    throw new AppError("bad-callback", "it cannot be decrypted", { cause: error });
  }
  const padding = padded.at(-1) ?? 0;
  const isPadded =
    padding >= 1 &&
    padding <= PADDING_BYTES &&
    padded.length >= padding &&
    padded.subarray(-padding).every((byte) => byte === padding);
  if (!isPadded) throw new AppError("bad-callback", "wrong padding");
  return padded.subarray(0, padded.length - padding);
}

function isSame(expected: string, given: string): boolean {
  const one = Buffer.from(expected);
  const other = Buffer.from(given.toLowerCase());
  return one.length === other.length && timingSafeEqual(one, other);
}
