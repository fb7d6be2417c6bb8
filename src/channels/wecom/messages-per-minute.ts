const MINUTE_MS = 60_000;

/**
 * How many messages a member may still be sent in this minute: what is over, 企业微信 drops without a word. What another
 * process sent before us is not known here: who begins anew holds back for what they may have sent.
 *
 * @param most - in any 60 s, to one member
 */
export function createMessagesPerMinute({ most, now }: { most: number; now: () => number }) {
  const sent = new Map<string, number[]>();

  function recent(member: string): number[] {
    const since = now() - MINUTE_MS;
    const moments = (sent.get(member) ?? []).filter((at) => at > since);
    if (moments.length === 0) sent.delete(member);
    else sent.set(member, moments);
    return moments;
  }

  return {
    /** Takes one and returns 0, or takes nothing and returns after how many ms there is room. */
    take(member: string): number {
      const moments = recent(member);
      const oldest = moments[moments.length - most];
      if (oldest !== undefined) return oldest + MINUTE_MS - now();
      sent.set(member, [...moments, now()]);
      return 0;
    },

    /** What is known to have gone out before this process had the channel. */
    note(member: string, moments: readonly number[]): void {
      sent.set(
        member,
        [...moments, ...recent(member)].sort((one, other) => one - other),
      );
    },
  };
}
