import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AudioPrograms, findAudioPrograms } from "./audio-programs.ts";
import { createSpeechToText, createTextToSpeech } from "./speech.ts";

let server: Server;
let baseUrl: string;
let asked: { path: string; headers: IncomingHttpHeaders; body: Buffer }[];
let answer: { status: number; body: string | Uint8Array };

beforeEach(async () => {
  asked = [];
  answer = { status: 200, body: JSON.stringify({ text: " 打印机坏了 " }) };
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const NOTHING: AudioPrograms = { toWav: null, toAmr: null };
const AMR = Buffer.concat([Buffer.from("#!AMR\n"), Buffer.alloc(32 * 50)]);

function ears(programs: AudioPrograms = NOTHING) {
  return createSpeechToText(
    { baseUrl, apiKey: "sk-1", model: "whisper-1" },
    { programs: async () => programs },
  );
}
function mouth(programs: AudioPrograms = { toWav: null, toAmr: async () => AMR }) {
  return createTextToSpeech(
    { baseUrl, apiKey: null, model: "tts-1", voice: "alloy" },
    { programs: async () => programs },
  );
}

describe("hearing", () => {
  it("sends a recording as WAV where this machine can make one, else as it is", async () => {
    expect(await ears({ ...NOTHING, toWav: async () => Buffer.from("RIFFwave") })(AMR, "amr")).toBe(
      "打印机坏了",
    );
    expect(await ears()(AMR, "amr")).toBe("打印机坏了");
    expect(asked.map(({ path }) => path)).toEqual(["/v1/audio/transcriptions", "/v1/audio/transcriptions"]);
    const bodies = asked.map(({ body }) => body.toString("latin1"));
    expect(bodies[0]).toContain('filename="voice.wav"');
    expect(bodies[0]).toContain("RIFFwave");
    expect(bodies[1]).toContain('filename="voice.amr"');
    expect(bodies[1]).toContain("whisper-1");
    expect(asked[0]?.headers.authorization).toBe("Bearer sk-1");
  });

  it("understands nothing in silence, and throws when nobody listens", async () => {
    answer = { status: 200, body: JSON.stringify({ text: "  " }) };
    expect(await ears()(AMR, "amr")).toBeNull();
    for (const broken of [
      { status: 500, body: "" },
      { status: 200, body: "<html>" },
      { status: 200, body: "{}" },
    ]) {
      answer = broken;
      await expect(ears()(AMR, "amr")).rejects.toMatchObject({ code: "voice-unavailable" });
    }
  });
});

describe("speaking", () => {
  it("gives AMR, and nothing for what is too long to be heard", async () => {
    answer = { status: 200, body: Buffer.from("RIFFwave") };
    expect(await mouth()("重启一下")).toEqual(AMR);
    expect(JSON.parse(asked[0]?.body.toString() ?? "")).toMatchObject({
      input: "重启一下",
      response_format: "wav",
    });
    expect(await mouth()("字".repeat(241))).toBeNull();
    expect(asked).toHaveLength(1);
    const long = Buffer.alloc(32 * 50 * 61);
    expect(await mouth({ ...NOTHING, toAmr: async () => long })("说得很慢")).toBeNull();
  });

  it("says what to install where no program writes AMR", async () => {
    await expect(mouth(NOTHING)("您好")).rejects.toThrow("gstreamer1.0-plugins-ugly");
    expect(asked).toEqual([]);
  });
});

const found = await findAudioPrograms();

it.skipIf(found.toAmr === null || found.toWav === null)(
  "goes from WAV to AMR and back on this machine",
  async () => {
    const samples = Buffer.alloc(8_000 * 2);
    for (let at = 0; at < 8_000; at += 1) samples.writeInt16LE(Math.round(9_000 * Math.sin(at / 3)), at * 2);
    const head = Buffer.alloc(44);
    head.write("RIFF");
    head.writeUInt32LE(36 + samples.length, 4);
    head.write("WAVEfmt ", 8);
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20);
    head.writeUInt16LE(1, 22);
    head.writeUInt32LE(8_000, 24);
    head.writeUInt32LE(16_000, 28);
    head.writeUInt16LE(2, 32);
    head.writeUInt16LE(16, 34);
    head.write("data", 36);
    head.writeUInt32LE(samples.length, 40);
    const amr = await found.toAmr?.(Buffer.concat([head, samples]));
    expect(
      Buffer.from(amr ?? [])
        .subarray(0, 6)
        .toString(),
    ).toBe("#!AMR\n");
    // A second of 20 ms frames of 32 bytes, give or take what the encoder holds back.
    expect(Math.abs((amr?.length ?? 0) - 1_606)).toBeLessThan(100);
    const wav = await found.toWav?.(amr ?? new Uint8Array());
    expect(
      Buffer.from(wav ?? [])
        .subarray(0, 4)
        .toString(),
    ).toBe("RIFF");
  },
);
