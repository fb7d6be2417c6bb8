import type { Picture } from "../pictures/picture.ts";
import type { ImageOrder, OrderHistory, OrderRevision } from "./order.ts";
import type { OrderStatus } from "./order-status.ts";
import type { QuoteCertificate } from "./quote-certificate.ts";
import type { RiskCertificate } from "./risk-certificate.ts";

export type NewOrder = Pick<
  ImageOrder,
  "id" | "conversation_id" | "customer_id" | "kind" | "demand" | "pictures" | "candidates" | "parent_id"
>;

export type OrderStore = {
  /** Adds a draft with its first history row; false when the id is taken (the same demand came twice). */
  add(order: NewOrder, at: number): Promise<boolean>;
  find(id: string): Promise<ImageOrder | null>;
  findByDispatch(dispatchNo: string): Promise<ImageOrder | null>;
  /** Newest first. */
  ofConversation(conversationId: string, limit: number): Promise<ImageOrder[]>;
  ofCustomer(customerId: string, limit: number): Promise<ImageOrder[]>;
  list(filter: { status?: OrderStatus | undefined; limit: number }): Promise<ImageOrder[]>;
  /**
   * Moves an order if it is still in `from`; writes history and returns its row, or null when somebody moved it
   * first. Whether the move is allowed is decided by the caller (order-status.ts).
   */
  move(
    id: string,
    move: { from: OrderStatus; to: OrderStatus; cause: string; at: number },
  ): Promise<OrderHistory | null>;
  change(
    id: string,
    change: Partial<
      Pick<
        ImageOrder,
        | "demand"
        | "pictures"
        | "candidates"
        | "picked"
        | "quote_id"
        | "risk_id"
        | "dispatch_no"
        | "deliveries"
        | "paid_at"
        | "paid_by"
        | "deadline_at"
        | "sent_revision"
      >
    >,
  ): Promise<void>;
  /** Appends the next revision, kept unless it says otherwise, and returns its number. */
  addRevision(
    revision: Omit<OrderRevision, "revision" | "status" | "before" | "source_id"> &
      Partial<Pick<OrderRevision, "status" | "before" | "source_id">>,
  ): Promise<number>;
  revisions(id: string): Promise<OrderRevision[]>;
  /** What became of the demands that waited for a person. */
  settleRevisions(id: string, status: "kept" | "dropped"): Promise<void>;
  history(id: string): Promise<OrderHistory[]>;
  historyRow(rowId: number): Promise<OrderHistory | null>;
};

export type QuoteRecord = {
  id: string;
  image_task_id: string | null;
  conversation_id: string;
  status: "offered" | "accepted" | "declined" | "replaced";
  certificate: QuoteCertificate;
  created_at: number;
};

export type CertificateStore = {
  addQuote(quote: Omit<QuoteRecord, "status">): Promise<void>;
  findQuote(id: string): Promise<QuoteRecord | null>;
  /** The newest quote told in a conversation. */
  latestQuote(conversationId: string): Promise<QuoteRecord | null>;
  setQuoteStatus(id: string, status: QuoteRecord["status"]): Promise<void>;
  /**
   * Quotes given to this customer for an order since then that came to nothing: declined, cancelled with their order,
   * or offered before expiredBefore and never taken up. Where payment is required, a yes without money counts too.
   */
  countUnpaid(
    customerId: string,
    window: { since: number; expiredBefore: number; requirePayment: boolean },
  ): Promise<number>;
  addRisk(risk: {
    id: string;
    image_task_id: string | null;
    certificate: RiskCertificate;
    created_at: number;
  }): Promise<void>;
  findRisk(id: string): Promise<RiskCertificate | null>;
};

export type PictureStore = {
  /** Idempotent: the facts of a picture are measured once. */
  add(picture: Picture): Promise<void>;
  find(id: string): Promise<Picture | null>;
  setText(id: string, text: NonNullable<Picture["text"]>): Promise<void>;
};
