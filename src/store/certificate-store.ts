import type { Kysely, Selectable } from "kysely";
import type { CertificateStore, QuoteRecord } from "../domain/orders/ports.ts";
import type { QuoteCertificate } from "../domain/orders/quote-certificate.ts";
import type { RiskCertificate } from "../domain/orders/risk-certificate.ts";
import type { Database } from "./schema.ts";

export function createCertificateStore(db: Kysely<Database>): CertificateStore {
  return {
    async addQuote(quote) {
      const conversation = db
        .selectFrom("conversations")
        .select("customer_id")
        .where("id", "=", quote.conversation_id);
      await db
        .insertInto("quotes")
        .values((eb) => ({
          id: quote.id,
          image_task_id: quote.image_task_id,
          conversation_id: quote.conversation_id,
          customer_id: eb.fn.coalesce(conversation, eb.val("")),
          status: "offered",
          total_fen: quote.certificate.total_fen,
          certificate: JSON.stringify(quote.certificate),
          created_at: quote.created_at,
        }))
        .execute();
    },

    async findQuote(id) {
      const row = await db.selectFrom("quotes").selectAll().where("id", "=", id).executeTakeFirst();
      return row === undefined ? null : toQuote(row);
    },

    async latestQuote(conversationId) {
      const row = await db
        .selectFrom("quotes")
        .selectAll()
        .where("conversation_id", "=", conversationId)
        .orderBy("created_at", "desc")
        .orderBy("id", "desc")
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? null : toQuote(row);
    },

    async setQuoteStatus(id, status) {
      await db.updateTable("quotes").set({ status }).where("id", "=", id).execute();
    },

    async countUnpaid(customerId, { since, expiredBefore, requirePayment }) {
      const row = await db
        .selectFrom("quotes")
        .leftJoin("image_tasks", "image_tasks.id", "quotes.image_task_id")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("quotes.customer_id", "=", customerId)
        .where("quotes.created_at", ">=", since)
        .where("quotes.image_task_id", "is not", null)
        .where((eb) => {
          const isOver = (waiting: string) =>
            eb.or([
              eb("image_tasks.status", "=", "cancelled"),
              eb.and([eb("image_tasks.status", "=", waiting), eb("quotes.created_at", "<", expiredBefore)]),
            ]);
          const isUntaken = eb.and([eb("quotes.status", "in", ["declined", "offered"]), isOver("quoted")]);
          if (!requirePayment) return isUntaken;
          const isOwed = eb.and([
            eb("quotes.status", "=", "accepted"),
            eb("image_tasks.paid_at", "is", null),
            isOver("accepted"),
          ]);
          return eb.or([isUntaken, isOwed]);
        })
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    async addRisk(risk) {
      await db
        .insertInto("risk_certificates")
        .values({ ...risk, certificate: JSON.stringify(risk.certificate) })
        .execute();
    },

    async findRisk(id) {
      const row = await db
        .selectFrom("risk_certificates")
        .selectAll()
        .where("id", "=", id)
        .executeTakeFirst();
      return row === undefined ? null : (JSON.parse(row.certificate) as RiskCertificate);
    },
  };
}

function toQuote(row: Selectable<Database["quotes"]>): QuoteRecord {
  return {
    id: row.id,
    image_task_id: row.image_task_id,
    conversation_id: row.conversation_id,
    status: row.status as QuoteRecord["status"],
    certificate: JSON.parse(row.certificate) as QuoteCertificate,
    created_at: row.created_at,
  };
}
