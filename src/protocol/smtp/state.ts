import type { Address } from "../../mail/address.ts";
import type { DomainName } from "../../mail/domain.ts";
import type { MailParameters } from "../../mail/envelope.ts";
import type { SaslAnswer, SaslChannel, SaslOffer, SaslStep } from "../sasl/mod.ts";
import type { QueueNode, ReceivedRecipient, SmtpAction } from "./actions.ts";
import type { SmtpLimits } from "./limits.ts";
import type { QuirkName } from "./quirks.ts";
import { REPLY, type Reply } from "./replies.ts";

/** How a port takes submissions (RFC 6409): only from users who have logged in. */
export interface SubmissionOptions {
  /** Whether passwords may cross the wire without TLS. */
  readonly plaintextLogin: boolean;
  /** Whether tokens of some issuer are taken. */
  readonly bearer: boolean;
}

/** What a session knows of the server it speaks for. */
export interface SmtpContext {
  /** What the server calls itself. */
  readonly hostname: string;
  /** Whose postmaster `RCPT TO:<postmaster>` means (RFC 5321 §4.1.1.3). */
  readonly postmasterDomain: DomainName;
  readonly limits: SmtpLimits;
  readonly quirks: ReadonlySet<QuirkName>;
  /** LMTP greets by LHLO and answers for each recipient (RFC 2033). */
  readonly dialect: "smtp" | "lmtp";
  /** Null: mail from anybody, and nobody can log in. Only users may hold their mail back, hurry it or put it first. */
  readonly submission: SubmissionOptions | null;
  /** Whether the client is a proxy that may say for whom it speaks (XCLIENT). */
  readonly xclient: boolean;
  /** Whether the client, logged in as `user` or not, may ask for mail by ETRN; null: nobody may. */
  readonly etrn: ((user: string | null) => boolean) | null;
  /** When the input that is being read came, in ms since 1970 UTC. */
  readonly wallMs: number;
}

/** What the client said of itself; `extended` is EHLO. */
export interface Greeting {
  readonly name: string;
  readonly extended: boolean;
}

/** What MAIL's parameters said. */
export interface MailOptions {
  /** SIZE (RFC 1870), or 0 when not given. */
  readonly declaredSize: number;
  readonly parameters: MailParameters;
}

/** A mail transaction: opened by MAIL, ended by the message's delivery, RSET, EHLO or the end of the session. */
export interface Transaction extends MailOptions {
  readonly sender: Address | null;
  readonly recipients: readonly ReceivedRecipient[];
  /** Recipients that were refused for what they are. */
  readonly refused: number;
  /** Recipients that were refused for there being too many. */
  readonly surplus: number;
  /** What has come by BDAT (RFC 3030); null before the first one. */
  readonly chunks: Chunks | null;
}

/** How far a message that comes by BDAT has come. */
export interface Chunks {
  readonly octets: number;
  /** A chunk was refused: the message is lost, and further chunks are thrown away (RFC 3030 §2). */
  readonly failed: boolean;
}

/** What the session waits for: a command line, content, the answer to a question, or nothing any more. */
export type Phase =
  /** The greeting is held back. */
  | { readonly type: "greeting" }
  | { readonly type: "command" }
  | { readonly type: "content" }
  /** A SASL exchange waits for the client's response. */
  | { readonly type: "exchange"; readonly mechanism: string; readonly next: (response: Uint8Array) => SaslStep }
  /** A SASL exchange waits for the directory. */
  | { readonly type: "authenticating"; readonly mechanism: string; readonly next: (answer: SaslAnswer) => SaslStep }
  | { readonly type: "checkingSender"; readonly transaction: Transaction }
  | ChunkPhase
  | { readonly type: "checkingRecipient"; readonly recipient: ReceivedRecipient }
  | { readonly type: "delivering" }
  | { readonly type: "turningQueue"; readonly node: QueueNode }
  /** A login that a proxy vouches for waits for its account. */
  | { readonly type: "adopting" }
  | { readonly type: "startingTls" }
  /** `then` is the reply that the pause holds back; the session ends with it when it is a 421. */
  | { readonly type: "paused"; readonly then: Reply | null }
  | { readonly type: "closed" };

/** The octets of one BDAT are read; they are thrown away when `refusal` is to be the answer. */
export interface ChunkPhase {
  readonly type: "chunk";
  readonly octets: number;
  readonly last: boolean;
  readonly refusal: Reply | null;
}

/** A session between two inputs. */
export interface SmtpState {
  readonly phase: Phase;
  readonly tls: "none" | "available" | "active";
  readonly channel: SaslChannel;
  readonly greeting: Greeting | null;
  /** Address of the account that has logged in. */
  readonly user: string | null;
  /** Refused logins, in all. */
  readonly loginFailures: number;
  readonly transaction: Transaction | null;
  /** Refused commands since the last accepted message. */
  readonly errors: number;
  /** Commands since the last accepted message that moved no mail. */
  readonly junk: number;
  readonly commands: number;
  /** The server shuts down: the session ends with the transaction. */
  readonly draining: boolean;
}

/** What comes out of a step: replies, which become `send`, and other actions. */
export type Effect = Reply | SmtpAction;

/** The next state and what is to be done. */
export type Step = readonly [SmtpState, ...Effect[]];

export const COMMAND: Phase = { type: "command" };
export const CONTENT: Phase = { type: "content" };
export const CLOSED: Phase = { type: "closed" };

/** A session that has just begun. */
export function startState(tls: SmtpState["tls"], channel: SaslChannel): SmtpState {
  return {
    phase: COMMAND,
    tls,
    channel,
    greeting: null,
    user: null,
    loginFailures: 0,
    transaction: null,
    errors: 0,
    junk: 0,
    commands: 0,
    draining: false,
  };
}

/** Whether a password may cross the wire now. */
export function mayLogIn({ submission }: SmtpContext, state: SmtpState): boolean {
  return submission !== null && (state.tls === "active" || submission.plaintextLogin);
}

/** What can be offered to a client that wants to log in. */
export function saslOffer({ submission }: SmtpContext, { channel }: SmtpState): SaslOffer {
  return { ...channel, bearer: submission?.bearer === true };
}

/** The last reply, and the end of the session. */
export function closing(state: SmtpState, reply: Reply): Step {
  return [{ ...state, phase: CLOSED, transaction: null }, reply, { type: "close" }];
}

/**
 * What follows from every step: the client's errors are counted, slowed down and in the end answered by 421; a server that
 * shuts down says so as soon as no transaction is open (RFC 5321 §3.8).
 */
export function settle(limits: SmtpLimits, step: Step, junkError = false): Step {
  const [state, ...effects] = step;
  if (state.phase.type === "closed") return step;
  const refused = junkError || effects.some((effect) => effect.type === "reply" && effect.code >= 500);
  const errors = state.errors + (refused ? 1 : 0);
  if (errors >= limits.errorsMax) return join(effects, closing({ ...state, errors }, REPLY.tooManyErrors));
  if (state.draining && state.transaction === null && state.phase.type === "command") {
    return join(effects, closing(state, REPLY.shuttingDown));
  }
  if (!refused) return step;
  const beyond = errors - limits.errorsFreeMax;
  if (beyond <= 0 || state.phase.type !== "command") return [{ ...state, errors }, ...effects];
  const ms = Math.min(limits.pauseMsMax, beyond * limits.pauseStepMs);
  return [{ ...state, errors, phase: { type: "paused", then: null } }, ...effects, { type: "pause", ms }];
}

function join(effects: readonly Effect[], [state, ...more]: Step): Step {
  return [state, ...effects, ...more];
}
