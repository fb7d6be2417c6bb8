import sharp from "sharp";

const GIF_HEADER_BYTES = 13;

/** One picture, its frame written again and again behind the first. */
export async function gifOfFrames(frames: number): Promise<Buffer> {
  const still = await sharp({ create: { width: 320, height: 240, channels: 3, background: "#2060a0" } })
    .gif()
    .toBuffer();
  const flags = still[10] ?? 0;
  const start = GIF_HEADER_BYTES + ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  const frame = still.subarray(start, -1);
  return Buffer.concat([
    still.subarray(0, start),
    ...Array.from({ length: frames }, () => frame),
    still.subarray(-1),
  ]);
}

/** Grey pages of 64 × 48 that all show the same strip; with isLoop the last page points to the first again. */
export function tiffOfPages(pages: number, { isLoop = false } = {}): Buffer {
  const [width, height, entries] = [64, 48, 8];
  const firstPage = 8 + width * height;
  const pageBytes = 2 + entries * 12 + 4;
  const file = Buffer.alloc(firstPage + pages * pageBytes, 0x80);
  file.write("II*\0", 0, "latin1");
  file.writeUInt32LE(firstPage, 4);
  for (let page = 0; page < pages; page += 1) {
    const at = firstPage + page * pageBytes;
    file.writeUInt16LE(entries, at);
    const tags: [number, number][] = [
      [256, width],
      [257, height],
      [258, 8],
      [259, 1],
      [262, 1],
      [273, 8],
      [278, height],
      [279, width * height],
    ];
    tags.forEach(([tag, value], index) => {
      const entry = at + 2 + index * 12;
      file.writeUInt16LE(tag, entry);
      file.writeUInt16LE(4, entry + 2);
      file.writeUInt32LE(1, entry + 4);
      file.writeUInt32LE(value, entry + 8);
    });
    const next = page + 1 < pages ? at + pageBytes : isLoop ? firstPage : 0;
    file.writeUInt32LE(next, at + pageBytes - 4);
  }
  return file;
}

export function bitmap(width: number, height: number): Buffer {
  const pixels = width * height * 3;
  const file = Buffer.alloc(54 + pixels, 0x99);
  file.fill(0, 0, 54);
  file.write("BM", 0, "latin1");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  return file;
}

/** The last scan of a progressive JPEG, repeated: little to send, long to decode. */
export async function jpegOfScans(scans: number): Promise<Buffer> {
  const jpeg = await sharp({ create: { width: 4000, height: 4000, channels: 3, background: "#807060" } })
    .jpeg({ progressive: true })
    .toBuffer();
  const lastScan = jpeg.lastIndexOf(Buffer.from([0xff, 0xda]));
  const scan = jpeg.subarray(lastScan, -2);
  return Buffer.concat([
    jpeg.subarray(0, -2),
    ...Array.from({ length: scans }, () => scan),
    jpeg.subarray(-2),
  ]);
}

/** The same JPEG whose header states another height. */
export function withJpegHeight(jpeg: Buffer, height: number): Buffer {
  const changed = Buffer.from(jpeg);
  const frame = changed.indexOf(Buffer.from([0xff, 0xc0]));
  if (frame === -1) throw new Error("no baseline frame");
  changed.writeUInt16BE(height, frame + 5);
  return changed;
}

/** The same JPEG with a segment right behind its first two bytes. */
export function withJpegSegment(jpeg: Buffer, marker: number, text: string): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(text.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, Buffer.from(text, "latin1"), jpeg.subarray(2)]);
}

/** A zip archive with one stored file. */
export function zipArchive(): Buffer {
  const [name, body] = [Buffer.from("a.txt"), Buffer.from("hidden")];
  const local = Buffer.alloc(30);
  local.write("PK\x03\x04", 0, "latin1");
  local.writeUInt32LE(body.length, 18);
  local.writeUInt32LE(body.length, 22);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.write("PK\x01\x02", 0, "latin1");
  central.writeUInt32LE(body.length, 20);
  central.writeUInt32LE(body.length, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + body.length, 16);
  return Buffer.concat([local, name, body, central, name, end]);
}
