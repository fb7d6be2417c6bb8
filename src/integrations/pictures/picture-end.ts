import type { PictureFormat } from "../../domain/pictures/picture.ts";

/** Where a picture's own bytes end: an offset, "missing" when the file stops before, "unknown" for formats without an end mark. */
export type PictureEnd = number | "missing" | "unknown";

/** Walks the file's structure without decoding it, so a cut file is known for certain whatever the decoder forgives. */
export function findPictureEnd(bytes: Uint8Array, format: PictureFormat): PictureEnd {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (format) {
    case "jpeg":
      return endOfJpeg(file);
    case "png":
      return endOfPng(file);
    case "gif":
      return endOfGif(file);
    case "webp":
      return endOfRiff(file);
    case "avif":
      return endOfBoxes(file);
    case "tiff":
      return endOfTiff(file);
  }
}

function endOfJpeg(file: Buffer): PictureEnd {
  let at = 2;
  while (at + 1 < file.length) {
    if (file[at] !== 0xff) {
      // Inside a scan: entropy-coded bytes up to the next marker.
      const next = file.indexOf(0xff, at);
      if (next === -1) return "missing";
      at = next;
      continue;
    }
    const marker = file[at + 1] ?? 0;
    if (marker === 0xd9) return at + 2;
    const standsAlone = marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (marker === 0xff) at += 1;
    else if (standsAlone) at += 2;
    else if (at + 4 > file.length) return "missing";
    else at += 2 + file.readUInt16BE(at + 2);
  }
  return "missing";
}

function endOfPng(file: Buffer): PictureEnd {
  let at = 8;
  while (at + 12 <= file.length) {
    const end = at + 12 + file.readUInt32BE(at);
    if (end > file.length) return "missing";
    if (file.toString("latin1", at + 4, at + 8) === "IEND") return end;
    at = end;
  }
  return "missing";
}

const GIF_HEADER_BYTES = 13;
const GIF_IMAGE_HEADER_BYTES = 10;

function endOfGif(file: Buffer): PictureEnd {
  let at = GIF_HEADER_BYTES + colourTableBytes(file[10]);
  while (at < file.length) {
    const kind = file[at];
    if (kind === 0x3b) return at + 1;
    if (kind === 0x21) at = afterSubBlocks(file, at + 2);
    else if (kind === 0x2c) {
      // The extra byte is the code size before the picture's data.
      at = afterSubBlocks(file, at + GIF_IMAGE_HEADER_BYTES + colourTableBytes(file[at + 9]) + 1);
    } else return "missing";
  }
  return "missing";
}

function colourTableBytes(flags = 0): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

function afterSubBlocks(file: Buffer, start: number): number {
  let at = start;
  while (at < file.length) {
    const size = file[at] ?? 0;
    at += 1 + size;
    if (size === 0) break;
  }
  return at;
}

function endOfRiff(file: Buffer): PictureEnd {
  if (file.length < 12) return "missing";
  const end = 8 + file.readUInt32LE(4);
  return end > file.length ? "missing" : end;
}

/** TIFF has no end mark, but its directory often comes last: a cut file points past its end. */
function endOfTiff(file: Buffer): PictureEnd {
  if (file.length < 8) return "missing";
  const littleEndian = file[0] === 0x49;
  if ((littleEndian ? file[2] : file[3]) !== 42) return "unknown";
  const directory = littleEndian ? file.readUInt32LE(4) : file.readUInt32BE(4);
  return directory + 2 > file.length ? "missing" : "unknown";
}

function endOfBoxes(file: Buffer): PictureEnd {
  let at = 0;
  while (at + 8 <= file.length) {
    const size = file.readUInt32BE(at);
    // 0 is "to the end of the file", 1 a 64-bit size: neither is needed by a still picture of our size.
    if (size < 8) return "unknown";
    if (at + size > file.length) return "missing";
    at += size;
  }
  return at;
}
