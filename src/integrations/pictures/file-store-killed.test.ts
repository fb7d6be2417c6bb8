import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { startS3 } from "../../../sandbox/s3.ts";

const KILLS = 4;
const modulePath = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));

/** Puts one file of 3 MB after the other, and says so when each begins. */
const WRITER = `
  for (let count = 0; ; count += 1) {
    process.stdout.write("next\\n");
    await files.put(new Uint8Array(3_000_000).fill(count % 256));
  }`;

/** Kills a writer in the middle of its work, each time a little later. */
async function killWriters(opening: string): Promise<void> {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const writer = spawn(process.execPath, ["--input-type=module", "-e", `${opening}${WRITER}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for (let begun = 0; begun <= kill; begun += 1) await once(writer.stdout, "data");
    for (let steps = 0; steps < kill * 20; steps += 1) await new Promise((resolve) => setImmediate(resolve));
    writer.kill("SIGKILL");
    await once(writer, "exit");
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("a process that is killed while it writes files", () => {
  it("leaves every object of the S3 store whole or not there", async () => {
    const { url: endpoint, objects, close, ...place } = await startS3();
    const { bucket, region, accessKeyId, secretAccessKey } = place;
    const where = { bucket, region, accessKeyId, secretAccessKey, endpoint, prefix: "", addressing: "path" };

    await killWriters(`
      import { createS3FileStore } from ${modulePath("./s3-file-store.ts")};
      const files = createS3FileStore(${JSON.stringify(where)});`);

    expect(objects.size).toBeGreaterThan(0);
    for (const [key, { bytes }] of objects) expect(key.endsWith(`/${sha256(bytes)}`)).toBe(true);
    await close();
  });

  it("leaves every name in the folder on whole bytes", async () => {
    const dir = await mkdtemp(join(tmpdir(), "files-"));

    await killWriters(`
      import { createLocalFileStore } from ${modulePath("./local-file-store.ts")};
      const files = createLocalFileStore(${JSON.stringify(dir)});`);

    const names = await readdir(dir, { recursive: true });
    const files = names.filter((name) => /\/[0-9a-f]{64}$/u.test(name));
    expect(files.length).toBeGreaterThan(0);
    for (const name of files) expect(name.endsWith(sha256(await readFile(join(dir, name))))).toBe(true);
    await rm(dir, { recursive: true });
  });
});
