import sharp from "sharp";
import type { Fonts } from "./fonts.ts";
import type { Random } from "./random.ts";
import {
  chooseColour,
  chooseSize,
  drawGrain,
  drawIllustration,
  drawSvg,
  fill,
  gradient,
  many,
  type Size,
} from "./shapes.ts";

type Draw = (size: Size, random: Random, fonts: Fonts) => Promise<Buffer>;

/** Nothing is written on these, though much of it looks as if: strokes, bars, rings, modules. */
const DRAWINGS: Record<string, Draw> = {
  hair: drawHair,
  bricks: drawBricks,
  "line art": drawLineArt,
  texture: drawTexture,
  fence: drawFence,
  grid: drawGrid,
  leaves: drawLeaves,
  stripes: drawStripes,
  dots: drawDots,
  "code blocks": drawCode,
  "one stray character": drawStray,
  "product on white": drawProduct,
};

export const TEXTLESS_KINDS = Object.keys(DRAWINGS);

export async function drawTextless(kind: string, random: Random, fonts: Fonts): Promise<Buffer> {
  const draw = DRAWINGS[kind];
  if (draw === undefined) throw new Error(`no such kind: ${kind}`);
  return await draw(chooseSize(random), random, fonts);
}

async function drawHair(size: Size, random: Random): Promise<Buffer> {
  const [left, spread] = [random.between(0, size.width / 3), random.between(size.width / 3, size.width)];
  const hue = random.integer(15, 40);
  const strand = (): string => {
    const x = left + random.share() * spread;
    const bend = random.between(-120, 120);
    const end = x + random.between(-160, 160);
    return `<path d="M${x} -10C${x + bend} ${size.height * 0.3} ${end - bend} ${size.height * 0.7} ${end} ${size.height + 10}" stroke="hsl(${hue} ${random.integer(15, 60)}% ${random.integer(5, 45)}%)" stroke-width="${random.between(0.6, 3)}" fill="none"/>`;
  };
  return await drawSvg(
    size,
    fill(chooseColour(random, { light: [70, 95] })) + many(random.integer(150, 500), strand),
  );
}

async function drawBricks(size: Size, random: Random): Promise<Buffer> {
  const [width, height] = [random.integer(36, 110), random.integer(16, 44)];
  const [hue, gap] = [random.integer(5, 30), random.integer(2, 6)];
  const rows = Math.ceil(size.height / height) + 1;
  const columns = Math.ceil(size.width / width) + 2;
  const bricks = many(rows * columns, (at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const x = column * width - (row % 2) * (width / 2);
    return `<rect x="${x}" y="${row * height}" width="${width - gap}" height="${height - gap}" fill="hsl(${hue} ${random.integer(30, 60)}% ${random.integer(30, 55)}%)"/>`;
  });
  return await drawSvg(size, fill(`hsl(${hue} 8% ${random.integer(60, 85)}%)`) + bricks);
}

async function drawLineArt(size: Size, random: Random): Promise<Buffer> {
  const ink = random.share() < 0.7 ? "#111111" : chooseColour(random, { light: [20, 40] });
  const line = (): string => {
    const [x, y] = [random.between(0, size.width), random.between(0, size.height)];
    const side = random.between(15, 140);
    const pen = `fill="none" stroke="${ink}" stroke-width="${random.between(1, 4)}"`;
    const kind = random.integer(0, 4);
    if (kind === 0) return `<circle cx="${x}" cy="${y}" r="${side / 2}" ${pen}/>`;
    if (kind === 1)
      return `<path d="M${x} ${y}l${side / 2} ${-side / 2}l${side / 2} ${side / 2}v${side / 2}h${-side}z" ${pen}/>`;
    if (kind === 2)
      return `<path d="M${x} ${y}c${side} ${-side} ${side * 2} ${side} ${side * 3} 0s${side} ${side} ${side} ${side}" ${pen}/>`;
    const points = many(
      random.integer(3, 7),
      () => `${x + random.between(-side, side)},${y + random.between(-side, side)} `,
    );
    return `<polyline points="${points}" ${pen}/>`;
  };
  return await drawSvg(size, fill("#ffffff") + many(random.integer(15, 60), line));
}

