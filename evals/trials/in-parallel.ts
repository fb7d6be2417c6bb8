/** Runs the work over the items, at most so many at a time; answers in the items' order. */
export async function inParallel<Item, Value>(
  items: readonly Item[],
  most: number,
  work: (item: Item) => Promise<Value>,
): Promise<Value[]> {
  const values = new Map<number, Value>();
  let next = 0;
  const lane = async () => {
    for (;;) {
      const at = next;
      next += 1;
      const item = items[at];
      if (item === undefined) return;
      values.set(at, await work(item));
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane));
  return items.flatMap((_item, at) => (values.has(at) ? [values.get(at) as Value] : []));
}
