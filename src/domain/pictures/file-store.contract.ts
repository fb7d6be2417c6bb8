import { describe, expect, it } from "vitest";
import type { ListableFileStore } from "./ports.ts";

/** A store over an empty place, and a hand on that place from outside. */
export type FilePlace = {
  files: ListableFileStore;
  /** Another store over the same place, as another process has it. */
  another(): ListableFileStore;
  /** Puts other bytes where a stored file lies. */
  damage(id: string, bytes: Uint8Array): Promise<void>;
  /** Until it is mended nothing can be written or read. */
  breakDown(): Promise<void>;
  mend(): Promise<void>;
};

// The SHA-256 of "abc", from FIPS 180-2.
const ABC = new TextEncoder().encode("abc");
const ABC_ID = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/** What every file store keeps. */
export function fileStoreContract(name: string, open: () => Promise<FilePlace>): void {
  describe(`${name} as a file store`, () => {
    it("names bytes by their SHA-256 and gives them back, to others too", async () => {
      const { files, another } = await open();

      const id = await files.put(ABC);

      expect(id).toBe(ABC_ID);
      expect(new TextDecoder().decode((await files.get(id)) ?? undefined)).toBe("abc");
      expect(new TextDecoder().decode((await another().get(id)) ?? undefined)).toBe("abc");
    });

    it("keeps one file when the same bytes are put again, also at once and by two writers", async () => {
      const { files, another } = await open();
      const bytes = new Uint8Array(100_000).fill(7);
      const other = another();

      const ids = await Promise.all([files.put(bytes), other.put(bytes), files.put(bytes), other.put(bytes)]);

      expect(new Set([...ids, await files.put(bytes)]).size).toBe(1);
      expect(await files.get(ids[0])).toHaveLength(100_000);
      expect(await listed(files)).toEqual([{ id: ids[0], size: 100_000 }]);
    });

    it("keeps different bytes apart, and empty ones too", async () => {
      const { files } = await open();

      const one = await files.put(new Uint8Array([1]));
      const empty = await files.put(new Uint8Array());

      expect(one).not.toBe(empty);
      expect(await files.get(empty)).toHaveLength(0);
    });

    it("keeps a large picture byte for byte, and of a view only what it shows", async () => {
      const { files } = await open();
      const large = Uint8Array.from({ length: 6_000_001 }, (_none, index) => (index * 7) % 251);

      const [whole, view] = await Promise.all([files.put(large), files.put(large.subarray(5, 105))]);

      expect(Buffer.compare((await files.get(whole)) ?? new Uint8Array(), large)).toBe(0);
      expect([...((await files.get(view)) ?? [])]).toEqual([...large.slice(5, 105)]);
    });

    it("answers null when no such file is stored", async () => {
      expect(await (await open()).files.get(ABC_ID)).toBeNull();
    });

    it.each(["", "../../etc/passwd", "ab", ABC_ID.toUpperCase(), `${ABC_ID}/..`])(
      "answers null when the id is %j, which is no id",
      async (id) => {
        expect(await (await open()).files.get(id)).toBeNull();
      },
    );

    it("lists nothing when it is empty, and otherwise every file with its size", async () => {
      const { files } = await open();
      expect(await listed(files)).toEqual([]);

      const ids = await Promise.all(Array.from({ length: 30 }, (_none, size) => files.put(filled(size))));

      expect(await listed(files)).toEqual(
        ids.map((id, size) => ({ id, size })).sort((a, b) => (a.id < b.id ? -1 : 1)),
      );
    });

    it("throws file-corrupt when the stored bytes have changed", async () => {
      const { files, damage } = await open();
      const id = await files.put(new Uint8Array([1, 2]));

      await damage(id, new Uint8Array([3, 4]));

      await expect(files.get(id)).rejects.toMatchObject({ code: "file-corrupt" });
    });

    it("repairs a file that was cut short from outside when its bytes are put again", async () => {
      const { files, damage } = await open();
      const id = await files.put(ABC);
      await damage(id, new Uint8Array([1]));

      await files.put(ABC);

      expect([...((await files.get(id)) ?? [])]).toEqual([...ABC]);
    });

    it("throws files-unavailable while the place is broken, and goes on when it is mended", async () => {
      const { files, breakDown, mend } = await open();
      const id = await files.put(ABC);
      const away = { code: "files-unavailable" };
      await breakDown();

      await expect(files.get(id)).rejects.toMatchObject(away);
      await expect(files.put(new Uint8Array([1, 2, 3]))).rejects.toMatchObject(away);
      await expect(files.check()).rejects.toMatchObject(away);
      await expect(listed(files)).rejects.toMatchObject(away);

      await mend();
      expect(await files.get(id)).not.toBeNull();
      expect(await listed(files)).toEqual([{ id, size: 3 }]);
      await files.check();
    });

    it("leaves at most one small file behind however often it is checked", async () => {
      const { files } = await open();

      for (let times = 0; times < 3; times += 1) await files.check();

      expect((await listed(files)).length).toBe(1);
    });
  });
}

/** All that a store lists, by id. */
export async function listed(files: ListableFileStore): Promise<{ id: string; size: number }[]> {
  const found: { id: string; size: number }[] = [];
  for await (const file of files.list()) found.push(file);
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function filled(size: number): Uint8Array {
  return new Uint8Array(size).fill(size);
}
