import type { History, Problem } from "../history.ts";

/** How the price of the whole order is told (config/replies.yaml): in so many words, or last before the question or what is not sure of it. */
const TOLD_SUM = /一共 (\d+(?:\.\d{1,2})?) 元|(\d+(?:\.\d{1,2})?) 元(?=，您看可以吗|起；图上的字看不太清)/gu;

/** Every sum a buyer was told is that of a quote of theirs, and what they agreed to and have not taken back they were told. */
export function judgeMoney({ orders, shown, written }: History): Problem[] {
  const problems: Problem[] = [];
  const told = new Map<string, Set<number>>();
  // Words that a takeover cut off, or whose fate nobody knows, may have held the price.
  const inDoubt = new Set(
    written
      .filter(({ status }) => status === "uncertain" || status === "cancelled")
      .map(({ conversation }) => conversation),
  );
  const quoted = new Map<string, Set<number>>();
  for (const { conversation, totals } of orders)
    quoted.set(conversation, new Set([...(quoted.get(conversation) ?? []), ...totals]));
  for (const { conversation, text } of shown)
    for (const [, whole, last] of text.matchAll(TOLD_SUM)) {
      const yuan = whole ?? last;
      const fen = Math.round(Number(yuan) * 100);
      told.set(conversation, (told.get(conversation) ?? new Set()).add(fen));
      if (quoted.get(conversation)?.has(fen) !== true)
        problems.push({ kind: "money", text: `${conversation} was told ${yuan} yuan, which no quote says` });
    }
  for (const { id, conversation, isAgreed, status, totals } of orders) {
    const agreed = totals.at(-1);
    // Nobody owes the price of what was taken back.
    if (status === "cancelled") continue;
    if (inDoubt.has(conversation)) continue;
    if (isAgreed && agreed !== undefined && told.get(conversation)?.has(agreed) !== true)
      problems.push({ kind: "money", text: `order ${id} is agreed at ${agreed} fen, which was never told` });
  }
  return problems;
}
