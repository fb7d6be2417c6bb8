import type { TextSink } from "../agents/answer.ts";
import type { Conversation } from "../domain/conversations/conversation.ts";
import type { Store } from "../domain/records.ts";

/**
 * Shows at once that an answer is on its way, and then the answer while it is being written, as long as the bot speaks under the fence that the turn began with: a
 * takeover waits for the look, and after it nothing is shown.
 *
 * @param show - takes all of the answer so far, and writes it at once or not at all
 */
export async function openLiveText(
  store: Pick<Store, "transaction">,
  { id, fence }: Pick<Conversation, "id" | "fence">,
  show: (textSoFar: string) => void,
): Promise<TextSink> {
  let said = "";
  const sink: TextSink = async (words) => {
    said += words;
    await store.transaction(async (tx) => {
      if (await tx.conversations.holdsFence(id, fence)) show(said);
    });
  };
  await sink("");
  return sink;
}
