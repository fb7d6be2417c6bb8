import { constants, crc32, deflateRawSync } from "node:zlib";

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const PIECE_BYTES = 1024 * 1024;
const ADLER_MODULUS = 65_521;

export type Chunk = { type: string; data: Uint8Array };
export type Header = { width: number; height: number; bitDepth?: number; colourType?: number };

/** A PNG of these chunks; the header may say what it likes. */
export function writePng(header: Header, chunks: readonly Chunk[]): Buffer {
  return Buffer.concat([
    SIGNATURE,
    writeChunk({ type: "IHDR", data: writeHeader(header) }),
    ...chunks.map(writeChunk),
    writeChunk({ type: "IEND", data: Buffer.alloc(0) }),
  ]);
}

/** The same file with more chunks right behind its header. */
export function insertChunks(png: Buffer, chunks: readonly Chunk[]): Buffer {
  const afterHeader = SIGNATURE.length + 25;
  return Buffer.concat([png.subarray(0, afterHeader), ...chunks.map(writeChunk), png.subarray(afterHeader)]);
}

/** All black, and never held unpacked: the data of a picture of any size. */
export function blackPng(header: Header): Buffer {
  const bitsPerPixel = (header.bitDepth ?? 8) * (header.colourType === 0 ? 1 : 3);
  const rowBytes = 1 + Math.ceil((header.width * bitsPerPixel) / 8);
  return writePng(header, [{ type: "IDAT", data: packZeros(rowBytes * header.height) }]);
}

/** A zlib stream that unpacks to that many zeros: one packed piece, repeated. */
export function packZeros(bytes: number): Buffer {
  const piece = deflateRawSync(Buffer.alloc(PIECE_BYTES), {
    level: 9,
    finishFlush: constants.Z_FULL_FLUSH,
  });
  const pieces = Array.from({ length: Math.floor(bytes / PIECE_BYTES) }, () => piece);
  const rest = deflateRawSync(Buffer.alloc(bytes % PIECE_BYTES), { level: 9 });
  const check = Buffer.alloc(4);
  // Adler-32 of zeros: the low half stays 1, the high half counts them.
  check.writeUInt16BE(bytes % ADLER_MODULUS, 0);
  check.writeUInt16BE(1, 2);
  return Buffer.concat([Buffer.from([0x78, 0xda]), ...pieces, rest, check]);
}

function writeHeader({ width, height, bitDepth = 8, colourType = 2 }: Header): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data[8] = bitDepth;
  data[9] = colourType;
  return data;
}

function writeChunk({ type, data }: Chunk): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}
