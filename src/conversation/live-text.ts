import type { TextSink } from "../agents/answer.ts";
import type { Conversation } from "../domain/conversations/conversation.ts";
import type { Store } from "../domain/records.ts";

/**
 * Shows an answer while it is being written, as long as the bot speaks under the fence that the turn began with: a
 * takeover waits for the look, and after it nothing is shown.
 *
 * @param show - takes all of the answer so far, and writes it at once or not at all
 */
export function createLiveText(
  store: Pick<Store, "transaction">,
  { id, fence }: Pick<Conversation, "id" | "fence">,
  show: (textSoFar: string) => void,
): TextSink {
  let said = "";
  return async (words) => {
    said += words;
    await store.transaction(async (tx) => {
      if (await tx.conversations.holdsFence(id, fence)) show(said);
    });
  };
}
