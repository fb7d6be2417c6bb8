/** Runs at most so many pieces of work at a time; the others wait, first come, first served. */
export function createLimit(most: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async function limited<Value>(work: () => Promise<Value>): Promise<Value> {
    if (running < most) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
