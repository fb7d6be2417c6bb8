import type { MediaSource } from "../../domain/conversations/media.ts";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import { accept, refuse } from "../../domain/result.ts";
import type { WecomApi } from "./api.ts";

/** What a member or a customer sent, by its media_id. */
export function createMediaSource({ api, log }: { api: Pick<WecomApi, "media">; log: Log }): MediaSource {
  return {
    async fetch({ channel, id }) {
      try {
        return accept(await api.media(id));
      } catch (error) {
        log.warn("wecom.media_failed", { channel, error: errorText(error) });
        return refuse("fetch-failed");
      }
    },
  };
}
