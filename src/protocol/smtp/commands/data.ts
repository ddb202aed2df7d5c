import { assert } from "../../../base/assert.ts";
import type { DeliveryOutcome, ReceivedMail } from "../actions.ts";
import type { Command } from "../command.ts";
import type { ContentReader } from "../content_reader.ts";
import { accepted, FAILURE_REPLY, REPLY } from "../replies.ts";
import { closing, COMMAND, CONTENT, type SmtpState, type Step } from "../state.ts";

/** DATA (RFC 5321 §4.1.1.4): the content follows. */
export const data: Command = {
  argument: "none",
  utf8: false,
  junk: false,
  listed: () => true,
  run(_context, state) {
    const transaction = state.transaction;
    if (transaction === null) return [state, REPLY.mailFirst];
    if (transaction.recipients.length === 0) {
      // RFC 5321 §3.3: 503 or 554; the difference tells a pipelining client that its RCPTs were seen.
      return [state, transaction.refused > 0 ? REPLY.noValidRecipients : REPLY.rcptFirst];
    }
    return [{ ...state, phase: CONTENT }, REPLY.startData];
  },
};

/** The end of data was read, or is not waited for any longer. */
export function contentEnded(state: SmtpState, content: ContentReader): Step {
  const { transaction, greeting } = state;
  assert(transaction !== null && greeting !== null, "content without a transaction");
  const refusal = content.refusal();
  if (refusal !== null || content.exhausted) {
    const reply = refusal ?? REPLY.messageTooBig;
    // Behind a bare CR or LF client and server may disagree on where the message ended: nothing more is read.
    if (content.broken || !content.ended) return closing(state, reply);
    return [{ ...state, phase: COMMAND, transaction: null }, reply];
  }
  const mail: ReceivedMail = {
    helo: greeting.name,
    protocol: transmissionType(state),
    user: state.user,
    smtpUtf8: transaction.smtpUtf8,
    sender: transaction.sender,
    recipients: transaction.recipients,
    body: content.takePieces(),
    size: content.size,
  };
  return [{ ...state, phase: { type: "delivering" } }, { type: "deliver", mail }];
}

/** The answer to `deliver`. Whatever it is, the transaction is over (RFC 5321 §4.1.1.4). */
export function delivered(state: SmtpState, outcome: DeliveryOutcome): Step {
  assert(state.phase.type === "delivering", "delivered without a question");
  const next = { ...state, phase: COMMAND, transaction: null };
  if (outcome.type !== "accepted") return [next, FAILURE_REPLY[outcome.type]];
  // A client that brings mail may bring much of it: its few errors do not add up over the hours.
  return [{ ...next, junk: 0, errors: 0 }, accepted(outcome.id)];
}

/** The `with` of the Received field: RFC 3848, and RFC 6531 §4.3 for UTF8 names. */
function transmissionType({ greeting, transaction, tls, user }: SmtpState): string {
  if (!greeting?.extended) return "SMTP";
  return `${transaction?.smtpUtf8 ? "UTF8" : "E"}SMTP${tls === "active" ? "S" : ""}${user === null ? "" : "A"}`;
}
