import type { MediaSource } from "../../domain/conversations/media.ts";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import { accept, refuse } from "../../domain/result.ts";
import { type WecomApi, WecomRefusal } from "./api.ts";
import { actionFor } from "./error-codes.ts";

/** 企业微信 may be busy, or not answer once. */
const AGAIN_MS = [500, 2_000, 5_000];

/** What a member or a customer sent, by its media_id. */
export function createMediaSource({
  api,
  log,
  againMs = AGAIN_MS,
}: {
  api: Pick<WecomApi, "media">;
  log: Log;
  againMs?: readonly number[];
}): MediaSource {
  return {
    async fetch({ channel, id }) {
      for (let tried = 0; ; tried += 1)
        try {
          return accept(await api.media(id));
        } catch (error) {
          log.warn("wecom.media_failed", { channel, error: errorText(error) });
          const pause = againMs[tried];
          const isGone = error instanceof WecomRefusal && actionFor(error.errcode) === "drop";
          if (pause === undefined || isGone) return refuse("fetch-failed");
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
    },
  };
}
