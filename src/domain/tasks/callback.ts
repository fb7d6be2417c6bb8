/** Reports to 天网, signed (Standard Webhooks). Throws when the receiver did not answer 2xx. */
export type CallbackSender = {
  /** @param url - null: the configured default; without one the report is dropped */
  send(report: { id: string; url: string | null; body: string }): Promise<void>;
};
