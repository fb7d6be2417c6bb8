import type { TextSink } from "./answer.ts";

const SENTENCE_ENDS = ["。", "！", "？", "!", "?", "\n", "；", ";", "…"];

/**
 * Lets an answer's words through a sentence at a time, each looked at together with all before it.
 *
 * @param check - what is wrong with the text so far, or null
 */
export function createSentenceGate({
  check,
  forward,
}: {
  check: (textSoFar: string) => Promise<string | null>;
  forward: TextSink;
}) {
  let held = "";
  let said = "";

  async function letOut(words: string): Promise<void> {
    if (words === "") return;
    const broken = await check(said + words);
    if (broken !== null) throw new Error(`promised "${broken}" without the state`);
    said += words;
    await forward(words);
  }

  return {
    hasSpoken: () => said !== "",

    push: async (words: string): Promise<void> => {
      held += words;
      const end = Math.max(...SENTENCE_ENDS.map((mark) => held.lastIndexOf(mark)));
      if (end < 0) return;
      const whole = held.slice(0, end + 1);
      held = held.slice(whole.length);
      await letOut(whole);
    },

    /** The rest; all of it when nothing came word by word. Returns what was said altogether. */
    async finish(text: string): Promise<string> {
      await letOut(said === "" && held === "" ? text : held);
      held = "";
      return said;
    },
  };
}
