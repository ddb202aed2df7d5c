import type { FrameLimits } from "./frame/frame.ts";
import { FRAME_LIMITS, FRAME_LIMITS_BEFORE_LOGIN } from "./frame/frame_limits.ts";

/** What one IMAP session may cost. Every field has its unit in its name; all can be overridden by configuration. */
export interface ImapLimits {
  /** Commands before a login: LOGIN and AUTHENTICATE are the longest. */
  readonly strangerFrames: FrameLimits;
  /** Commands after a login. */
  readonly frames: FrameLimits;
  /** Input held while a question is open, in bytes: past it the peer ignores back-pressure, and the session closes. */
  readonly heldBytesMax: number;
  /** Responses made before the session waits for them to leave, in bytes. */
  readonly outputBytesMax: number;
  /** Bytes of one read of a message: one read for most, small enough for 1,000 sessions at once. */
  readonly readBytesMax: number;
  /** First bytes of each message in which its header comes with its row, when that is to be shown: few headers are longer. */
  readonly headerBytes: number;
  /** The same, when more is to be shown: small messages come whole. */
  readonly headBytes: number;
  /** A message that APPEND takes, in bytes; announced by APPENDLIMIT (RFC 7889). */
  readonly appendBytesMax: number;
  /** All messages of one APPEND together (RFC 3502), in bytes: they are stored all or none, so they are held until the last. */
  readonly appendTotalBytesMax: number;
  /** Messages of one APPEND. */
  readonly appendMessagesMax: number;
  /** URLs of one APPEND (RFC 4469): each costs a look at a message. */
  readonly appendUrlsMax: number;
  /** Messages of one COPY or APPEND, announced by SAVELIMIT (RFC 9738); 0: nothing is announced. */
  readonly saveMessagesMax: number;
  /** Messages of any one command, announced by MESSAGELIMIT (RFC 9738) instead; 0: nothing is. */
  readonly commandMessagesMax: number;
  /** STORE commands of a pipeline whose changes are under way at once, or APPEND commands. */
  readonly commandsAtOnceMax: number;
  /** Messages that they name, in all: the answers lie in memory until the client has read those before. */
  readonly messagesAtOnceMax: number;
  /** Bytes of the messages of APPEND commands of a pipeline that are under way at once; what is longer goes alone. */
  readonly appendsAtOnceBytesMax: number;
  /** Message bytes read to make a MIME index that is not there; of what is longer, the structure of so much is shown. */
  readonly indexBytesMax: number;
  /** Messages that one SORT or THREAD looks at: all of them must lie in memory at once. */
  readonly sortMessagesMax: number;
  /** Commands that made no sense before a login, until the session closes: programs do not mistype. */
  readonly strangerErrorsMax: number;
  /** The same after a login, in all. */
  readonly errorsMax: number;
  /** Refused logins before the session closes: enough for a typing error, few for a guesser. */
  readonly loginFailuresMax: number;
  /** Pause before the first refused login is answered, in ms; doubled with each further one. */
  readonly loginPauseMs: number;
  /** Longest such pause, in ms. */
  readonly loginPauseMsMax: number;
}

export const DEFAULT_IMAP_LIMITS: ImapLimits = {
  strangerFrames: FRAME_LIMITS_BEFORE_LOGIN,
  frames: FRAME_LIMITS,
  heldBytesMax: 524_288,
  outputBytesMax: 262_144,
  readBytesMax: 262_144,
  headerBytes: 32_768,
  headBytes: 65_536,
  appendBytesMax: 52_428_800,
  appendTotalBytesMax: 104_857_600,
  appendMessagesMax: 250,
  appendUrlsMax: 1_000,
  saveMessagesMax: 0,
  commandMessagesMax: 0,
  commandsAtOnceMax: 64,
  messagesAtOnceMax: 500,
  appendsAtOnceBytesMax: 262_144,
  indexBytesMax: 52_428_800,
  sortMessagesMax: 100_000,
  strangerErrorsMax: 3,
  errorsMax: 20,
  loginFailuresMax: 3,
  loginPauseMs: 1_000,
  loginPauseMsMax: 8_000,
};

/** Messages of one COPY or APPEND, as announced; 0 when nothing is. */
export function announcedMax({ saveMessagesMax, commandMessagesMax }: ImapLimits): number {
  return commandMessagesMax || saveMessagesMax;
}

/** Messages of one APPEND: where a limit is announced, as many as it lets (RFC 9738 §3.1). */
export function appendedAtOnce(limits: ImapLimits): number {
  return announcedMax(limits) || limits.appendMessagesMax;
}

/** The frames of a user's commands: one more message than one APPEND takes is read to be refused, and its mailbox may be a literal. */
export function framesOf(limits: ImapLimits): FrameLimits {
  const { frames } = limits;
  return { ...frames, literalsMax: Math.max(frames.literalsMax, appendedAtOnce(limits) + 2) };
}
