import dns from "node:dns";
import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type S3Mood, startS3 } from "../../../sandbox/s3.ts";
import { fileStoreContract, listed } from "../../domain/pictures/file-store.contract.ts";
import { createS3FileStore, type S3Place } from "./s3-file-store.ts";

const HASTE = { connectMs: 500, idleMs: 200, callMs: 3_000, checkMs: 1_000 };
const ABC = new TextEncoder().encode("abc");
const LARGE = new Uint8Array(4_000_000).fill(9);

type Sandbox = Awaited<ReturnType<typeof startS3>>;
const sandboxes: Sandbox[] = [];

afterEach(async () => {
  await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
});

async function aSandbox(options: Parameters<typeof startS3>[0] = {}): Promise<Sandbox> {
  const sandbox = await startS3(options);
  sandboxes.push(sandbox);
  return sandbox;
}

function openedOn(sandbox: Sandbox, place: Partial<S3Place> = {}, patience = HASTE) {
  const { bucket, region, accessKeyId, secretAccessKey, url } = sandbox;
  return createS3FileStore(
    {
      bucket,
      region,
      accessKeyId,
      secretAccessKey,
      endpoint: url,
      prefix: "shop/",
      addressing: "path",
      ...place,
    },
    patience,
  );
}

function keyOf(id: string): string {
  return `shop/${id.slice(0, 2)}/${id}`;
}

fileStoreContract("the S3 file store", async () => {
  const sandbox = await aSandbox();
  return {
    files: openedOn(sandbox),
    another: () => openedOn(sandbox),
    damage: async (id, bytes) => void sandbox.objects.set(keyOf(id), { bytes, at: new Date() }),
    breakDown: async () => void Object.assign(sandbox.knobs, { mood: "forbidden" }),
    mend: async () => void Object.assign(sandbox.knobs, { mood: "well" }),
  };
});

