import { assert } from "../../../base/assert.ts";
import type { Address } from "../../../mail/address.ts";
import type { RecipientParameters } from "../../../mail/envelope.ts";
import type { ListedClient, RecipientVerdict } from "../actions.ts";
import type { Command } from "../command.ts";
import { rcptParameter } from "../extensions.ts";
import { parseParameters } from "../parameters.ts";
import { cutPath, readMailbox } from "../path.ts";
import { listed, REPLY, type Reply, VERDICT_REPLY } from "../replies.ts";
import { closing, COMMAND, type SmtpContext, type SmtpState, type Step } from "../state.ts";

/** RCPT TO:Forward-path [SP Rcpt-parameters] (RFC 5321 §4.1.1.3): asks whether one recipient is wanted. */
export const rcpt: Command = {
  argument: "needed",
  utf8: true,
  junk: false,
  listed: () => true,
  run(context, state, argument) {
    const transaction = state.transaction;
    if (transaction === null) return [state, REPLY.mailFirst];
    const path = cutPath(argument, "TO:", context.quirks);
    if (path === null) return [state, REPLY.rcptSyntax];
    if (transaction.chunks !== null) return [state, REPLY.chunksBegun];
    const asked = recipientParameters(context, state, path.parameters);
    if ("code" in asked) return [state, asked];
    const address = readRecipient(context, path.mailbox, transaction.parameters.smtpUtf8);
    if (address === null) return [state, REPLY.recipientSyntax];
    if (address === "utf8") return [state, REPLY.recipientNotAscii];
    if (transaction.recipients.length >= context.limits.recipientsMax) return surplus(context, state);
    return [
      { ...state, phase: { type: "checkingRecipient", recipient: { ...asked, address } } },
      {
        type: "checkRecipient",
        recipient: address,
        sender: transaction.sender,
        size: transaction.declaredSize,
        relay: state.user !== null,
      },
    ];
  },
};

const NOTHING_ASKED: RecipientParameters = { notify: null, orcpt: null };

function recipientParameters(context: SmtpContext, state: SmtpState, text: string): RecipientParameters | Reply {
  const parameters = parseParameters(text, context.limits.parametersMax);
  if ("code" in parameters) return parameters;
  let asked = NOTHING_ASKED;
  for (const { keyword, value } of parameters) {
    const take = rcptParameter(context, state, keyword);
    if (take === null || state.transaction === null) return REPLY.parameterUnknown;
    const taken = take(value, asked, state.transaction);
    if ("code" in taken) return taken;
    asked = taken;
  }
  return asked;
}

/** The answer to `checkRecipient`. */
export function recipientChecked(state: SmtpState, verdict: RecipientVerdict | ListedClient): Step {
  const { phase, transaction } = state;
  assert(phase.type === "checkingRecipient" && transaction !== null, "recipientChecked without a question");
  const counted = verdict === "accepted"
    ? { ...transaction, recipients: [...transaction.recipients, phase.recipient] }
    : { ...transaction, refused: transaction.refused + 1 };
  return [
    { ...state, phase: COMMAND, transaction: counted },
    typeof verdict === "string" ? VERDICT_REPLY[verdict] : listed(verdict),
  ];
}

/** `<postmaster>` without a domain is legal, in any case of letters (RFC 5321 §4.1.1.3). */
function readRecipient(context: SmtpContext, mailbox: string, smtpUtf8: boolean): Address | "utf8" | null {
  if (mailbox.toLowerCase() !== "postmaster") return readMailbox(mailbox, smtpUtf8);
  return { local: mailbox, domain: context.postmasterDomain, literal: null };
}

/** RFC 5321 §4.5.3.1.10: 452 for those beyond the limit; a client that never stops is sent away. */
function surplus(context: SmtpContext, state: SmtpState): Step {
  const transaction = state.transaction;
  assert(transaction !== null, "a surplus recipient needs a transaction");
  if (transaction.surplus >= context.limits.recipientsMax) return closing(state, REPLY.tooManyErrors);
  return [{ ...state, transaction: { ...transaction, surplus: transaction.surplus + 1 } }, REPLY.tooManyRecipients];
}