async function drawTexture(size: Size, random: Random): Promise<Buffer> {
  const coarse = random.integer(1, 9);
  const small = {
    width: Math.ceil(size.width / coarse),
    height: Math.ceil(size.height / (random.share() < 0.5 ? coarse : 1)),
  };
  const grain = await drawGrain(small, random.between(25, 90), random);
  return await sharp(grain)
    .resize(size.width, size.height, { fit: "fill" })
    .tint(chooseColour(random, { light: [35, 70] }))
    .png({ compressionLevel: 1 })
    .toBuffer();
}

async function drawFence(size: Size, random: Random): Promise<Buffer> {
  const [step, share] = [random.integer(18, 60), random.between(0.3, 0.8)];
  const [top, bottom] = [
    random.between(0, size.height * 0.4),
    random.between(size.height * 0.6, size.height),
  ];
  const wood = chooseColour(random, { light: [20, 90] });
  const pickets = many(Math.ceil(size.width / step), (at) => {
    const [x, wide] = [at * step, step * share];
    return `<path d="M${x} ${bottom}V${top + wide / 2}l${wide / 2} ${-wide / 2}l${wide / 2} ${wide / 2}V${bottom}z" fill="${wood}" stroke="#333" stroke-width="1"/>`;
  });
  const rails = [0.25, 0.7].map(
    (at) =>
      `<rect y="${top + (bottom - top) * at}" width="100%" height="${step * 0.35}" fill="${wood}" stroke="#333"/>`,
  );
  return await drawSvg(size, `${gradient(random)}${fill("url(#g)")}${rails.join("")}${pickets}`);
}

async function drawGrid(size: Size, random: Random): Promise<Buffer> {
  const [step, pen] = [random.integer(12, 70), random.between(1, 6)];
  const ink = chooseColour(random, { light: [10, 45] });
  const down = many(
    Math.ceil(size.width / step),
    (at) => `<path d="M${at * step} 0V${size.height}" stroke="${ink}" stroke-width="${pen}"/>`,
  );
  const across = many(
    Math.ceil(size.height / step),
    (at) => `<path d="M0 ${at * step}H${size.width}" stroke="${ink}" stroke-width="${pen}"/>`,
  );
  const turn = random.share() < 0.5 ? 0 : random.integer(10, 80);
  return await drawSvg(
    size,
    `${fill(chooseColour(random, { light: [75, 98] }))}<g transform="rotate(${turn} ${size.width / 2} ${size.height / 2}) scale(1.2)">${down}${across}</g>`,
  );
}

async function drawLeaves(size: Size, random: Random): Promise<Buffer> {
  const leaf = (): string => {
    const [x, y, long] = [
      random.between(0, size.width),
      random.between(0, size.height),
      random.between(25, 120),
    ];
    const green = `hsl(${random.integer(70, 150)} ${random.integer(30, 70)}% ${random.integer(18, 55)}%)`;
    return `<g transform="translate(${x} ${y}) rotate(${random.integer(0, 359)})"><path d="M0 0Q${long / 2} ${-long / 3} ${long} 0Q${long / 2} ${long / 3} 0 0z" fill="${green}"/><path d="M0 0H${long}" stroke="#1c3a12" stroke-width="1.2"/></g>`;
  };
  return await drawSvg(
    size,
    fill(chooseColour(random, { light: [20, 85] })) + many(random.integer(60, 260), leaf),
  );
}

/** Even stripes, and bars of any width as on a barcode without its digits. */
async function drawStripes(size: Size, random: Random): Promise<Buffer> {
  const isBarcode = random.share() < 0.4;
  const bars: string[] = [];
  const step = random.integer(6, 40);
  for (let x = isBarcode ? 0 : -size.width - size.height; x < (size.width + size.height) * 2; ) {
    const wide = isBarcode ? random.integer(1, 4) * 3 : step / 2;
    bars.push(
      `<rect x="${x}" width="${wide}" y="${isBarcode ? 0 : -size.width - size.height}" height="${isBarcode ? size.height / 3 : (size.width + size.height) * 3}"/>`,
    );
    x += isBarcode ? wide + random.integer(1, 4) * 3 : step;
  }
  const turn = isBarcode ? 0 : random.pick([0, 0, 90, 35, 120]);
  const ink = isBarcode ? "#000000" : chooseColour(random, { light: [15, 50] });
  const move = isBarcode ? `translate(0 ${size.height / 3})` : `rotate(${turn} ${size.width / 2} 0)`;
  return await drawSvg(
    size,
    `${fill(isBarcode ? "#ffffff" : chooseColour(random, { light: [65, 95] }))}<g fill="${ink}" transform="${move}">${bars.join("")}</g>`,
  );
}

