import sharp from "sharp";

function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A picture with plenty of structure, different for every seed. */
export async function aPhoto(seed: number, { width = 640, height = 480 } = {}): Promise<Uint8Array> {
  const random = randomOf(seed);
  const colour = () =>
    `hsl(${Math.floor(random() * 360)} ${30 + Math.floor(random() * 60)}% ${25 + Math.floor(random() * 50)}%)`;
  const shapes = Array.from({ length: 14 }, () => {
    const [x, y, size] = [random() * width, random() * height, 20 + random() * 160];
    return random() < 0.5
      ? `<circle cx="${x}" cy="${y}" r="${size / 2}" fill="${colour()}" opacity="0.85"/>`
      : `<rect x="${x - size / 2}" y="${y - size / 2}" width="${size}" height="${size * (0.4 + random())}" fill="${colour()}" opacity="0.85" transform="rotate(${random() * 90} ${x} ${y})"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="${colour()}"/><stop offset="1" stop-color="${colour()}"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/>${shapes.join("")}</svg>`;
  return await sharp(Buffer.from(svg)).png().toBuffer();
}

/** A product on flat white, as shops photograph them. */
export async function aProductOnWhite(seed: number): Promise<Uint8Array> {
  const hue = Math.floor(randomOf(seed)() * 360);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="500" height="500"><rect width="100%" height="100%" fill="#fff"/><rect x="150" y="120" width="200" height="260" rx="30" fill="hsl(${hue} 70% 45%)"/><circle cx="250" cy="200" r="50" fill="hsl(${(hue + 120) % 360} 70% 60%)"/></svg>`;
  return await sharp(Buffer.from(svg)).png().toBuffer();
}

/** Letters 5 wide and 7 high, drawn by ourselves: the machine may have no font at all. */
const GLYPHS: Record<string, string> = {
  A: "01110 10001 10001 11111 10001 10001 10001",
  B: "11110 10001 10001 11110 10001 10001 11110",
  C: "01111 10000 10000 10000 10000 10000 01111",
  E: "11111 10000 10000 11110 10000 10000 11111",
  F: "11111 10000 10000 11110 10000 10000 10000",
  H: "10001 10001 10001 11111 10001 10001 10001",
  L: "10000 10000 10000 10000 10000 10000 11111",
  O: "01110 10001 10001 10001 10001 10001 01110",
  P: "11110 10001 10001 11110 10000 10000 10000",
  R: "11110 10001 10001 11110 10100 10010 10001",
  S: "01111 10000 10000 01110 00001 00001 11110",
  T: "11111 00100 00100 00100 00100 00100 00100",
};

/** The same picture with a line of capital letters on a light band (letters of GLYPHS only). */
export async function withText(bytes: Uint8Array, text: string, { size = 8 } = {}): Promise<Uint8Array> {
  const { width = 0, height = 0 } = await sharp(bytes).metadata();
  const dots: string[] = [];
  [...text].forEach((char, at) => {
    (GLYPHS[char] ?? "").split(" ").forEach((row, y) => {
      [...row].forEach((dot, x) => {
        if (dot === "1")
          dots.push(
            `<rect x="${(at * 6 + x) * size + 20}" y="${y * size + 20}" width="${size + 0.5}" height="${size + 0.5}"/>`,
          );
      });
    });
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="${7 * size + 40}" fill="#fafafa"/><g fill="#111">${dots.join("")}</g></svg>`;
  return await sharp(bytes)
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer();
}

/** What buyers do to a picture before they ask for its original: smaller and badly compressed. */
export async function asScreenshot(bytes: Uint8Array): Promise<Uint8Array> {
  const { width = 640 } = await sharp(bytes).metadata();
  return await sharp(bytes)
    .resize(Math.round(width * 0.5))
    .jpeg({ quality: 30 })
    .toBuffer();
}
