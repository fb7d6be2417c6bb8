import type { Generated } from "kysely";
import type { ConfigText } from "../domain/config-versions.ts";
import type { KnowledgeDocument } from "../domain/knowledge/ports.ts";
import type { PostingBlock } from "../domain/knowledge/posting-block.ts";
import type { Ticket } from "../domain/tickets/ticket.ts";

// Times are UTC milliseconds, JSON is text, booleans are 0 and 1: the same on libSQL and PostgreSQL.

type ConversationTable = {
  id: string;
  channel: string;
  platform: string;
  shop_id: string;
  shop_name: string | null;
  external_id: string;
  customer_id: string;
  customer_name: string | null;
  holder: "bot" | "human";
  held_by: string | null;
  fence: number;
  pending_since: number | null;
  pending_count: number;
  turn_at: number | null;
  last_inbound_at: number | null;
  last_outbound_at: number | null;
  context: string | null;
  created_at: number;
};

type MessageTable = {
  seq: Generated<number>;
  id: string;
  conversation_id: string;
  direction: "in" | "out";
  author: "buyer" | "person" | "bot" | "task" | "system";
  platform_message_id: string | null;
  dedupe_key: string | null;
  parts: string;
  status: string;
  fence: number;
  turn_id: string | null;
  firing_id: string | null;
  in_reply_to: string | null;
  attempts: number;
  sending_until: number | null;
  error: string | null;
  at: number;
  settled_at: number | null;
};

type JobTable = {
  id: Generated<number>;
  kind: string;
  payload: string;
  job_key: string | null;
  queue: string | null;
  run_at: number;
  attempts: number;
  max_attempts: number;
  locked_by: string | null;
  locked_until: number | null;
  rerun_at: number | null;
  last_error: string | null;
  dead_at: number | null;
  created_at: number;
};

type TaskTable = {
  seq: Generated<number>;
  task_id: string;
  type: string;
  customer_id: string;
  platform: string | null;
  shop_id: string | null;
  trigger_type: string;
  created_by: string;
  priority: number;
  request: string;
  status: string;
  attempts: number;
  error_message: string | null;
  fired_count: number;
  next_at: number | null;
  created_at: number;
  triggered_at: number | null;
  completed_at: number | null;
};

type TaskHistoryTable = {
  id: Generated<number>;
  task_id: string;
  status: string;
  cause: string;
  detail: string | null;
  at: number;
};

type TaskFiringTable = {
  id: string;
  task_id: string;
  slot: string;
  conversation_id: string | null;
  customer_id: string;
  status: "running" | "waiting" | "completed" | "failed";
  attempts: number;
  error: string | null;
  created_at: number;
};

type ImageTaskTable = {
  id: string;
  conversation_id: string;
  customer_id: string;
  kind: string;
  status: string;
  revision: number;
  demand: string;
  pictures: string;
  candidates: string;
  picked: string;
  quote_id: string | null;
  risk_id: string | null;
  dispatch_no: string | null;
  parent_id: string | null;
  deliveries: string;
  paid_at: number | null;
  paid_by: string | null;
  deadline_at: number | null;
  sent_revision: number;
  created_at: number;
  updated_at: number;
};

type ImageTaskRevisionTable = {
  image_task_id: string;
  revision: number;
  text: string;
  pictures: string;
  risk_id: string | null;
  price_delta_fen: number;
  at: number;
  status: string;
  before: string | null;
  source_id: string | null;
};

type ImageTaskHistoryTable = {
  id: Generated<number>;
  image_task_id: string;
  from: string | null;
  to: string;
  cause: string;
  at: number;
};

type QuoteTable = {
  id: string;
  image_task_id: string | null;
  conversation_id: string;
  customer_id: string;
  status: string;
  total_fen: number;
  certificate: string;
  created_at: number;
};

type RiskTable = { id: string; image_task_id: string | null; certificate: string; created_at: number };

type PictureTable = {
  id: string;
  clean_file: string;
  facts: string;
  text: string | null;
  created_at: number;
};

type HandoffTable = {
  id: string;
  conversation_id: string;
  customer_id: string;
  reason: string;
  status: string;
  group_name: string | null;
  image_task_id: string | null;
  card: string;
  taken_by: string | null;
  created_at: number;
  ended_at: number | null;
};

type TurnTable = {
  id: string;
  conversation_id: string;
  rung: string;
  outcome: string;
  tools: string;
  versions: string;
  queued_at: number;
  started_at: number;
  ended_at: number;
  agent: string | null;
  knowledge: string | null;
  citations: string | null;
};

type TurnCaseTable = {
  turn_id: string;
  first_message_id: string;
  fence: number;
  message_ids: string;
  content: string;
};

type TicketTable = Omit<Ticket, "status" | "priority"> & { status: string; priority: string };

type DifyConversationTable = { key: string; dify_id: string; updated_at: number };

type KfCursorTable = { open_kfid: string; cursor: string; since: number; updated_at: number };

type ConfigChangeTable = { id: Generated<number>; name: string; version: string; at: number };

type CustomerTable = { id: string; platform: string; name: string | null; blacklisted: number };

type GalleryTable = {
  id: string;
  title: string;
  tags: string;
  description: string;
  file: string;
  fingerprint: Uint8Array;
  created_at: number;
};

type LeaseTable = { name: string; owner: string; token: number; ends_at: number };

type GalleryChangeTable = { seq: Generated<number>; item_id: string };

/** words: of all its chunks, for their usual length. */
type KnowledgeDocumentTable = KnowledgeDocument & { words: number };

type KnowledgeChunkTable = {
  seq: Generated<number>;
  document_id: string;
  position: number;
  heading: string;
  text: string;
  question: string | null;
};

/** chunks: how many entries there are. */
type KnowledgeBlockTable = PostingBlock & { chunks: number };

/** words: each once, as a JSON array. */
type KnowledgeVocabularyTable = { document_id: string; words: string };

/** vector: in the form of `toVectorBytes`. */
type KnowledgeVectorTable = { chunk: number; model: string; dimension: number; vector: Uint8Array };

type KnowledgeVectorChangeTable = { seq: Generated<number>; document_id: string };

export type Database = {
  conversations: ConversationTable;
  messages: MessageTable;
  jobs: JobTable;
  tasks: TaskTable;
  task_history: TaskHistoryTable;
  task_firings: TaskFiringTable;
  image_tasks: ImageTaskTable;
  image_task_revisions: ImageTaskRevisionTable;
  image_task_history: ImageTaskHistoryTable;
  quotes: QuoteTable;
  risk_certificates: RiskTable;
  pictures: PictureTable;
  handoffs: HandoffTable;
  turns: TurnTable;
  turn_cases: TurnCaseTable;
  tickets: TicketTable;
  dify_conversations: DifyConversationTable;
  kf_cursors: KfCursorTable;
  config_versions: ConfigText;
  config_changes: ConfigChangeTable;
  customers: CustomerTable;
  gallery_items: GalleryTable;
  gallery_changes: GalleryChangeTable;
  leases: LeaseTable;
  knowledge_documents: KnowledgeDocumentTable;
  knowledge_chunks: KnowledgeChunkTable;
  knowledge_blocks: KnowledgeBlockTable;
  knowledge_vocabularies: KnowledgeVocabularyTable;
  knowledge_vectors: KnowledgeVectorTable;
  knowledge_vector_changes: KnowledgeVectorChangeTable;
};
