import type { Kysely } from "kysely";
import type { TextEvidence } from "../domain/orders/evidence.ts";
import type { PictureStore } from "../domain/orders/ports.ts";
import type { PictureFacts } from "../domain/pictures/picture.ts";
import type { GalleryStore } from "../domain/records.ts";
import type { Database } from "./schema.ts";

export function createPictureStore(db: Kysely<Database>): PictureStore {
  return {
    async add(picture) {
      await db
        .insertInto("pictures")
        .values({
          ...picture,
          facts: JSON.stringify(picture.facts),
          text: picture.text === null ? null : JSON.stringify(picture.text),
        })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
    },

    async find(id) {
      const row = await db.selectFrom("pictures").selectAll().where("id", "=", id).executeTakeFirst();
      if (row === undefined) return null;
      return {
        ...row,
        facts: JSON.parse(row.facts) as PictureFacts,
        text: row.text === null ? null : (JSON.parse(row.text) as TextEvidence),
      };
    },

    async setText(id, text) {
      await db
        .updateTable("pictures")
        .set({ text: JSON.stringify(text) })
        .where("id", "=", id)
        .execute();
    },
  };
}

export function createGalleryStore(db: Kysely<Database>): GalleryStore {
  return {
    async put(item) {
      const row = { ...item, tags: JSON.stringify(item.tags) };
      const { id: _id, ...rest } = row;
      await db
        .insertInto("gallery_items")
        .values(row)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(rest))
        .execute();
    },

    async remove(id) {
      const result = await db.deleteFrom("gallery_items").where("id", "=", id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },

    async all() {
      const rows = await db.selectFrom("gallery_items").selectAll().orderBy("id").execute();
      return rows.map((row) => ({
        ...row,
        tags: JSON.parse(row.tags) as string[],
        // libSQL gives an ArrayBuffer, pg a Buffer.
        fingerprint: new Uint8Array(row.fingerprint),
      }));
    },

    async has(id) {
      const row = await db.selectFrom("gallery_items").select("id").where("id", "=", id).executeTakeFirst();
      return row !== undefined;
    },
  };
}
