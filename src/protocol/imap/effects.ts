import { assert, Bug } from "../../base/assert.ts";
import { asFailure } from "../../base/failure.ts";
import type { SaslAnswer, SaslChannel, SaslQuestion } from "../sasl/mod.ts";
import type { AuthAnswer, ImapAskName, ImapAskRequest, ImapAsks, LoginOutcome } from "./actions.ts";

/** What a command waits for. The session turns it into an action or takes it from the client's input, then goes on. */
export type Effect =
  | { readonly type: "ask"; readonly name: ImapAskName; readonly request: ImapAskRequest<ImapAskName> }
  /** Such an ask comes next, if nothing comes between: it may be begun. Answered at once. */
  | { readonly type: "ahead"; readonly name: ImapAskName; readonly request: ImapAskRequest<ImapAskName> }
  | { readonly type: "login"; readonly user: string; readonly secret: string; readonly mechanism: string }
  | { readonly type: "authenticate"; readonly question: SaslQuestion; readonly mechanism: string }
  | { readonly type: "open" }
  | { readonly type: "startTls" }
  | { readonly type: "compress" }
  | { readonly type: "pause"; readonly ms: number }
  | { readonly type: "unauthenticate" }
  /** Ends the session: never answered. */
  | { readonly type: "close" }
  /** Says BYE and ends the session: never answered. */
  | { readonly type: "leave"; readonly text: string; readonly code?: string }
  /** One line of the client that is no command: within AUTHENTICATE and IDLE. */
  | { readonly type: "line" }
  /** Such a line, or news. */
  | { readonly type: "idle" };

/** What came of an effect. */
export type Answer =
  | { readonly type: "reply"; readonly reply: unknown }
  | { readonly type: "loggedIn"; readonly outcome: LoginOutcome }
  | { readonly type: "authenticated"; readonly answer: AuthAnswer }
  | { readonly type: "tlsStarted"; readonly channel: SaslChannel }
  | { readonly type: "done" }
  /** One character a byte. Null: longer than a line may be, or with characters that no line has. */
  | { readonly type: "line"; readonly text: string | null }
  | { readonly type: "stirred" };

/**
 * A command as it runs: it yields what it waits for and goes on with the answer. An ask that fails is thrown into it as a
 * `Failure`; one that nobody catches becomes the command's NO (see `failure_reply.ts`).
 */
export type Program<T> = Generator<Effect, T, Answer>;

/** Asks the owner of the mailboxes. Throws a `Failure` when there is no answer. */
export function* ask<N extends ImapAskName>(name: N, request: ImapAskRequest<N>): Program<ImapAsks[N]["reply"]> {
  const answer = yield { type: "ask", name, request };
  assert(answer.type === "reply", "an ask is answered by a reply");
  return answer.reply as ImapAsks[N]["reply"];
}

/** What a question comes to; null when its answer is that a right is wanting: who asks can do without. */
export function* allowed<T>(asked: Program<T>): Program<T | null> {
  try {
    return yield* asked;
  } catch (error) {
    if (asFailure(error)?.kind === "refused") return null;
    throw error;
  }
}

/** Says what will be asked soon, by the very same request. */
export function* ahead<N extends ImapAskName>(name: N, request: ImapAskRequest<N>): Program<void> {
  yield { type: "ahead", name, request };
}

/** Tries a name and a password. */
export function* login(user: string, secret: string, mechanism: string): Program<LoginOutcome> {
  return outcomeOf(yield { type: "login", user, secret, mechanism });
}

/** Takes on the account that an exchange has proven. */
export function* openAccount(): Program<LoginOutcome> {
  return outcomeOf(yield { type: "open" });
}

/** Takes a mechanism's question to the directory; null: nobody can tell now. */
export function* authenticate(question: SaslQuestion, mechanism: string): Program<SaslAnswer | null> {
  const answer = yield { type: "authenticate", question, mechanism };
  assert(answer.type === "authenticated", "a question of a mechanism is answered by the directory");
  return answer.answer.type === "temporary" ? null : answer.answer;
}

/** Secures the connection; gives its new channel. */
export function* startTls(): Program<SaslChannel> {
  const answer = yield { type: "startTls" };
  assert(answer.type === "tlsStarted", "TLS starts or the connection ends");
  return answer.channel;
}

/** Waits so many ms; 0: until what was sent has left. */
export function* pause(ms: number): Program<void> {
  yield { type: "pause", ms };
}

/** The client's next line, one character a byte; null when it is none. */
export function* readLine(): Program<string | null> {
  const answer = yield { type: "line" };
  assert(answer.type === "line", "a line was waited for");
  return answer.text;
}

/** Says BYE and ends the session. */
export function* leave(text: string, code?: string): Program<never> {
  yield { type: "leave", text, ...(code === undefined ? {} : { code }) };
  throw new Bug("a session that has left goes on");
}

function outcomeOf(answer: Answer): LoginOutcome {
  assert(answer.type === "loggedIn", "a login is answered by its outcome");
  return answer.outcome;
}
