import { readFileSync, writeFileSync } from "node:fs";

// A mirror that lacks the binaries of other platforms makes npm write a lockfile without them, and `npm ci` then
// refuses that lockfile. This adds the missing entries: exact version, platform from the name. Run it after every
// `npm install` that changed the lockfile; on a registry that has everything it changes nothing.

type Entry = {
  version?: string;
  optional?: boolean;
  dev?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
};

const FILE = "package-lock.json";
const SYSTEMS = ["android", "darwin", "freebsd", "openbsd", "openharmony", "linux", "win32"];
const CHIPS = ["arm64", "arm", "x64", "ia32", "ppc64", "riscv64", "s390x", "loong64"];

const lock = JSON.parse(readFileSync(FILE, "utf8")) as { packages: Record<string, Entry> };
let added = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!/^\d+\.\d+\.\d+/u.test(version) || isLocked(place, name)) continue;
    const platform = platformOf(name);
    if (platform === null) continue;
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platform,
      ...(entry.dev === true ? { dev: true } : {}),
      optional: true,
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
if (added > 0) writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} entries added to ${FILE}`);

/** Nested below its parent, or at the top. */
function isLocked(place: string, name: string): boolean {
  return (
    lock.packages[`${place}/node_modules/${name}`] !== undefined ||
    lock.packages[`node_modules/${name}`] !== undefined
  );
}

function platformOf(name: string): Pick<Entry, "os" | "cpu" | "libc"> | null {
  const words = name.split("/").at(-1)?.split("-") ?? [];
  const os = SYSTEMS.find((system) => words.includes(system));
  if (os === undefined) return null;
  const cpu = CHIPS.find((chip) => words.includes(chip));
  const isMusl = words.some((word) => word.startsWith("musl"));
  return {
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(isMusl ? { libc: ["musl"] } : {}),
    os: [os],
  };
}