describe("the S3 file store", () => {
  it("keeps a file as one object under its prefix, and one that is there is not uploaded again", async () => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox);

    const id = await files.put(ABC);
    await files.put(ABC);

    expect([...sandbox.objects.keys()]).toEqual([keyOf(id)]);
    expect(sandbox.requests.map((request) => request.method)).toEqual(["HEAD", "PUT", "HEAD"]);
  });

  it("reads with one request", async () => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox);
    const id = await files.put(ABC);
    sandbox.requests.length = 0;

    await files.get(id);

    expect(sandbox.requests.map((request) => request.method)).toEqual(["GET"]);
  });

  it("lists only its own files, over as many pages as there are", async () => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox);
    const id = await files.put(ABC);
    for (let count = 0; count < 2_500; count += 1) {
      const other = count.toString(16).padStart(64, "0");
      sandbox.objects.set(keyOf(other), { bytes: ABC, at: new Date() });
    }
    for (const key of [`elsewhere/${id.slice(0, 2)}/${id}`, `shop/${id}`, "shop/notes.txt"])
      sandbox.objects.set(key, { bytes: ABC, at: new Date() });

    const found = await listed(files);

    expect(new Set(found.map((file) => file.id)).size).toBe(2_501);
    expect(found).toHaveLength(2_501);
  });

  it.each<S3Mood>(["slow-down", "internal-error", "bad-gateway", "cut", "silent"])(
    "gets over one answer that is %s",
    async (mood) => {
      const sandbox = await aSandbox();
      const files = openedOn(sandbox);
      const id = await files.put(ABC);
      Object.assign(sandbox.knobs, { mood, times: 1 });

      expect(await files.get(id)).toHaveLength(3);
    },
  );

  it("gives up a store that stays too busy after three tries", async () => {
    const sandbox = await aSandbox();
    Object.assign(sandbox.knobs, { mood: "slow-down" });

    await expect(openedOn(sandbox).put(ABC)).rejects.toThrow("the file store answered 503");
    expect(sandbox.requests).toHaveLength(3);
  });

  it.each<S3Mood>(["cut-download", "stalled-download"])("reads again after one %s", async (mood) => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox);
    const id = await files.put(LARGE);
    Object.assign(sandbox.knobs, { mood, times: 1 });

    expect(await files.get(id)).toHaveLength(LARGE.byteLength);
  });

  it.each<S3Mood>(["cut-download", "stalled-download"])("never gives half a file: %s", async (mood) => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox);
    const id = await files.put(LARGE);
    Object.assign(sandbox.knobs, { mood });

    await expect(files.get(id)).rejects.toMatchObject({ code: "files-unavailable" });
  });

  it("stores nothing when the connection breaks during the upload, and the whole when it is tried again", async () => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox);
    Object.assign(sandbox.knobs, { mood: "cut-upload" });

    await expect(files.put(LARGE)).rejects.toMatchObject({ code: "files-unavailable" });
    expect(sandbox.objects.size).toBe(0);

    Object.assign(sandbox.knobs, { mood: "cut-upload", times: 1 });
    const id = await files.put(LARGE);
    expect(sandbox.objects.get(keyOf(id))?.bytes).toHaveLength(LARGE.byteLength);
  });

  it("uploads again when the answer was lost: the object is the same", async () => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox);
    Object.assign(sandbox.knobs, { mood: "answer-lost", times: 1 });

    const id = await files.put(ABC);

    expect([...sandbox.objects.keys()]).toEqual([keyOf(id)]);
  });

  it.each<[S3Mood, RegExp]>([
    ["no-bucket", /404 NoSuchBucket/u],
    ["forbidden", /403 AccessDenied/u],
  ])("throws files-unavailable, not null, when the store answers %s", async (mood, message) => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox);
    const id = await files.put(ABC);
    Object.assign(sandbox.knobs, { mood });

    await expect(files.get(id)).rejects.toThrow(message);
    await expect(files.put(new Uint8Array([1]))).rejects.toThrow(message);
  });

  it("gives up a store that never answers, a check sooner than work", async () => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox, {}, { ...HASTE, idleMs: 60_000, callMs: 600, checkMs: 150 });
    Object.assign(sandbox.knobs, { mood: "silent" });

    await expect(files.check()).rejects.toMatchObject({ code: "files-unavailable" });
    await expect(files.put(ABC)).rejects.toMatchObject({ code: "files-unavailable" });
  });

  it("tells that nobody listens", async () => {
    const sandbox = await aSandbox();
    const files = openedOn(sandbox);
    await sandbox.close();

    await expect(files.check()).rejects.toThrow("cannot be reached: ECONNREFUSED");
  });

  it.each([
    ["secret", { secretAccessKey: "wrong-secret" }, "403 SignatureDoesNotMatch"],
    ["key", { accessKeyId: "wrong-key" }, "403 InvalidAccessKeyId"],
    ["region", { region: "cn-north-1" }, "400 AuthorizationHeaderMalformed"],
    ["bucket", { bucket: "other-bucket" }, "404 NoSuchBucket"],
  ])("names the store's code and no key when the %s is wrong", async (_what, place, words) => {
    const sandbox = await aSandbox();
    const written = vi.spyOn(process.stdout, "write");
    const warned = vi.spyOn(process.stderr, "write");

    const error = await openedOn(sandbox, place)
      .check()
      .catch((it: unknown) => it as Error);

    expect(error).toMatchObject({ message: `the file store answered ${words}` });
    const everything = inspect([error, written.mock.calls, warned.mock.calls], {
      depth: 10,
      showHidden: true,
    });
    for (const secret of ["wrong-secret", "wrong-key", sandbox.accessKeyId, sandbox.secretAccessKey])
      expect(everything).not.toContain(secret);
    vi.restoreAllMocks();
  });

  it("asks for the bucket before the host where a store wants it there", async () => {
    const sandbox = await aSandbox();
    sandbox.knobs.addressing = "virtual";
    // Every name is this machine: the bucket's host has no entry anywhere.
    const real = dns.lookup;
    const lookup = vi.spyOn(dns, "lookup");
    lookup.mockImplementation(((_name: string, options: object, done: () => void) =>
      real("127.0.0.1", options, done)) as never);
    const files = openedOn(sandbox, {
      endpoint: sandbox.url.replace("127.0.0.1", "oss.example"),
      addressing: "virtual",
    });

    const id = await files.put(ABC);

    expect(await files.get(id)).toHaveLength(3);
    expect(sandbox.requests[0]).toMatchObject({
      path: `/${keyOf(id)}`,
      headers: { host: expect.stringMatching(/^pictures\.oss\.example:\d+$/u) },
    });
    lookup.mockRestore();
  });

  it("tells which addressing a store refuses", async () => {
    const sandbox = await aSandbox();
    sandbox.knobs.addressing = "virtual";

    await expect(openedOn(sandbox).check()).rejects.toThrow("403 SecondLevelDomainForbidden");
  });

  it("signs the bytes themselves and asks for nothing that only Amazon has", async () => {
    const sandbox = await aSandbox();
    const id = await openedOn(sandbox).put(LARGE);

    const put = sandbox.requests.find((request) => request.method === "PUT");
    expect(put?.headers).toMatchObject({
      "content-length": String(LARGE.byteLength),
      "x-amz-content-sha256": id,
    });
    expect(
      Object.keys(put?.headers ?? {}).filter((name) => /checksum|trailer|expect|encoding/u.test(name)),
    ).toEqual([]);
  });
});
