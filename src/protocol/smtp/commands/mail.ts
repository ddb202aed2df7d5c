import { NO_PARAMETERS } from "../../../mail/envelope.ts";
import { assert } from "../../../base/assert.ts";
import type { SenderVerdict } from "../actions.ts";
import type { Command } from "../command.ts";
import { mailParameter } from "../extensions.ts";
import { parseParameters } from "../parameters.ts";
import { cutPath, readMailbox } from "../path.ts";
import { REPLY, type Reply, VERDICT_REPLY } from "../replies.ts";
import { COMMAND, type MailOptions, type SmtpContext, type SmtpState, type Step } from "../state.ts";

/** MAIL FROM:Reverse-path [SP Mail-parameters] (RFC 5321 §4.1.1.2): opens a transaction. */
export const mail: Command = {
  argument: "needed",
  utf8: true,
  junk: false,
  listed: () => true,
  run(context, state, argument) {
    if (state.greeting === null) {
      return [state, context.dialect === "lmtp" ? REPLY.lhloFirst : REPLY.heloFirst]; // RFC 5321 §4.1.4
    }
    if (state.transaction !== null) return [state, REPLY.mailNested];
    const path = cutPath(argument, "FROM:", context.quirks);
    if (path === null) return [state, REPLY.mailSyntax];
    const options = mailOptions(context, state, path.parameters);
    if ("code" in options) return [state, options];
    // The null reverse-path `<>` is for mail that must not be answered (RFC 5321 §4.5.5).
    const sender = path.mailbox === "" ? null : readMailbox(path.mailbox, options.parameters.smtpUtf8) ?? "syntax";
    if (sender === "syntax") return [state, REPLY.senderSyntax];
    if (sender === "utf8") return [state, REPLY.senderNotAscii];
    const transaction = { ...options, sender, recipients: [], refused: 0, surplus: 0, chunks: null };
    // The null reverse-path is nobody's address, and what read receipts are sent with (RFC 8098 §3).
    if (state.user === null || sender === null) return [{ ...state, transaction }, REPLY.senderOk];
    return [{ ...state, phase: { type: "checkingSender", transaction } }, { type: "checkSender", sender }];
  },
};

/** The answer to `checkSender`. */
export function senderChecked(state: SmtpState, verdict: SenderVerdict): Step {
  const { phase } = state;
  assert(phase.type === "checkingSender", "senderChecked without a question");
  const next = { ...state, phase: COMMAND };
  if (verdict !== "accepted") return [next, verdict === "busy" ? VERDICT_REPLY.busy : REPLY.senderNotYours];
  return [{ ...next, transaction: phase.transaction }, REPLY.senderOk];
}

const NO_OPTIONS: MailOptions = { declaredSize: 0, parameters: NO_PARAMETERS };

function mailOptions(context: SmtpContext, state: SmtpState, text: string): MailOptions | Reply {
  const parameters = parseParameters(text, context.limits.parametersMax);
  if ("code" in parameters) return parameters;
  let options: MailOptions = NO_OPTIONS;
  for (const { keyword, value } of parameters) {
    const take = mailParameter(context, state, keyword);
    if (take === null) return REPLY.parameterUnknown;
    const taken = take(value, options, context);
    if ("code" in taken) return taken;
    options = taken;
  }
  return options;
}
