import type { Command, CommandLine } from "./command.ts";
import { BEFORE_LOGIN, commandOf, FOREIGN, NOT_IMPLEMENTED } from "./command_table.ts";
import { answerChallenge } from "./commands/mod.ts";
import { REPLY, type Reply } from "./replies.ts";
import { closing, COMMAND, mayLogIn, settle, type SmtpContext, type SmtpState, type Step } from "./state.ts";

/** What one command line does to a session. Pure: no socket, no clock, no await. */
export function step(context: SmtpContext, state: SmtpState, line: CommandLine): Step {
  if (state.commands >= context.limits.commandsMax) return closing(state, REPLY.tooManyCommands);
  const command = commandOf(context, line.verb);
  const counted = { ...state, commands: state.commands + 1, junk: state.junk + (command?.junk ? 1 : 0) };
  if (command === null) {
    if (FOREIGN.has(line.verb)) return closing(counted, REPLY.notHttp);
    const known = NOT_IMPLEMENTED.has(line.verb);
    return settle(context.limits, [counted, known ? REPLY.notImplemented : REPLY.unknownCommand]);
  }
  const refusal = loginRefusal(context, state, line) ?? argumentRefusal(command, line);
  const next: Step = refusal === null ? command.run(context, counted, line.argument ?? "") : [counted, refusal];
  return settle(context.limits, next, command.junk && counted.junk > context.limits.junkCommandsMax);
}

/** A line of a SASL exchange: no command, whatever it looks like. */
export function exchangeStep(context: SmtpContext, state: SmtpState, text: string): Step {
  if (state.commands >= context.limits.commandsMax) return closing(state, REPLY.tooManyCommands);
  return settle(context.limits, answerChallenge(context, { ...state, commands: state.commands + 1 }, text));
}

/** What a line costs that is no command at all. A SASL exchange ends with it. */
export function badLine(context: SmtpContext, state: SmtpState, reply: Reply): Step {
  if (state.commands >= context.limits.commandsMax) return closing(state, REPLY.tooManyCommands);
  const inExchange = state.phase.type === "exchange";
  const answer = inExchange && reply === REPLY.lineTooLong ? REPLY.authLineTooLong : reply;
  return settle(context.limits, [{ ...state, phase: COMMAND, commands: state.commands + 1 }, answer]);
}

/** The server shuts down: at once where no mail is on its way, else after the transaction. */
export function shutDown(context: SmtpContext, state: SmtpState): Step {
  const draining = { ...state, draining: true };
  const idle = ["command", "exchange", "greeting", "paused"].includes(state.phase.type);
  if (idle && state.transaction === null) return closing(draining, REPLY.shuttingDown);
  return settle(context.limits, [draining]);
}

function loginRefusal(context: SmtpContext, state: SmtpState, { verb }: CommandLine): Reply | null {
  if (context.submission === null || state.user !== null || BEFORE_LOGIN.has(verb)) return null;
  return mayLogIn(context, state) ? REPLY.loginFirst : REPLY.tlsFirst;
}

function argumentRefusal(command: Command, line: CommandLine): Reply | null {
  if (!line.ascii && !command.utf8) return REPLY.lineNotAscii;
  if (command.argument === "none" && line.argument !== null) return REPLY.noArgument;
  if (command.argument === "needed" && (line.argument === null || line.argument === "")) return REPLY.needsArgument;
  return null;
}
