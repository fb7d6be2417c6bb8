import type { Kysely, Selectable } from "kysely";
import type { TextEvidence } from "../domain/orders/evidence.ts";
import type { PictureStore } from "../domain/orders/ports.ts";
import type { PictureFacts } from "../domain/pictures/picture.ts";
import type { GalleryItem, GalleryStore } from "../domain/records.ts";
import { alone, inTransaction } from "./held.ts";
import type { Database } from "./schema.ts";

/** The most changes read at once: the next look reads on. */
const CHANGES_AT_ONCE = 500;

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
      await inTransaction(db, async (tx) => {
        await noteChange(tx, item.id);
        await tx
          .insertInto("gallery_items")
          .values(row)
          .onConflict((conflict) => conflict.column("id").doUpdateSet(rest))
          .execute();
      });
    },

    async remove(id) {
      return await inTransaction(db, async (tx) => {
        const result = await tx.deleteFrom("gallery_items").where("id", "=", id).executeTakeFirst();
        if (result.numDeletedRows === 0n) return false;
        await noteChange(tx, id);
        return true;
      });
    },

    async all() {
      return (await db.selectFrom("gallery_items").selectAll().orderBy("id").execute()).map(toItem);
    },

    async has(id) {
      const row = await db.selectFrom("gallery_items").select("id").where("id", "=", id).executeTakeFirst();
      return row !== undefined;
    },

    async lastChange() {
      const row = await db
        .selectFrom("gallery_changes")
        .select((eb) => eb.fn.max("seq").as("seq"))
        .executeTakeFirst();
      return Number(row?.seq ?? 0);
    },

    async changesSince(seq) {
      const changes = await db
        .selectFrom("gallery_changes")
        .selectAll()
        .where("seq", ">", seq)
        .orderBy("seq")
        .limit(CHANGES_AT_ONCE)
        .execute();
      const ids = [...new Set(changes.map((change) => change.item_id))];
      const rows =
        ids.length === 0
          ? []
          : await db.selectFrom("gallery_items").selectAll().where("id", "in", ids).execute();
      const put = rows.map(toItem);
      return {
        seq: changes.at(-1)?.seq ?? seq,
        put,
        gone: ids.filter((id) => !put.some((item) => item.id === id)),
      };
    },
  };
}

/** A reader goes on from the highest number it has seen: a lower one must not be committed after it. */
async function noteChange(tx: Kysely<Database>, itemId: string): Promise<void> {
  await alone(tx, "gallery_changes");
  await tx.insertInto("gallery_changes").values({ item_id: itemId }).execute();
}

function toItem(row: Selectable<Database["gallery_items"]>): GalleryItem {
  return {
    ...row,
    tags: JSON.parse(row.tags) as string[],
    // libSQL gives an ArrayBuffer, pg a Buffer.
    fingerprint: new Uint8Array(row.fingerprint),
  };
}
