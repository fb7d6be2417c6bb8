import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Where process numbers mean what they mean here. Hosts may have one name ("localhost"), and so may containers that
 * share a host's network, where each process is number 1.
 */
const HERE = [
  hostname(),
  readOr("", () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8)),
  readOr("", () => readlinkSync("/proc/self/ns/pid").replace(/\D/gu, "")),
].join("/");

function readOr(otherwise: string, read: () => string): string {
  try {
    return read();
  } catch {
    // Not on Linux.
    return otherwise;
  }
}

/** Names this process, so that another at the same place can see whether it still runs. */
export function processName(): string {
  return `${HERE}:${process.pid}:${Math.round(performance.timeOrigin)}`;
}

/** A process's name, short and of letters and digits only, for where a name like ours would have to be quoted. */
export function processTag(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 12);
}

/** Names one service in this process; there may be several. */
export function serviceName(): string {
  return `${processName()}#${randomBytes(4).toString("hex")}`;
}

/** The process that a service of that name runs in. */
export function processOf(name: string): string {
  return name.split("#", 1)[0] ?? name;
}

/** True when the process of that name ran here and is gone; of other hosts, boots and containers we cannot know. */
export function isGone(name: string): boolean {
  const [host, pid, startedAt] = processOf(name).split(":");
  if (host !== HERE) return false;
  // A container that was started anew has the same number again.
  if (Number(pid) === process.pid) return startedAt !== String(Math.round(performance.timeOrigin));
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}
