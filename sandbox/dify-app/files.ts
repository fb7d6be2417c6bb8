import { randomUUID } from "node:crypto";
import type { Answer, Request } from "../http-server.ts";
import { refused } from "./refused.ts";

export type UploadKind = "image" | "audio" | "video" | "other";
export type DifyFile = {
  id: string;
  key: string;
  user: string;
  name: string;
  type: string;
  bytes: Uint8Array;
};

const MB = 1024 * 1024;
/** Dify's own, in bytes. */
export const UPLOAD_LIMITS: Record<UploadKind, number> = {
  image: 10 * MB,
  audio: 50 * MB,
  video: 100 * MB,
  other: 15 * MB,
};

/** The files that were uploaded, each for one app and one user. */
export function createFiles(limits: Record<UploadKind, number>, unsupportedExtensions: string[]) {
  const files: DifyFile[] = [];
  return {
    files,
    async upload(key: string, { headers, raw }: Request, at: number): Promise<Answer> {
      const contentType = headers["content-type"] ?? "";
      if (!contentType.startsWith("multipart/form-data"))
        return refused(415, "unsupported_file_type", "File type not allowed.");
      const form = await new Response(Buffer.from(raw), {
        headers: { "content-type": contentType },
      }).formData();
      const given = form.getAll("file");
      const [file] = given;
      if (!(file instanceof File)) return refused(400, "no_file_uploaded", "Please upload your file.");
      if (given.length > 1) return refused(400, "too_many_files", "Only one file is allowed.");
      const user = form.get("user");
      if (typeof user !== "string" || user === "")
        return refused(400, "invalid_param", "Arg user must be provided.");
      const extension = /\.([^.]+)$/u.exec(file.name)?.[1]?.toLowerCase() ?? "";
      if (file.type === "" || unsupportedExtensions.includes(extension))
        return refused(415, "unsupported_file_type", "File type not allowed.");
      if (file.size > limits[kindOf(file.type)]) return refused(413, "file_too_large", "File size exceeded.");

      const bytes = new Uint8Array(await file.arrayBuffer());
      const { name, type } = file;
      const stored: DifyFile = { id: randomUUID(), key, user, name, type, bytes };
      files.push(stored);
      const { id } = stored;
      return {
        status: 201,
        body: {
          id,
          name,
          size: bytes.length,
          extension,
          mime_type: type,
          created_by: user,
          created_at: at,
          preview_url: null,
        },
      };
    },
    has(id: unknown, key: string, user: string): boolean {
      return files.some((file) => file.id === id && file.key === key && file.user === user);
    },
  };
}

function kindOf(type: string): UploadKind {
  const [kind] = type.split("/");
  return kind === "image" || kind === "audio" || kind === "video" ? kind : "other";
}
