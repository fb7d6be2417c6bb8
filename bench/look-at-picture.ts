import { readFileSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { createPictureInspector } from "../src/integrations/pictures/inspector.ts";

/** One picture, looked at in a process of its own so that its memory is its own: by our door, or by sharp as it comes. */
export type Look = { path: string; with: "door" | "sharp"; cleanPath: string };
export type Seen = {
  outcome:
    | { status: "taken"; format: string; width: number; height: number }
    | { status: "refused"; why: string };
  ms: number;
  /** Peak over what the process held with the bytes read; null where the system does not say. */
  riseMb: number | null;
};

// The program of that process, started by images.ts and by nobody else: it exists only to run.
process.once("message", (look: Look) => {
  void main(look);
});

async function main({ path, with: way, cleanPath }: Look): Promise<void> {
  const inspector = createPictureInspector();
  const first = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#fff" } })
    .jpeg()
    .toBuffer();
  // Loads what every picture needs.
  await inspector.inspect(first);
  const bytes = readFileSync(path);
  const before = forgetPeak();
  const startedAt = performance.now();
  const outcome = way === "door" ? await useDoor() : await useSharp();
  const ms = performance.now() - startedAt;
  const peak = readStatus("VmHWM");
  const riseMb = before === null || peak === null ? null : peak - before;
  process.send?.({ outcome, ms, riseMb } satisfies Seen, () => process.exit(0));

  async function useDoor(): Promise<Seen["outcome"]> {
    const inspected = await inspector.inspect(bytes);
    if (!inspected.ok) return { status: "refused", why: inspected.refusal };
    writeFileSync(cleanPath, inspected.value.clean);
    const { format, width, height } = inspected.value.facts;
    return { status: "taken", format, width, height };
  }

  async function useSharp(): Promise<Seen["outcome"]> {
    try {
      const { format } = await sharp(bytes).metadata();
      const { info } = await sharp(bytes).toBuffer({ resolveWithObject: true });
      return { status: "taken", format, width: info.width, height: info.height };
    } catch (error) {
      return { status: "refused", why: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** Starts the system's peak anew and returns what is held now, in MB. */
function forgetPeak(): number | null {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return readStatus("VmRSS");
  } catch {
    return null;
  }
}

function readStatus(field: "VmRSS" | "VmHWM"): number | null {
  try {
    const found = new RegExp(`${field}:\\s+(\\d+)`, "u").exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return found === undefined ? null : Number(found) / 1024;
  } catch {
    return null;
  }
}
