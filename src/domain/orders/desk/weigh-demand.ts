import type { Conversation } from "../../conversations/conversation.ts";
import { plainText, type SaidMessage, UNSEEN } from "../../conversations/message.ts";
import { soundsAbusive, statesOwnership } from "../assess-risk.ts";
import type { TextEvidence } from "../evidence.ts";
import { issueRiskCertificate, type RiskCertificate } from "../risk-certificate.ts";
import type { RiskRules } from "../risk-rules.ts";
import type { DeskDeps } from "./deps.ts";
import type { OrderDemand } from "./order-demand.ts";

const HOUR_MS = 60 * 60 * 1000;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** What our own engine needs for an order, queue and all. */
const LOCAL_WORK_MS = 5 * 60 * 1000;
/** "2小时内" was said a little before we weigh it. */
const SAID_AGO_MS = 10 * 60 * 1000;
const MESSAGES_REMEMBERED = 50;

/** Weighs a demand with everything known of its pictures and buyer. */
export async function weighDemand(
  deps: DeskDeps,
  conversation: Conversation,
  demand: OrderDemand,
  evidence: TextEvidence[],
): Promise<RiskCertificate> {
  const { store, ambient } = deps;
  const rules = deps.rules();
  const { designer } = rules.pricing;
  const now = ambient.now();
  const pictures = await Promise.all(demand.pictures.map((id) => store.pictures.find(id)));
  const customer = await store.customers.find(conversation.customer_id, conversation.platform);
  const recent = await store.messages.recent(conversation.id, MESSAGES_REMEMBERED);
  return issueRiskCertificate({
    id: ambient.newId("r"),
    input: {
      words: demand.words,
      ...askedBefore(recent),
      ocr_text: evidence.flatMap((text) => text.boxes.map((box) => box.text)).join("\n"),
      services: demand.services,
      pictures: pictures.flatMap((picture, index) =>
        picture === null
          ? []
          : [
              {
                width: picture.facts.width,
                height: picture.facts.height,
                verdict: evidence[index]?.verdict ?? ("unsure" as const),
              },
            ],
      ),
      ownership_stated: statesOwnership(demand.words, rules.risk),
      buyer: {
        blacklisted: customer?.blacklisted ?? false,
        unpaid_quotes_7d: await store.certificates.countUnpaid(conversation.customer_id, {
          since: now - WEEK_MS,
          expiredBefore: now - rules.pricing.quote_valid_hours * HOUR_MS,
          requirePayment: rules.pricing.require_payment,
        }),
        abusive: wasAbusive(recent, demand.words, { since: now - WEEK_MS, rules: rules.risk }),
      },
      model_flags: demand.modelFlags ?? [],
      ...(demand.contradictions === undefined || demand.contradictions.length === 0
        ? {}
        : { contradictions: demand.contradictions }),
      ...(demand.deadlineAt == null
        ? {}
        : {
            deadline_ms: demand.deadlineAt,
            earliest_finish_ms:
              now + (demand.local ? LOCAL_WORK_MS : designer.urgent_hours * HOUR_MS - SAID_AGO_MS),
          }),
      ...(demand.enlargeFactor === undefined ? {} : { enlarge_factor: demand.enlargeFactor }),
    },
    rules: rules.risk,
    rulesVersion: rules.riskVersion,
    now,
  });
}

/** What we said last before the buyer's words; a model or a person may have named in it what the words are about. */
function askedBefore(recent: readonly SaidMessage[]): { asked?: string } {
  const answer = recent.findLastIndex(({ author }) => author === "buyer");
  const asked = recent
    .slice(0, Math.max(0, answer))
    .findLast(({ author, status }) => author !== "buyer" && !UNSEEN.includes(status));
  return asked === undefined ? {} : { asked: plainText(asked.parts) };
}

/** Whether the buyer was abusive before these words, in what is remembered of this conversation. */
function wasAbusive(
  recent: readonly SaidMessage[],
  words: string,
  { since, rules }: { since: number; rules: RiskRules },
): boolean {
  return recent
    .filter((message) => message.author === "buyer" && message.at >= since)
    .map((message) => plainText(message.parts))
    .some((text) => text !== "" && !words.includes(text) && soundsAbusive(text, rules));
}
