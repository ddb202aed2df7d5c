import { parseMailbox } from "../../mail/address.ts";
import type { DeliveryReport, QueueProtocol } from "../../messages/mod.ts";
import { areParts, isOutgoingEnvelope, isOutgoingRecipient } from "../mail_shape.ts";
import {
  type Accepts,
  fields,
  fieldsOf,
  isBoolean,
  isCount,
  isListOf,
  isName,
  isOptional,
  isText,
  isWhole,
} from "../shape.ts";
import { isTlsReport } from "../tls_report_shape.ts";

/** UTF-16 units of an address, and of what RCPT may say of it. */
const ADDRESS_CHARS_MAX = 512;
/** Recipients of one mail. */
const RECIPIENTS_MAX = 100_000;
/** The largest mail that the store keeps; its pieces are of 4 KiB and more, but for a few. */
const CONTENT = { partsMax: 100_000, bytesMax: 268_435_456 };
/** Characters of an opId and of a mail's id. */
const ID_CHARS_MAX = 255;
/** Entries one `queue.list` answers. */
export const LIST_MAX = 1_000;
/** Longest suspension, in seconds: ten years. */
const SUSPEND_SECONDS_MAX = 315_360_000;
/** UTF-16 units of a reply's text, and of names in a report. */
const REPORT_CHARS_MAX = 1_024;

/** What a report on TLS may hold: UTF-16 units of each text, and entries of each list. */
const TLS_REPORT_ID_CHARS = 64;

const VERBS: readonly unknown[] = ["retry", "hold", "release", "bounce", "delete"];
const ACTIONS: readonly unknown[] = ["delivered", "relayed", "deferred", "failed"];

/** Whether requests of other workers have the form their types promise. */
export const queueAccepts: Accepts<QueueProtocol> = {
  "queue.enqueue": fields(({ opId, envelope, recipients, parts, each }) =>
    isName(opId, ID_CHARS_MAX) && isOptional(each, isBoolean) && isOutgoingEnvelope(envelope) &&
    isListOf(recipients, RECIPIENTS_MAX, isOutgoingRecipient) &&
    (recipients as unknown[]).length > 0 && areParts(parts, CONTENT)
  ),
  "queue.report": fields(({ action, envelope, recipients, parts }) =>
    (action === "delivered" || action === "expanded") && isOutgoingEnvelope(envelope) &&
    isListOf(recipients, RECIPIENTS_MAX, isOutgoingRecipient) && areParts(parts, CONTENT)
  ),
  "queue.tlsReport": fields(({ id, to, report }) =>
    isName(id, TLS_REPORT_ID_CHARS) && isName(to, ADDRESS_CHARS_MAX) && parseMailbox(to, { utf8: false }) !== null &&
    isTlsReport(report)
  ),
  "queue.listWaiting": fields(({ address: under, after, limit }) =>
    address(under) && isCount(after) && isWhole(limit, 1, LIST_MAX)
  ),
  "queue.listFetch": fields(({ id, address: under }) => address(id) && address(under)),
  "queue.listDecide": fields(({ id, address: under, verb }) =>
    address(id) && address(under) && (verb === "retry" || verb === "bounce" || verb === "delete")
  ),
  "queue.list": fields(({ filter, after, limit }) => isFilter(filter) && isCount(after) && isWhole(limit, 1, LIST_MAX)),
  "queue.summary": () => true,
  "queue.shape": () => true,
  "queue.act": fields(({ verb, filter, dryRun }) => VERBS.includes(verb) && isFilter(filter) && isBoolean(dryRun)),
  "queue.turn": fields(({ domain, below }) => isName(domain, ADDRESS_CHARS_MAX) && isBoolean(below)),
  "queue.suspend": fields(({ domain, forSeconds }) => address(domain) && isWhole(forSeconds, 0, SUSPEND_SECONDS_MAX)),
  "queue.resume": fields(({ domain }) => address(domain)),
  // Only the worker and the actor itself send these, and that never crosses a border.
  "queue.drain": () => false,
  "queue.tick": () => false,
  "queue.load": () => false,
};

function address(value: unknown): value is string {
  return isText(value, ADDRESS_CHARS_MAX);
}

function isFilter(value: unknown): boolean {
  const filter = fieldsOf(value);
  return filter !== null && isOptional(filter["id"], address) && isOptional(filter["domain"], address) &&
    isOptional(filter["sender"], address) && isOptional(filter["all"], isBoolean);
}

/** Whether a delivery worker's report has the form its type promises, for this many recipients. */
export function isDeliveryReport(value: unknown, recipients: number): value is DeliveryReport {
  const report = fieldsOf(value);
  if (report === null || !isListOf(report["outcomes"], recipients, isOutcome)) return false;
  const { outcomes, destinationFault, host, tls } = report;
  return (outcomes as unknown[]).length === recipients && isBoolean(destinationFault) &&
    (host === null || isHost(host)) && (tls === null || isText(tls, REPORT_CHARS_MAX));
}

function isOutcome(value: unknown): boolean {
  const outcome = fieldsOf(value);
  return outcome !== null && ACTIONS.includes(outcome["action"]) && isText(outcome["text"], REPORT_CHARS_MAX) &&
    isName(outcome["status"], 16) && (outcome["code"] === null || isWhole(outcome["code"], 100, 999));
}

function isHost(value: unknown): boolean {
  const host = fieldsOf(value);
  return host !== null && isText(host["name"], REPORT_CHARS_MAX) && isText(host["address"], REPORT_CHARS_MAX) &&
    isWhole(host["port"], 0, 65_535);
}
