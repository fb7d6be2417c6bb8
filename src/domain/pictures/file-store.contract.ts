import { describe, expect, it } from "vitest";
import type { FileStore } from "./ports.ts";

/** What every FileStore keeps. @param open - a store over an empty place */
export function fileStoreContract(name: string, open: () => Promise<FileStore>): void {
  // The SHA-256 of "abc", from FIPS 180-2.
  const ABC_ID = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  describe(`${name} as a file store`, () => {
    it("names bytes by their SHA-256 and gives them back", async () => {
      const files = await open();

      const id = await files.put(new TextEncoder().encode("abc"));

      expect(id).toBe(ABC_ID);
      expect(new TextDecoder().decode((await files.get(id)) ?? undefined)).toBe("abc");
    });

    it("gives the same id when the same bytes are put again, also at once", async () => {
      const files = await open();
      const bytes = new Uint8Array(100_000).fill(7);

      const ids = await Promise.all([files.put(bytes), files.put(bytes), files.put(bytes)]);

      expect(new Set([...ids, await files.put(bytes)]).size).toBe(1);
      expect(await files.get(ids[0])).toHaveLength(100_000);
    });

    it("keeps different bytes apart, and empty ones too", async () => {
      const files = await open();

      const one = await files.put(new Uint8Array([1]));
      const empty = await files.put(new Uint8Array());

      expect(one).not.toBe(empty);
      expect(await files.get(empty)).toHaveLength(0);
    });

    it("answers null when no such file is stored", async () => {
      expect(await (await open()).get(ABC_ID)).toBeNull();
    });

    it.each(["", "../../etc/passwd", "ab", ABC_ID.toUpperCase(), `${ABC_ID}/..`])(
      "answers null when the id is %j, which is no id",
      async (id) => {
        expect(await (await open()).get(id)).toBeNull();
      },
    );
  });
}
