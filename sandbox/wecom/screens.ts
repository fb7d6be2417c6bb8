import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Json } from "./wire.ts";

/** card changes in place when it is updated; button is what its buttons were replaced with. */
export type Content =
  | { type: "text" | "markdown"; text: string }
  | { type: "image" | "voice" | "video" | "file"; bytes: Uint8Array; sha256: string; filename: string }
  | { type: "card"; card: Json; button: string | null }
  | { type: "other"; msgtype: string; body: Json };

/** One message on somebody's phone. A passive one came as the answer to a callback, kf-servicer from a person. */
export type Shown = {
  via: "app" | "passive" | "kf" | "kf-event" | "kf-servicer";
  id: string;
  atMs: number;
} & Content;

/** The phones of members and customers: what each of them sees, in order. */
export function createScreens(now: () => number) {
  const screens = new Map<string, Shown[]>();
  const changes = new EventEmitter().setMaxListeners(0);
  let count = 0;

  const of = (person: string): Shown[] => screens.get(person) ?? [];

  return {
    of,
    show(person: string, via: Shown["via"], content: Content, id?: string): Shown {
      count += 1;
      const shown: Shown = { via, id: id ?? `shown-${count}`, atMs: now(), ...content };
      screens.set(person, [...of(person), shown]);
      changes.emit("change");
      return shown;
    },
    /** To be called when anything changed that somebody may wait for. */
    changed(): void {
      changes.emit("change");
    },
    onChange(listener: () => void): () => void {
      changes.on("change", listener);
      return () => changes.off("change", listener);
    },
    /** Resolves with what `look` finds, now or after a change. */
    waitFor<Found>(look: () => Found | undefined, timeoutMs: number, what: string): Promise<Found> {
      const known = look();
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const end = () => {
          clearTimeout(timer);
          changes.off("change", again);
        };
        const again = () => {
          const found = look();
          if (found === undefined) return;
          end();
          resolve(found);
        };
        const timer = setTimeout(() => {
          end();
          reject(new Error(`${what} did not come within ${timeoutMs} ms`));
        }, timeoutMs);
        changes.on("change", again);
      });
    },
  };
}
export type Screens = ReturnType<typeof createScreens>;

export function fileContent(
  type: "image" | "voice" | "video" | "file",
  { bytes, filename }: { bytes: Uint8Array; filename: string },
): Content {
  return { type, bytes, sha256: createHash("sha256").update(bytes).digest("hex"), filename };
}
