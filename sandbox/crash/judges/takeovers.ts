import type { History, Problem } from "../history.ts";

/** From the moment a person was told that a conversation is theirs, the bot says nothing there until they give it back. */
export function judgeTakeovers({ holds, shown }: History): Problem[] {
  return holds.flatMap(({ conversation, from, until }) =>
    shown
      .filter((reply) => reply.conversation === conversation && reply.at > from && reply.at < until)
      .map(
        ({ key, at }): Problem => ({
          kind: "takeover",
          text: `${conversation}: ${key} came ${Math.round(at - from)} ms after the takeover`,
        }),
      ),
  );
}
