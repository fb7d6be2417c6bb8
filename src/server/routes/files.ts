import { Hono } from "hono";
import type { FileStore } from "../../domain/pictures/ports.ts";
import { sniffFormat } from "../../integrations/pictures/sniff.ts";
import { apiError } from "../api-error.ts";

/**
 * Pictures for 图绘, by content hash: who knows the 256-bit name was given it by us. Only pictures are served, never
 * as a page.
 */
export function createFileRoutes(files: FileStore) {
  return new Hono().get("/:id{[0-9a-f]{64}}", async (c) => {
    const bytes = await files.get(c.req.param("id"));
    const format = bytes === null ? null : sniffFormat(bytes);
    if (bytes === null || format === null) return apiError(c, 404, "no such file");
    return c.body(new Uint8Array(bytes), 200, {
      "content-type": `image/${format}`,
      "cache-control": "private, max-age=31536000, immutable",
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox",
    });
  });
}
