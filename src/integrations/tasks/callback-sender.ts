import { Webhook } from "standardwebhooks";
import { AppError } from "../../domain/errors.ts";
import type { CallbackSender } from "../../domain/tasks/callback.ts";

const ANSWER_WITHIN_MS = 10_000;

/**
 * Posts reports to 天网, signed after Standard Webhooks when a secret is set.
 *
 * @param secret - "whsec_…", or null: the report goes out unsigned
 */
export function createCallbackSender({
  defaultUrl,
  secret,
  now,
}: {
  defaultUrl: string | null;
  secret: string | null;
  now: () => number;
}): CallbackSender {
  const webhook = secret === null ? null : new Webhook(secret);
  return {
    async send({ id, url, body }) {
      const target = url ?? defaultUrl;
      if (target === null) return;
      const timestamp = new Date(now());
      const seconds = String(Math.floor(timestamp.getTime() / 1000));
      const response = await fetch(target, {
        method: "POST",
        redirect: "error",
        headers: {
          "content-type": "application/json",
          "webhook-id": id,
          "webhook-timestamp": seconds,
          ...(webhook === null ? {} : { "webhook-signature": webhook.sign(id, timestamp, body) }),
        },
        body,
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new AppError("callback-refused", `the receiver answered ${response.status}`);
    },
  };
}
