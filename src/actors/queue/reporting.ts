import { createHash } from "node:crypto";
import { formatAddress, parseMailbox } from "../../mail/address.ts";
import { NO_PARAMETERS, type OutgoingEnvelope } from "../../mail/envelope.ts";
import { composeReport, type ReportedRecipient } from "../../mime/mod.ts";
import type { EnqueueInput, StoredItem, StoredMessage } from "../../storage/mod.ts";
import { destinationOf } from "./destination_name.ts";
import type { QueueServices } from "./services.ts";
import type { Notice } from "./settle.ts";

/** Recipients that a line of the log names. */
const SHOWN_MAX = 10;

/** A mail to be reported on. */
export interface Reported {
  /** Identity of the report: the same for the same event, so that it is made once. */
  readonly id: string;
  readonly envelope: OutgoingEnvelope;
  /** When the mail came, in queue time. */
  readonly arrivedMs: number;
  /** Name of the host that had the last word; null when none had. */
  readonly remoteMta: string | null;
  readonly notices: readonly Notice[];
  readonly original: Uint8Array;
}

/** The report as a mail to be queued: from nobody, so that no report is ever made of it (RFC 3464 §2). */
export function reportMail(reported: Reported, services: QueueServices): EnqueueInput {
  const { hostname, store, clock, policy } = services;
  const { id, envelope, remoteMta, notices, original } = reported;
  const to = returnAddress(envelope.sender, services);
  const nowMs = store.nowMs();
  const wallMs = clock.wallMs();
  const arrivalMs = wallMs - (nowMs - reported.arrivedMs);
  const recipients = notices.map(({ recipient, action, outcome }): ReportedRecipient => ({
    address: recipient.address,
    orcpt: recipient.orcpt,
    action,
    status: outcome.status,
    remoteMta,
    code: outcome.code,
    text: outcome.text,
    lastAttemptMs: wallMs,
    retryUntilMs: action === "delayed" ? arrivalMs + policy.lifetimeMs : null,
  }));
  const composed = composeReport({
    hostname,
    to,
    id,
    mailId: envelope.id,
    envid: envelope.envid,
    arrivalMs,
    nowMs: wallMs,
    recipients,
    original,
    returnWhole: returnsWhole(envelope, recipients),
    smtpUtf8: envelope.smtpUtf8,
  });
  const { body, smtpUtf8 } = composed;
  return {
    opId: id,
    // RFC 8689 §5: what had to be kept from eyes on the way out is kept from them on the way back.
    envelope: { ...NO_PARAMETERS, id, sender: "", account: null, body, smtpUtf8, requireTls: envelope.requireTls },
    parts: [composed.content],
    items: [{
      destination: destinationOf(to),
      recipients: [{ address: to, notify: [], orcpt: null }],
      dueMs: nowMs,
    }],
  };
}

/** Who hears of a mail: its sender, whom an address under which we forwarded leads back to. */
function returnAddress(sender: string, { srs, clock }: QueueServices): string {
  const address = parseMailbox(sender, { utf8: true });
  const origin = address === null ? null : srs.reverse(address.local, clock.wallMs());
  return origin === null ? sender : formatAddress(origin);
}

/** How a notice stands in the identity of its report. */
const MARKS: Readonly<Record<Notice["action"], string>> = {
  failed: "f",
  delayed: "w",
  delivered: "d",
  relayed: "r",
  expanded: "e",
};

/**
 * What one attempt makes known, as mails to be queued. A delay is told once for each item, whatever else happens. The identity of the other
 * report says who is told what: an attempt that is repeated after a crash and ends otherwise is told anew, else it is the same.
 */
export function reportMails(
  one: { readonly item: StoredItem; readonly message: StoredMessage; readonly remoteMta: string | null },
  notices: readonly Notice[],
  original: () => Uint8Array,
  services: QueueServices,
): EnqueueInput[] {
  if (notices.length === 0) return [];
  const { item, message: { envelope, createdMs }, remoteMta } = one;
  const about = notices.slice(0, SHOWN_MAX).map(({ action, recipient }) => `${recipient.address} (${action})`);
  services.log.debug("report", { id: envelope.id, to: envelope.sender, about });
  const delays = notices.filter(({ action }) => action === "delayed");
  const ends = notices.filter(({ action }) => action !== "delayed");
  const event = `${envelope.id}r${item.item}`;
  const marks = item.recipients.map((recipient) => {
    const notice = ends.find((one) => one.recipient === recipient);
    return notice === undefined ? "-" : MARKS[notice.action];
  });
  const reports = [
    { id: `${event}w`, notices: delays },
    { id: `${event}x${item.attempts}.${digest(marks.join(""))}`, notices: ends },
  ];
  return reports.filter(({ notices }) => notices.length > 0).map(({ id, notices }) =>
    reportMail({ id, envelope, arrivedMs: createdMs, remoteMta, notices, original: original() }, services)
  );
}

/** Short, as it becomes a part of the report's boundary, which has 70 characters at most. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 8);
}

/** RET says what a failure returns; delays and successes return the header only (RFC 3461 §4.3, §6.2). */
function returnsWhole(envelope: OutgoingEnvelope, recipients: readonly ReportedRecipient[]): boolean {
  if (envelope.body === "binarymime" || envelope.ret === "headers") return false;
  return recipients.some(({ action }) => action === "failed");
}
