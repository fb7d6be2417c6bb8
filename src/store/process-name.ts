import { hostname } from "node:os";

/** Names this process, so that another on the same host can see whether it still runs. */
export function processName(): string {
  return `${hostname()}:${process.pid}:${Math.round(performance.timeOrigin)}`;
}

/** True when the process of that name ran on this host and is gone; of other hosts we cannot know. */
export function isGone(name: string): boolean {
  const [host, pid, startedAt] = name.split(":");
  if (host !== hostname()) return false;
  // A container that was started anew has the same number again.
  if (Number(pid) === process.pid) return startedAt !== String(Math.round(performance.timeOrigin));
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}
