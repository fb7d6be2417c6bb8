import { join, resolve } from "node:path";
import type { ListableFileStore } from "../domain/pictures/ports.ts";
import type { Env } from "../env.ts";
import { createLocalFileStore } from "../integrations/pictures/local-file-store.ts";

/** The files where the environment says: a store behind S3's protocol, or the folder under DATA_DIR. */
export async function openFiles(env: Env, root: string): Promise<ListableFileStore> {
  return env.FILES_STORE === undefined
    ? createLocalFileStore(filesDirOf(env, root))
    : await openS3Files(env, env.FILES_STORE);
}

export function filesDirOf(env: Env, root: string): string {
  return join(resolve(root, env.DATA_DIR), "files");
}

async function openS3Files(env: Env, address: string): Promise<ListableFileStore> {
  // Only those who use it wait for the library (0.1 s and 34 MB).
  const { createS3FileStore } = await import("../integrations/pictures/s3-file-store.ts");
  const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]+)\/?(.*?)\/?$/u.exec(address) ?? [];
  return createS3FileStore({
    bucket,
    prefix: prefix === "" ? "" : `${prefix}/`,
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    accessKeyId: env.S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: env.S3_SECRET_ACCESS_KEY ?? "",
    // Amazon's own hosts carry the bucket's name; a store of one's own rarely has a host per bucket.
    addressing: env.S3_ADDRESSING ?? (env.S3_ENDPOINT === undefined ? "virtual" : "path"),
  });
}
