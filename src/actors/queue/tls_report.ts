import { asFailure, describeError, Failure, utf8 } from "../../base/mod.ts";
import { NO_PARAMETERS } from "../../mail/mod.ts";
import type { QueueProtocol } from "../../messages/mod.ts";
import { signable } from "../../policy/dkim/mod.ts";
import { readMessage } from "../../policy/header/mod.ts";
import { composeTlsReport, reportSubmitter } from "../../policy/mod.ts";
import type { QueueServices } from "./services.ts";

/** Longest wait for signatures, in ms. */
const SIGN_MS_MAX = 20_000;

/**
 * A report on TLS as a mail to be queued (RFC 8460 §5.3). It is written and signed here: whoever counts sessions speaks with strangers,
 * and must not get our signature under a text of its own. Rejects with Failure `refused`, or what keeps it from being signed.
 */
export async function tlsReportMail(
  { id, to, report }: QueueProtocol["queue.tlsReport"]["request"],
  { tlsReports, signing, clock, log }: QueueServices,
): Promise<QueueProtocol["queue.enqueue"]["request"]> {
  if (tlsReports === undefined) throw new Failure("refused", "no reports on TLS are sent");
  const submitter = reportSubmitter(tlsReports, id);
  const { domain } = submitter;
  const signer = signing?.signer(domain) ?? null;
  // RFC 8460 §3: a report without a signature is thrown away by whoever gets it.
  if (signing === undefined || signer === null) throw new Failure("refused", `nobody signs for ${domain}`);
  const { from } = tlsReports;
  const { content } = composeTlsReport(report, submitter, { from, to, nowMs: clock.wallMs() });
  try {
    const request = { ...signer, ...signable(readMessage([content])) };
    const { fields } = await signing.policy.ask("policy.sign", request, { deadlineMs: SIGN_MS_MAX });
    return {
      opId: id,
      envelope: { ...NO_PARAMETERS, body: "7bit", id: submitter.id, sender: from, account: null },
      recipients: [{ address: to, notify: [], orcpt: null }], // Nobody waits for the news that nobody wants it.
      parts: [utf8(fields.join("")), content],
    };
  } catch (error) {
    if (asFailure(error) !== null) log.warn("TLS report not signed", { domain, error: describeError(error) });
    throw error;
  }
}
