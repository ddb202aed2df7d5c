import { assert } from "../../../base/assert.ts";
import type { DeliveryOutcome, ReceivedMail } from "../actions.ts";
import type { Command } from "../command.ts";
import type { ContentReader } from "../content_reader.ts";
import { accepted, FAILURE_REPLY, joined, refusedMail, REPLY, type Reply } from "../replies.ts";
import { closing, COMMAND, CONTENT, type SmtpContext, type SmtpState, type Step, type Transaction } from "../state.ts";

/** DATA (RFC 5321 §4.1.1.4): the content follows. */
export const data: Command = {
  argument: "none",
  utf8: false,
  junk: false,
  listed: () => true,
  run(context, state) {
    const transaction = state.transaction;
    if (transaction === null) return [state, REPLY.mailFirst];
    if (transaction.chunks !== null) return [state, REPLY.chunksBegun]; // RFC 3030 §2
    if (transaction.parameters.body === "binarymime") return [state, REPLY.binaryNeedsBdat]; // RFC 3030 §3
    const refusal = recipientsRefusal(context, transaction);
    return refusal === null ? [{ ...state, phase: CONTENT }, REPLY.startData] : [state, refusal];
  },
};

/** Why content cannot follow, or null: it needs recipients. */
export function recipientsRefusal({ dialect }: SmtpContext, { recipients, refused }: Transaction): Reply | null {
  if (recipients.length > 0) return null;
  // RFC 5321 §3.3: 503 or 554; the difference tells a pipelining client that its RCPTs were seen. LMTP has 503 only (RFC 2033 §4.2).
  return refused > 0 && dialect === "smtp" ? REPLY.noValidRecipients : REPLY.rcptFirst;
}

/** The end of data was read, or is not waited for any longer. */
export function contentEnded(context: SmtpContext, state: SmtpState, content: ContentReader): Step {
  const refusal = content.refusal();
  if (refusal === null && !content.exhausted) return delivering(context, state, content);
  const replies = contentReply(context, state.transaction, refusal ?? REPLY.messageTooBig);
  // Behind a bare CR or LF client and server may disagree on where the message ended: nothing more is read.
  if (content.broken || !content.ended) return closing(state, joined(replies));
  return [{ ...state, phase: COMMAND, transaction: null }, ...replies];
}

/** Hands on the message that `content` has read to its end. */
export function delivering(
  context: SmtpContext,
  state: SmtpState,
  content: Pick<ContentReader, "takePieces" | "size">,
): Step {
  const { transaction, greeting } = state;
  assert(transaction !== null && greeting !== null, "content without a transaction");
  const mail: ReceivedMail = {
    helo: greeting.name,
    protocol: transmissionType(context, state),
    user: state.user,
    parameters: transaction.parameters,
    sender: transaction.sender,
    recipients: transaction.recipients,
    body: content.takePieces(),
    size: content.size,
  };
  return [{ ...state, phase: { type: "delivering" } }, { type: "deliver", mail }];
}

/**
 * The answer to `deliver`: one outcome of the whole message, in LMTP said of each recipient, or as many outcomes as there are
 * recipients. Whatever it is, the transaction is over (RFC 5321 §4.1.1.4).
 */
export function delivered(context: SmtpContext, state: SmtpState, outcomes: readonly DeliveryOutcome[]): Step {
  const { phase, transaction } = state;
  assert(phase.type === "delivering" && transaction !== null, "delivered without a question");
  const [first, ...more] = outcomes.map(outcomeReply);
  assert(first !== undefined, "a delivery has an outcome");
  assert(more.length === 0 || outcomes.length === transaction.recipients.length, "one outcome for each recipient");
  const replies = more.length === 0 ? contentReply(context, transaction, first) : [first, ...more];
  const next = { ...state, phase: COMMAND, transaction: null };
  if (!outcomes.some(({ type }) => type === "accepted")) return [next, ...replies];
  // A client that brings mail may bring much of it: its few errors do not add up over the hours.
  return [{ ...next, junk: 0, errors: 0 }, ...replies];
}

function outcomeReply(outcome: DeliveryOutcome): Reply {
  if (outcome.type === "accepted") return accepted(outcome.id);
  if (outcome.type === "refused") return refusedMail(outcome.code, outcome.enhanced, outcome.text);
  return FAILURE_REPLY[outcome.type];
}

/** What is said of content that was refused: in LMTP to each recipient (RFC 2033 §4.2), even if there is none. */
export function contentReply(
  { dialect }: SmtpContext,
  transaction: Transaction | null,
  reply: Reply,
): readonly Reply[] {
  return dialect === "smtp" || transaction === null ? [reply] : transaction.recipients.map(() => reply);
}

/** The `with` of the Received field: RFC 3848, and RFC 6531 §4.3 for UTF8 names. */
function transmissionType({ dialect }: SmtpContext, { greeting, transaction, tls, user }: SmtpState): string {
  if (!greeting?.extended) return "SMTP";
  const utf8 = transaction?.parameters.smtpUtf8 ?? false;
  const name = dialect === "lmtp" ? (utf8 ? "UTF8LMTP" : "LMTP") : utf8 ? "UTF8SMTP" : "ESMTP";
  return `${name}${tls === "active" ? "S" : ""}${user === null ? "" : "A"}`;
}
