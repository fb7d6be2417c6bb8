import { spawn } from "node:child_process";
import { AppError } from "../../domain/errors.ts";

const WITHIN_MS = 20_000;
const MOST_BYTES = 20 * 1024 * 1024;
const AMR_HEAD = Buffer.from("#!AMR\n");

/** Turns recordings from one form into another; each is null when no program of this machine can. */
export type AudioPrograms = {
  /** Any recording as WAV of 16 kHz, one channel. */
  toWav: ((recording: Uint8Array) => Promise<Uint8Array>) | null;
  /** WAV as AMR narrow band, 12.2 kbit/s. */
  toAmr: ((wav: Uint8Array) => Promise<Uint8Array>) | null;
};

const FFMPEG = ["-hide_banner", "-loglevel", "error"];
const TO_WAV = [...FFMPEG, "-i", "pipe:0", "-ar", "16000", "-ac", "1", "-f", "wav", "pipe:1"];
const TO_AMR = [
  "-i",
  "pipe:0",
  "-ar",
  "8000",
  "-ac",
  "1",
  "-c:a",
  "libopencore_amrnb",
  "-b:a",
  "12.2k",
  "-f",
  "amr",
];
const GST_TO_AMR =
  "-q fdsrc fd=0 ! wavparse ! audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 ! amrnbenc band-mode=7 ! fdsink fd=1";

/**
 * What this machine has: ffmpeg reads AMR everywhere, but writes it only where it was built to (Debian's is not); there
 * GStreamer's amrnbenc does (gstreamer1.0-tools and -plugins-ugly).
 */
export async function findAudioPrograms(): Promise<AudioPrograms> {
  const encoders = await answer("ffmpeg", ["-hide_banner", "-encoders"]);
  const hasFfmpegAmr = encoders?.includes("libopencore_amrnb") === true;
  const hasGstAmr = hasFfmpegAmr || (await answer("gst-inspect-1.0", ["amrnbenc"])) !== null;
  const byFfmpeg = (wav: Uint8Array) => run("ffmpeg", [...FFMPEG, ...TO_AMR, "pipe:1"], wav);
  // GStreamer writes the frames alone.
  const byGst = async (wav: Uint8Array) =>
    Buffer.concat([AMR_HEAD, await run("gst-launch-1.0", GST_TO_AMR.split(" "), wav)]);
  return {
    toWav: encoders === null ? null : (recording) => run("ffmpeg", TO_WAV, recording),
    toAmr: hasFfmpegAmr ? byFfmpeg : hasGstAmr ? byGst : null,
  };
}

/** What a program says to a question; null when it is not there or refuses. */
async function answer(program: string, args: string[]): Promise<string | null> {
  try {
    return (await run(program, args, new Uint8Array())).toString("utf8");
  } catch {
    return null;
  }
}

/** Feeds a program and gives what it writes. Throws AppError("audio-failed"). */
function run(program: string, args: string[], input: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new AppError("audio-failed", `${program}: ${why}`));
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], timeout: WITHIN_MS });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > MOST_BYTES) child.kill("SIGKILL");
    });
    // A program that has read enough closes its end.
    child.stdin.on("error", () => {});
    child.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    child.on("close", (code) => {
      if (code === 0 && size <= MOST_BYTES) resolve(Buffer.concat(chunks));
      else fail(size > MOST_BYTES ? "wrote too much" : `ended with ${code ?? "a signal"}`);
    });
    child.stdin.end(input);
  });
}
