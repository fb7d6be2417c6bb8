import type { ConfigVersionStore } from "./config-versions.ts";
import type { AgentName } from "./conversations/agent-of.ts";
import type { Part } from "./conversations/message.ts";
import type { ConversationStore, MessageStore } from "./conversations/ports.ts";
import type { HandoffStore } from "./handoffs/handoff.ts";
import type { Jobs } from "./jobs/jobs.ts";
import type { KnowledgeUse } from "./knowledge/knowledge-use.ts";
import type { KnowledgeStore, VectorStore } from "./knowledge/ports.ts";
import type { LeaseStore } from "./leases.ts";
import type { CertificateStore, OrderStore, PictureStore } from "./orders/ports.ts";
import type { TaskStore } from "./tasks/ports.ts";
import type { TicketStore } from "./tickets/ticket.ts";

/** A turn that ended: what answered, on which rung of the ladder, how long it took. */
export type TurnRecord = {
  id: string;
  conversation_id: string;
  rung: string;
  outcome: "answered" | "silent" | "fenced" | "held";
  tools: string[];
  versions: Record<string, string>;
  agent: AgentName;
  knowledge: KnowledgeUse;
  queued_at: number;
  started_at: number;
  ended_at: number;
};

/** The case as a turn saw it before it first wrote something; for the run that follows if its process ends now. */
export type KeptCase = { turnId: string; fence: number; messageIds: string[]; content: unknown };

export type TurnStore = {
  add(turn: TurnRecord): Promise<void>;
  find(id: string): Promise<TurnRecord | null>;
  /** Over what was kept of this turn before. */
  keepCase(kept: KeptCase): Promise<void>;
  keptCase(turnId: string): Promise<KeptCase | null>;
  forgetCase(turnId: string): Promise<void>;
  /** Those of turns whose first message waits no more: a process may end between a turn and its forgetting. */
  forgetEndedCases(): Promise<void>;
  /** How many turns stood on which versions; reads all of them. */
  countByVersions(): Promise<(Pick<TurnRecord, "agent" | "versions"> & { turns: number })[]>;
  /** Questions that the knowledge had no answer to, since that instant, newest first. */
  misses(since: number, limit: number): Promise<{ parts: Part[]; at: number; customerId: string }[]>;
};

export type Customer = { id: string; platform: string; name: string | null; blacklisted: boolean };
export type CustomerStore = {
  find(id: string, platform: string): Promise<Customer | null>;
  setBlacklisted(id: string, platform: string, blacklisted: boolean): Promise<void>;
  blacklisted(): Promise<Customer[]>;
};

export type GalleryItem = {
  id: string;
  title: string;
  tags: string[];
  description: string;
  file: string;
  fingerprint: Uint8Array;
  created_at: number;
};
/** Every put and remove is also a numbered change, so that a running service sees what a command did. */
export type GalleryStore = {
  put(item: GalleryItem): Promise<void>;
  remove(id: string): Promise<boolean>;
  all(): Promise<GalleryItem[]>;
  has(id: string): Promise<boolean>;
  /** The number of the last change; 0 before the first. */
  lastChange(): Promise<number>;
  /** What was put (as it is now) and what is gone since that change, each item once. */
  changesSince(seq: number): Promise<{ seq: number; put: GalleryItem[]; gone: string[] }>;
};

/** Which conversation of a Dify app goes on for a caller of ours. key: a hash of the app, the person and their talk. */
export type DifyConversationStore = {
  find(key: string): Promise<string | null>;
  put(key: string, difyId: string, now: number): Promise<void>;
  forget(key: string): Promise<void>;
};

/**
 * How far the messages of a 客服账号 (微信客服) have been read: what 企业微信 gave as the cursor to go on from, and when we
 * began (UTC ms).
 */
export type KfCursorStore = {
  find(openKfId: string): Promise<{ cursor: string; since: number } | null>;
  /** The first one of an account says that we begin. */
  put(openKfId: string, cursor: string, now: number): Promise<void>;
  forget(openKfId: string): Promise<void>;
};

/** Everything we keep. Inside a transaction all of it commits or none. */
export type Records = {
  conversations: ConversationStore;
  messages: MessageStore;
  tasks: TaskStore;
  orders: OrderStore;
  certificates: CertificateStore;
  pictures: PictureStore;
  handoffs: HandoffStore;
  turns: TurnStore;
  customers: CustomerStore;
  gallery: GalleryStore;
  knowledge: KnowledgeStore;
  vectors: VectorStore;
  tickets: TicketStore;
  difyConversations: DifyConversationStore;
  kfCursors: KfCursorStore;
  configVersions: ConfigVersionStore;
  leases: LeaseStore;
  jobs: Jobs;
};

export type Store = Records & {
  /**
   * Runs the work in one transaction; a throw rolls all of it back. Inside, use only the records passed in: the
   * outer ones would wait for this transaction to end. What it finds by id stays as it is until the commit, whoever
   * else writes; the work may run more than once, when two transactions stood in each other's way.
   */
  transaction<Value>(work: (records: Records) => Promise<Value>): Promise<Value>;
  /** One cheap write; throws when the database does not take it. */
  ping(): Promise<void>;
  close(): Promise<void>;
};
