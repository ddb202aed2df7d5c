import { BARE_CHANNEL, type SaslAnswer, type SaslChannel, type SaslStep } from "../sasl/mod.ts";
import type { MaildropEntry, Pop3Action, Pop3Options } from "./actions.ts";
import type { StuffingState } from "./dot_stuffing.ts";
import type { Pop3Limits } from "./limits.ts";
import type { Maildrop } from "./maildrop.ts";
import { reply } from "./replies.ts";
import type { TopState } from "./top_cutter.ts";

/** What does not change during a session. */
export interface Pop3Context {
  readonly options: Pop3Options;
  readonly limits: Pop3Limits;
  readonly languages: readonly string[];
  /** Every command by its verb. */
  readonly commands: ReadonlyMap<string, Pop3Command>;
}

interface Shared {
  readonly tlsActive: boolean;
  readonly channel: SaslChannel;
  /** UTF8 was given (RFC 6856 §2). */
  readonly utf8: boolean;
  readonly errors: number;
  readonly loginFailures: number;
}

/** A SASL exchange that waits for the directory's answer. */
export interface Asked {
  readonly mechanism: string;
  readonly next: (answer: SaslAnswer) => SaslStep;
}

/** A SASL exchange that waits for the client's answer. */
export interface Exchange {
  readonly mechanism: string;
  readonly next: (response: Uint8Array) => SaslStep;
}

export interface Authorization extends Shared {
  readonly phase: "authorization";
  /** Named by USER in the command right before. */
  readonly user: string | null;
  readonly exchange: Exchange | null;
  readonly asked: Asked | null;
  /** What is done when the present pause is over. */
  readonly delayed: readonly Pop3Action[];
}

/** A RETR or TOP under way. */
export interface Download {
  readonly entry: MaildropEntry;
  /** Bytes read so far. Until the first have come, the answer can still be -ERR. */
  readonly offset: number;
  readonly stuffing: StuffingState;
  /** Null for RETR. */
  readonly top: TopState | null;
}

export interface Transaction extends Shared {
  readonly phase: "transaction";
  readonly maildrop: Maildrop;
  readonly download: Download | null;
}

export interface Update extends Shared {
  readonly phase: "update";
}

export interface Closed extends Shared {
  readonly phase: "closed";
}

/** The state of a session (RFC 1939 §3). */
export type Pop3State = Authorization | Transaction | Update | Closed;

/** The next state and what is to be done. */
export type Step = readonly [Pop3State, ...Pop3Action[]];

/** A command: it is legal in the states that it has a function for, and announced when it says so. */
export interface Pop3Command {
  readonly verb: string;
  readonly authorization?: (state: Authorization, rest: string | null, context: Pop3Context) => Step;
  readonly transaction?: (state: Transaction, rest: string | null, context: Pop3Context) => Step;
  /** Its line in the answer to CAPA (RFC 2449 §5), or null when it cannot be used. */
  readonly capability?: (state: Pop3State, context: Pop3Context) => string | null;
}

/** Before any login. What counts against abuse outlives STLS; nothing that the client said does (RFC 2595 §4). */
export function startState(
  tlsActive: boolean,
  counted: { errors: number; loginFailures: number },
  channel: SaslChannel = BARE_CHANNEL,
): Authorization {
  return {
    phase: "authorization",
    tlsActive,
    channel,
    utf8: false,
    errors: counted.errors,
    loginFailures: counted.loginFailures,
    user: null,
    exchange: null,
    asked: null,
    delayed: [],
  };
}

/** The end: nothing that was marked is removed unless UPDATE was reached. */
export function closed(state: Pop3State, ...last: Pop3Action[]): Step {
  const { tlsActive, channel, utf8, errors, loginFailures } = state;
  return [{ phase: "closed", tlsActive, channel, utf8, errors, loginFailures }, ...last, { type: "close" }];
}

/** The client sent nonsense: answered, counted, and too often is the end. */
export function mistake(state: Pop3State, answer: Pop3Action, context: Pop3Context): Step {
  const errors = state.errors + 1;
  if (errors >= context.limits.errorsMax) return closed(state, reply.tooManyErrors);
  return [{ ...state, errors }, answer];
}

/** Whether a password may cross the wire now (RFC 2595 §2.3). */
export function mayLogIn(state: Pop3State, context: Pop3Context): boolean {
  return state.tlsActive || context.options.plaintextLogin;
}
