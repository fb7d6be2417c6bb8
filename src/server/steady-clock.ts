/**
 * The wall clock that never goes back: what is due in a second is due in a second, whatever an operator or a time
 * server does to the machine's clock. A step forward is followed at once; a step back only when the process starts
 * anew.
 *
 * @param wall - UTC milliseconds
 * @param monotonic - milliseconds since some moment, never stepping
 */
export function createSteadyClock(
  wall: () => number = Date.now,
  monotonic: () => number = () => performance.now(),
): () => number {
  let offset = wall() - monotonic();
  return () => {
    const steady = monotonic() + offset;
    const shown = wall();
    if (shown <= steady) return Math.floor(steady);
    offset += shown - steady;
    return shown;
  };
}
