import { assert } from "../../../base/assert.ts";
import type { ChunkReader } from "../chunk_reader.ts";
import type { Command } from "../command.ts";
import { chunkTaken, REPLY, type Reply } from "../replies.ts";
import { closing, COMMAND, type SmtpContext, type SmtpState, type Step } from "../state.ts";
import { contentReply, delivering, recipientsRefusal } from "./data.ts";

/**
 * BDAT SP chunk-size [SP LAST] (RFC 3030 §2): that many octets follow the line, whatever becomes of them. They are read before the
 * answer is given, a refusal too. Where no end of them can be seen the session ends: what they are is never run as commands.
 */
export const bdat: Command = {
  argument: "optional",
  utf8: true,
  junk: false,
  listed: () => true,
  run(context, state, argument) {
    const chunk = parseChunk(argument);
    if (chunk === null) return closing(state, REPLY.bdatSyntax);
    const { octets, last } = chunk;
    const { messageBytesMax, messageSkipBytesMax, junkCommandsMax } = context.limits;
    if (octets > messageBytesMax + messageSkipBytesMax) return closing(state, REPLY.messageTooBig);
    const idle = octets === 0 && !last;
    if (idle && state.junk >= junkCommandsMax) return closing(state, REPLY.tooManyErrors);
    const refusal = chunkRefusal(context, state, octets);
    const { transaction } = state;
    const chunks = { octets: (transaction?.chunks?.octets ?? 0) + octets, failed: refusal !== null };
    return [{
      ...state,
      junk: state.junk + (idle ? 1 : 0),
      transaction: transaction && { ...transaction, chunks },
      phase: { type: "chunk", octets, last, refusal },
    }];
  },
};

/** The octets of a chunk have been read; into `reader`, unless they were refused beforehand. */
export function chunkRead(context: SmtpContext, state: SmtpState, reader: ChunkReader | null): Step {
  const { phase, transaction } = state;
  assert(phase.type === "chunk", "no chunk is being read");
  const { last, octets } = phase;
  if (last) reader?.finish();
  const refusal = phase.refusal ?? reader?.refusal() ?? null;
  if (refusal === null && last) {
    assert(reader !== null, "a chunk that was taken has a reader");
    return delivering(context, state, reader);
  }
  if (refusal === null) return [{ ...state, phase: COMMAND }, chunkTaken(octets)];
  if (last) return [{ ...state, phase: COMMAND, transaction: null }, ...contentReply(context, transaction, refusal)];
  // RFC 3030 §2: chunks that are on their way already are thrown away, each with its answer.
  const failed = transaction && { ...transaction, chunks: { octets: 0, failed: true } };
  return [{ ...state, phase: COMMAND, transaction: failed }, refusal];
}

function chunkRefusal(context: SmtpContext, state: SmtpState, octets: number): Reply | null {
  const { transaction, greeting } = state;
  if (greeting !== null && !greeting.extended) return REPLY.ehloFirst;
  if (transaction === null) return REPLY.mailFirst;
  const before = transaction.chunks;
  if (before?.failed) return REPLY.chunkFailed;
  const total = (before?.octets ?? 0) + octets;
  return recipientsRefusal(context, transaction) ??
    (total > context.limits.messageBytesMax ? REPLY.messageTooBig : null);
}

/** chunk-size = 1*DIGIT, end-marker = "LAST". Twenty digits hold every 64-bit number. */
function parseChunk(argument: string): { readonly octets: number; readonly last: boolean } | null {
  const match = /^([0-9]{1,20})( LAST)?$/i.exec(argument);
  return match === null ? null : { octets: Number(match[1]), last: match[2] !== undefined };
}
