import type { PictureFormat } from "../../domain/pictures/picture.ts";

export type SniffedFormat = PictureFormat | "bmp" | "svg" | "pdf" | "heic" | "other";

const HEIC_BRANDS = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"]);
const AVIF_BRANDS = new Set(["avif", "avis"]);
const HEAD_BYTES = 1024;
const ZIP_END_BYTES = 22;
const ZIP_COMMENT_LIMIT = 65_535;
/** What another program would run or open if it got the file under another name. */
const FOREIGN_MARKS = ["%pdf-", "<script", "<html", "<!doctype html", "<svg", "<?php", "#!/"];

/** What the bytes are by their first bytes; a file's name and content type say nothing. */
export function sniffFormat(bytes: Uint8Array): SniffedFormat {
  const head = latin(bytes.subarray(0, HEAD_BYTES));
  if (head.startsWith("\xff\xd8\xff")) return "jpeg";
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "webp";
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "gif";
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return "tiff";
  if (head.slice(4, 8) === "ftyp") return sniffBrands(bytes, head);
  if (head.startsWith("BM")) return "bmp";
  if (head.includes("%PDF-")) return "pdf";
  if (/^(\xef\xbb\xbf)?\s*(<\?xml|<!--|<!doctype svg|<svg)/i.test(head)) return "svg";
  return "other";
}

function sniffBrands(bytes: Uint8Array, head: string): SniffedFormat {
  const end = Math.min(readBigEndian(bytes, 0), head.length, 128);
  const brands = [head.slice(8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(head.slice(at, at + 4));
  // AVIF first: its files also carry the general brand mif1.
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return "avif";
  return brands.some((brand) => HEIC_BRANDS.has(brand)) ? "heic" : "other";
}

/**
 * True when the file is also something else: a document, an archive or a page hidden before or behind the picture.
 * A second picture or a clip behind the first is what phones do, and is fine.
 *
 * @param imageEnd - where the picture itself ends, when that is known
 */
export function hidesAnotherFile(bytes: Uint8Array, imageEnd: number | null): boolean {
  const head = latin(bytes.subarray(0, HEAD_BYTES)).toLowerCase();
  const tail = imageEnd === null ? "" : latin(bytes.subarray(imageEnd)).toLowerCase();
  return FOREIGN_MARKS.some((mark) => head.includes(mark) || tail.includes(mark)) || endsAsZip(bytes);
}

/** An archive is read from its end: a directory record whose comment reaches exactly to the last byte. */
function endsAsZip(bytes: Uint8Array): boolean {
  const first = Math.max(0, bytes.length - ZIP_END_BYTES - ZIP_COMMENT_LIMIT);
  for (let at = bytes.length - ZIP_END_BYTES; at >= first; at -= 1) {
    if (bytes[at] !== 0x50 || bytes[at + 1] !== 0x4b || bytes[at + 2] !== 5 || bytes[at + 3] !== 6) continue;
    const commentBytes = (bytes[at + 20] ?? 0) + (bytes[at + 21] ?? 0) * 256;
    if (at + ZIP_END_BYTES + commentBytes === bytes.length) return true;
  }
  return false;
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function readBigEndian(bytes: Uint8Array, at: number): number {
  return bytes.length < at + 4 ? 0 : Buffer.from(bytes.buffer, bytes.byteOffset + at, 4).readUInt32BE();
}
