import { NO_PARAMETERS, type OutgoingEnvelope } from "../../mail/envelope.ts";
import { composeReport, type ReportedRecipient } from "../../mime/mod.ts";
import type { EnqueueInput } from "../../storage/mod.ts";
import { destinationOf } from "./destination_name.ts";
import type { Concluded } from "./engine.ts";
import type { QueueServices } from "./services.ts";
import type { Settlement } from "./settle.ts";

/** The report on an attempt, as a mail to be queued: from nobody, so that no report is ever made of it (RFC 3464 §2). */
export function reportMail(
  { item, message, report, original }: Concluded & { readonly original: Uint8Array },
  { notices }: Settlement,
  { hostname, store, clock, policy }: QueueServices,
): EnqueueInput {
  const { envelope } = message;
  const nowMs = store.nowMs();
  const wallMs = clock.wallMs();
  // Once for each attempt: asked again after a crash, it is the same report.
  const id = `${envelope.id}r${item.item}x${item.attempts}`;
  const arrivalMs = wallMs - (nowMs - message.createdMs);
  const recipients = notices.map(({ recipient, action, outcome }): ReportedRecipient => ({
    address: recipient.address,
    orcpt: recipient.orcpt,
    action,
    status: outcome.status,
    remoteMta: report.host?.name ?? null,
    code: outcome.code,
    text: outcome.text,
    lastAttemptMs: wallMs,
    retryUntilMs: action === "delayed" ? arrivalMs + policy.lifetimeMs : null,
  }));
  const composed = composeReport({
    hostname,
    to: envelope.sender,
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
      destination: destinationOf(envelope.sender),
      recipients: [{ address: envelope.sender, notify: [], orcpt: null }],
      dueMs: nowMs,
    }],
  };
}

/** RET says what a failure returns; delays and successes return the header only (RFC 3461 §4.3, §6.2). */
function returnsWhole(envelope: OutgoingEnvelope, recipients: readonly ReportedRecipient[]): boolean {
  if (envelope.body === "binarymime" || envelope.ret === "headers") return false;
  return recipients.some(({ action }) => action === "failed");
}
