import { formatAddress, parseMailbox } from "../../mail/address.ts";
import { NO_PARAMETERS, type OutgoingEnvelope } from "../../mail/envelope.ts";
import { composeReport, type ReportedRecipient } from "../../mime/mod.ts";
import type { EnqueueInput } from "../../storage/mod.ts";
import { destinationOf } from "./destination_name.ts";
import type { QueueServices } from "./services.ts";
import type { Notice } from "./settle.ts";

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
  const to = firstSender(envelope.sender, services);
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

/** Who hears of a mail: of one that we forwarded under an address of ours, its first sender. */
function firstSender(sender: string, { srs, clock }: QueueServices): string {
  const address = parseMailbox(sender, { utf8: true });
  const origin = address === null ? null : srs.reverse(address.local, clock.wallMs());
  return origin === null ? sender : formatAddress(origin);
}

/** RET says what a failure returns; delays and successes return the header only (RFC 3461 §4.3, §6.2). */
function returnsWhole(envelope: OutgoingEnvelope, recipients: readonly ReportedRecipient[]): boolean {
  if (envelope.body === "binarymime" || envelope.ret === "headers") return false;
  return recipients.some(({ action }) => action === "failed");
}