async function drawDots(size: Size, random: Random): Promise<Buffer> {
  const step = random.integer(14, 60);
  const radius = step * random.between(0.15, 0.4);
  const columns = Math.ceil(size.width / step) + 1;
  const ink = chooseColour(random, { light: [15, 55] });
  const shape = random.share() < 0.3 ? `fill="none" stroke="${ink}" stroke-width="2"` : `fill="${ink}"`;
  const shift = random.share() < 0.5 ? step / 2 : 0;
  const dots = many(columns * (Math.ceil(size.height / step) + 1), (at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return `<circle cx="${column * step + (row % 2) * shift}" cy="${row * step}" r="${radius}" ${shape}/>`;
  });
  return await drawSvg(size, fill(chooseColour(random, { light: [75, 97] })) + dots);
}

async function drawCode(size: Size, random: Random): Promise<Buffer> {
  const modules = random.integer(21, 41);
  const side = Math.floor((Math.min(size.width, size.height) * random.between(0.35, 0.9)) / modules);
  const finder = (x: number, y: number): string =>
    `<g transform="translate(${x * side} ${y * side})"><rect width="${7 * side}" height="${7 * side}"/><rect x="${side}" y="${side}" width="${5 * side}" height="${5 * side}" fill="#fff"/><rect x="${2 * side}" y="${2 * side}" width="${3 * side}" height="${3 * side}"/></g>`;
  const corners: [number, number][] = [
    [0, 0],
    [modules - 7, 0],
    [0, modules - 7],
  ];
  const isFinder = (x: number, y: number): boolean =>
    corners.some(([left, top]) => x >= left - 1 && x <= left + 7 && y >= top - 1 && y <= top + 7);
  const cells = many(modules * modules, (at) => {
    const [x, y] = [at % modules, Math.floor(at / modules)];
    if (isFinder(x, y) || random.share() < 0.5) return "";
    return `<rect x="${x * side}" y="${y * side}" width="${side}" height="${side}"/>`;
  });
  const [left, top] = [(size.width - modules * side) / 2, (size.height - modules * side) / 2];
  return await drawSvg(
    size,
    `${fill("#ffffff")}<g transform="translate(${left} ${top})">${cells}${corners.map(([x, y]) => finder(x, y)).join("")}</g>`,
  );
}

/** One character is not text (spec orders §2). */
async function drawStray(size: Size, random: Random, fonts: Fonts): Promise<Buffer> {
  const character = random.pick([..."福囍SAKR8龙茶5酒X"]);
  const letter = await sharp({
    text: {
      text: `<span foreground="#7a1010">${character}</span>`,
      font: `${fonts.choose(random, "chinese")} ${random.integer(40, 160)}`,
      dpi: 72,
      rgba: true,
    },
  })
    .png()
    .toBuffer();
  const { width, height } = await sharp(letter).metadata();
  return await sharp(await drawIllustration(size, random))
    .composite([
      {
        input: letter,
        left: random.integer(0, size.width - width),
        top: random.integer(0, size.height - height),
      },
    ])
    .png({ compressionLevel: 1 })
    .toBuffer();
}

async function drawProduct(size: Size, random: Random): Promise<Buffer> {
  const [x, y] = [size.width / 2, size.height / 2];
  const [wide, high] = [random.between(80, size.width * 0.35), random.between(80, size.height * 0.35)];
  const body = `${gradient(random)}<ellipse cx="${x}" cy="${y + high}" rx="${wide * 1.1}" ry="14" fill="#0002"/><rect x="${x - wide}" y="${y - high}" width="${wide * 2}" height="${high * 2}" rx="${random.between(4, 60)}" fill="url(#g)"/>`;
  const trim = many(
    random.integer(1, 5),
    () =>
      `<rect x="${x - wide}" y="${random.between(y - high, y + high)}" width="${wide * 2}" height="${random.between(2, 14)}" fill="${chooseColour(random)}"/>`,
  );
  const knob = `<circle cx="${x}" cy="${y - high}" r="${random.between(10, 30)}" fill="${chooseColour(random)}" stroke="#333"/>`;
  return await drawSvg(size, fill("#ffffff") + body + trim + knob);
}
