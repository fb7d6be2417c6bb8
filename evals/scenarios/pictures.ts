import { createHash } from "node:crypto";
import sharp from "sharp";
import { aPhoto, aProductOnWhite, asScreenshot, withText } from "../../sandbox/pictures.ts";
import { judgeEvidence } from "../../src/domain/orders/evidence.ts";
import type { TextReader } from "../../src/domain/pictures/ports.ts";

/** The photo that letters are drawn on. */
const WITH_WORDS = 90;
const AREA = 640 * 480;
const SURE = 0.97;
const UNSURE = 0.6;

/** The same picture with letters on it, and bytes of its own: what OCR reads is looked up by these. */
async function noted(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  return await sharp(bytes)
    .withExif({ IFD0: { ImageDescription: sha256(Buffer.from(name)) } })
    .png()
    .toBuffer();
}

/** Draws what a scenario names (scenario.ts, pictureSchema), the same bytes every time. */
async function drawPicture(name: string): Promise<Uint8Array> {
  const [kind = "", detail = ""] = name.split(/:(.*)/su);
  switch (kind) {
    case "broken":
      return Buffer.from("this is no picture");
    case "screenshot":
      return await asScreenshot(await aPhoto(Number(detail)));
    case "white":
      return await aProductOnWhite(Number(detail));
    case "tiny":
      return await aPhoto(Number(detail), { width: 120, height: 90 });
    case "text":
    case "faint":
      return await noted(await withText(await aPhoto(WITH_WORDS), "BEACH HOTEL"), name);
    default:
      return await aPhoto(Number(detail), { width: 400, height: 300 });
  }
}

/** Draws pictures, each once, and reads them as the scenario says: real OCR is measured elsewhere, and slow. */
export function createPictureBook() {
  const drawn = new Map<string, Promise<Uint8Array>>();
  const written = new Map<string, { lines: string[]; score: number }>();
  const textReader: TextReader = {
    async read(bytes) {
      const id = sha256(bytes);
      const { lines, score } = written.get(id) ?? { lines: [], score: SURE };
      const boxes = lines.map((text, row) => ({
        points: corners(20, 20 + row * 40, 600, 30),
        text,
        score,
      }));
      return judgeEvidence(boxes, { id: `e_${id}`, engine: "scenario", version: "1", pictureArea: AREA });
    },
    close: async () => {},
  };
  return {
    textReader,
    /** What our engine makes of a picture says what the picture said. */
    keepWords(of: Uint8Array, made: Uint8Array): void {
      const words = written.get(sha256(of));
      if (words !== undefined) written.set(sha256(made), words);
    },
    async get(name: string): Promise<Uint8Array> {
      const bytes = await (drawn.get(name) ?? draw(name));
      const [, kind, text] = /^(text|faint):(.+)$/su.exec(name) ?? [];
      if (text !== undefined)
        written.set(sha256(bytes), { lines: text.split("/"), score: kind === "text" ? SURE : UNSURE });
      return bytes;
    },
  };

  function draw(name: string): Promise<Uint8Array> {
    const bytes = drawPicture(name);
    drawn.set(name, bytes);
    return bytes;
  }
}

function corners(x: number, y: number, width: number, height: number): [number, number][] {
  return [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
