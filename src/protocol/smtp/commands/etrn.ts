import { assert } from "../../../base/assert.ts";
import { parseDomain } from "../../../mail/domain.ts";
import type { QueueNode, QueueTurn } from "../actions.ts";
import type { Command } from "../command.ts";
import { queueTurned as turnedReply, REPLY } from "../replies.ts";
import { COMMAND, type SmtpState, type Step } from "../state.ts";

/**
 * ETRN SP [ "@" / "#" ] node (RFC 1985 §5.2): a server that was away asks for the mail that waits for it; `@` means all names below
 * the node, too, `#` a queue, which here has the name of its destination. To those who are not asked for it the command does not exist.
 */
export const etrn: Command = {
  argument: "needed",
  utf8: false,
  junk: true,
  listed: (state, context) => context.etrn?.(state.user) ?? false,
  run(context, state, argument) {
    if (context.etrn === null) return [state, REPLY.notImplemented];
    if (!state.greeting?.extended) return [state, REPLY.ehloFirst];
    if (state.transaction !== null) return [state, REPLY.etrnNested];
    const node = parseNode(argument);
    if (node === null) return [state, REPLY.etrnSyntax];
    if (!context.etrn(state.user)) return [state, turnedReply(node, { type: "notAllowed" })];
    return [{ ...state, phase: { type: "turningQueue", node } }, { type: "turnQueue", node }];
  },
};

function parseNode(text: string): QueueNode | null {
  const option = text.charAt(0);
  const name = option === "@" || option === "#" ? text.slice(1) : text;
  const domain = parseDomain(name);
  return domain === null ? null : { text, domain, below: option === "@" };
}

/** The answer to `turnQueue`. */
export function queueTurned(state: SmtpState, turn: QueueTurn): Step {
  const { phase } = state;
  assert(phase.type === "turningQueue", "queueTurned without a question");
  return [{ ...state, phase: COMMAND }, turnedReply(phase.node, turn)];
}
