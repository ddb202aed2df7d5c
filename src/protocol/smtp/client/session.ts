import { assert } from "../../../base/assert.ts";
import type { Credentials } from "../../sasl/mod.ts";
import type { ClientMail, SetupStage, SmtpClientAction, TransactionEnd } from "./actions.ts";
import { isWireAddress } from "./commands.ts";
import { type ContentFacts, examine, type OutgoingContent } from "./content.ts";
import { NO_EXTENSIONS, parseExtensions, type PeerExtensions } from "./extensions.ts";
import { REPLY_LIMITS, type ReplyLimits } from "./limits.ts";
import { type LoginLines, loginLines } from "./login.ts";
import { obstacle } from "./offer.ts";
import { classOf, type ClientOutcome, ours, refusal } from "./outcome.ts";
import { type ClientReply, ReplyReader } from "./reply_reader.ts";
import { Transaction, type TransactionStep } from "./transaction.ts";

/** How a session is to present itself. */
export interface SmtpClientOptions {
  /** Argument of EHLO: a domain, or an address literal with its brackets (RFC 5321 §4.1.4). */
  readonly heloName: string;
  /** `never`: STARTTLS is not asked for; `active`: the connection began with TLS. */
  readonly tls: "never" | "opportunistic" | "required" | "active";
  /** Who logs in before the first mail; null for nobody. */
  readonly login: Credentials | null;
  /** The password may cross the wire readable: to this machine only. */
  readonly loginInClear?: boolean;
  readonly limits?: Partial<ReplyLimits>;
}

type SetupStep =
  | { readonly type: "greeting" }
  | { readonly type: "ehlo" }
  | { readonly type: "helo" }
  | { readonly type: "starttls" }
  | { readonly type: "login"; readonly rest: LoginLines };

/** A command whose reply is owed. */
type Owed = SetupStep | TransactionStep | { readonly type: "quit" };

/** What a session waits for: the reply to a command, the connection to take content, a handshake, or its owner. */
export type ClientPhase = Owed["type"] | "ready" | "handshake" | "sending" | "closed";

const STAGE: Readonly<Record<SetupStep["type"], SetupStage>> = {
  greeting: "greeting",
  ehlo: "hello",
  helo: "hello",
  starttls: "tls",
  login: "login",
};

/** A mail that waits for the end of the one before it: its commands are out, or there is nothing to say. */
interface Following {
  readonly mail: ClientMail;
  readonly next: Transaction | ClientOutcome;
}

/** Hands mails to one server, over one connection: bytes in, actions out (RFC 5321). Nothing it is sent makes it throw. */
export class SmtpClientSession {
  readonly #reader: ReplyReader;
  #peer = NO_EXTENSIONS;
  #owed: Owed[] = [{ type: "greeting" }];
  #ready = false;
  #secured: boolean;
  #handshake = false;
  #closed = false;
  #transaction: Transaction | null = null;
  /** The mail behind the one whose content was sent. */
  #following: Following | null = null;
  #sending: OutgoingContent | null = null;
  /** The last transaction left something with the peer that RSET must clear. */
  #dirty = false;
  #transactions = 0;
  #replies = 0;

  constructor(private readonly options: SmtpClientOptions) {
    this.#reader = new ReplyReader({ ...REPLY_LIMITS, ...options.limits });
    this.#secured = options.tls === "active";
  }

  /** What the server can do, as its last EHLO said. */
  get peer(): PeerExtensions {
    return this.#peer;
  }

  get phase(): ClientPhase {
    if (this.#closed) return "closed";
    if (this.#handshake) return "handshake";
    if (this.#sending !== null) return "sending";
    return this.#owed[0]?.type ?? "ready";
  }

  /** Transactions begun. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Replies read: each begins the time of the next one. */
  get replies(): number {
    return this.#replies;
  }

  /** Bytes from the server. */
  receive(chunk: Uint8Array): SmtpClientAction[] {
    const actions: SmtpClientAction[] = [];
    if (this.#closed || this.#handshake) return actions;
    this.#reader.push(chunk);
    while (!this.#closed && !this.#handshake) {
      const read = this.#reader.next();
      if (read === null) break;
      if (read.type === "reply") this.#take(read.reply, actions);
      else this.#lost(ours("deferred", "4.5.0", read.reason), actions);
    }
    return actions;
  }

  /** TLS is active: all that was said before is forgotten (RFC 3207 §4.2). */
  tlsStarted(): SmtpClientAction[] {
    if (this.#closed) return [];
    assert(this.#handshake, "tlsStarted without a question");
    this.#handshake = false;
    this.#secured = true;
    this.#peer = NO_EXTENSIONS;
    // What came behind the reply in plain text was put there by somebody else (RFC 3207 §5).
    this.#reader.clear();
    const actions: SmtpClientAction[] = [];
    this.#say({ type: "ehlo" }, `EHLO ${this.options.heloName}\r\n`, actions);
    return actions;
  }

  /** Begins a transaction. Only when the session is ready. */
  send(mail: ClientMail): SmtpClientAction[] {
    assert(this.phase === "ready" && this.#ready && this.#transaction === null, "a mail needs a session that is ready");
    const { verdict, facts } = this.#judge(mail);
    if (verdict !== null) return [refused(mail, verdict)];
    this.#transactions++;
    this.#transaction = new Transaction(mail, facts, this.#peer, { reset: this.#dirty });
    const actions: SmtpClientAction[] = [];
    this.#goOn(this.#transaction, actions);
    return actions;
  }

  /** Whether the next mail may begin behind the content that was sent, before the reply to it (RFC 2920 §3.1). */
  get mayFollow(): boolean {
    const isSent = this.phase === "content" && this.#transaction !== null;
    return isSent && this.#following === null && this.#peer.pipelining;
  }

  /** Begins the transaction behind the one that is under way: its end is told after that one's. Only when it `mayFollow`. */
  follow(mail: ClientMail): SmtpClientAction[] {
    assert(this.mayFollow, "a mail follows content that was sent");
    const { verdict, facts } = this.#judge(mail);
    if (verdict !== null) {
      this.#following = { mail, next: verdict };
      return [];
    }
    this.#transactions++;
    // Content that was answered leaves nothing behind, whatever the answer (RFC 5321 §4.1.1.4).
    const next = new Transaction(mail, facts, this.#peer, { reset: false });
    this.#following = { mail, next };
    const actions: SmtpClientAction[] = [];
    this.#goOn(next, actions);
    return actions;
  }

  /** What stands in the way of a mail here, if anything. */
  #judge(mail: ClientMail): { verdict: ClientOutcome | null; facts: ContentFacts } {
    assert(
      [mail.sender, ...mail.recipients.map(({ address }) => address)].every(isWireAddress),
      "addresses fit the wire",
    );
    const facts = examine(mail.parts);
    return { verdict: obstacle(mail, facts, { peer: this.#peer, secured: this.#secured }), facts };
  }

  /** The next piece of the content, or null when all of it was given. */
  pull(): Uint8Array | string | null {
    const piece = this.#sending?.next() ?? null;
    if (piece === null) this.#sending = null;
    return piece;
  }

  /** Takes leave; nothing is sent any more. */
  quit(): SmtpClientAction[] {
    if (this.#closed) return [];
    if (this.phase !== "ready") {
      this.#closed = true;
      return [{ type: "close" }];
    }
    const actions: SmtpClientAction[] = [];
    this.#say({ type: "quit" }, "QUIT\r\n", actions);
    return actions;
  }

  /** The connection is gone, or its time is over: `reason` says so. `unsent`: the end of the content never left. */
  ended(reason: string, { unsent = false }: { readonly unsent?: boolean } = {}): SmtpClientAction[] {
    const actions: SmtpClientAction[] = [];
    if (!this.#closed) this.#lost(ours("deferred", "4.4.2", reason), actions, unsent);
    return actions;
  }

  #take(reply: ClientReply, actions: SmtpClientAction[]): void {
    this.#replies++;
    const owed = this.#owed.shift();
    if (owed === undefined) {
      // Unasked for, a server may only say that it goes (RFC 5321 §3.8).
      const problem = reply.code === 421 ? refusal(reply) : ours("deferred", "4.5.0", "a reply that nobody asked for");
      return this.#lost(problem, actions);
    }
    if (owed.type === "quit") return this.#close(actions);
    if (owed.type === "content") return this.#contentAnswered(owed, reply, actions);
    if (reply.code === 421) {
      this.#owed.unshift(owed);
      return this.#lost(refusal(reply), actions);
    }
    if (this.#transaction !== null) return this.#turn(this.#transaction, owed as TransactionStep, reply, actions);
    this.#setup(owed as SetupStep, reply, actions);
  }

  #setup(step: SetupStep, reply: ClientReply, actions: SmtpClientAction[]): void {
    const kind = classOf(reply);
    switch (step.type) {
      case "greeting":
        if (kind !== "done") return this.#fail("greeting", refusal(reply), actions);
        return this.#say({ type: "ehlo" }, `EHLO ${this.options.heloName}\r\n`, actions);
      case "ehlo":
        // RFC 5321 §3.2: a server that does not know EHLO is greeted by HELO.
        if (kind === "permanent") return this.#say({ type: "helo" }, `HELO ${this.options.heloName}\r\n`, actions);
        if (kind !== "done") return this.#fail("hello", refusal(reply), actions);
        this.#peer = parseExtensions(reply);
        return this.#greeted(actions);
      case "helo":
        if (kind !== "done") return this.#fail("hello", refusal(reply), actions);
        this.#peer = NO_EXTENSIONS;
        return this.#greeted(actions);
      case "starttls":
        if (kind === "done") {
          this.#handshake = true;
          return void actions.push({ type: "startTls" });
        }
        if (this.options.tls === "required") return this.#fail("tls", refusal(reply), actions);
        return this.#login(actions);
      case "login":
        return this.#loginAnswered(step.rest, reply, actions);
    }
  }

  #greeted(actions: SmtpClientAction[]): void {
    const { tls } = this.options;
    const wanted = !this.#secured && tls !== "never";
    if (wanted && this.#peer.startTls) return this.#say({ type: "starttls" }, "STARTTLS\r\n", actions);
    if (wanted && tls === "required") {
      return this.#fail(
        "tls",
        ours("deferred", "4.7.10", "TLS is required, and the server does not offer it"),
        actions,
      );
    }
    this.#login(actions);
  }

  #login(actions: SmtpClientAction[]): void {
    const { login, loginInClear = false } = this.options;
    if (login === null) return this.#becomeReady(actions);
    if (!this.#secured && !loginInClear) {
      return this.#fail("login", ours("deferred", "4.7.11", "without TLS no password is sent"), actions);
    }
    const lines = loginLines(this.#peer.auth, login);
    if (lines === null) {
      return this.#fail("login", ours("deferred", "4.7.4", "the server offers no login that is known here"), actions);
    }
    const [line = "", ...rest] = lines;
    this.#say({ type: "login", rest }, line, actions);
  }

  #loginAnswered([line, ...rest]: LoginLines, reply: ClientReply, actions: SmtpClientAction[]): void {
    const kind = classOf(reply);
    if (kind === "done") return this.#becomeReady(actions);
    if (kind === "more" && line !== undefined) return this.#say({ type: "login", rest }, line, actions);
    // A password that is refused today may be set right tomorrow: the mail does not suffer for it.
    this.#fail("login", { ...refusal(reply), action: "deferred" }, actions);
  }

  #becomeReady(actions: SmtpClientAction[]): void {
    this.#ready = true;
    actions.push({ type: "ready", peer: this.#peer });
  }

  #turn(transaction: Transaction, step: TransactionStep, reply: ClientReply, actions: SmtpClientAction[]): void {
    const turn = transaction.take(step, reply);
    switch (turn.type) {
      case "broken":
        return this.#lost(turn.problem, actions);
      case "content":
        this.#owed.push({ type: "content" });
        this.#sending = transaction.content();
        return void actions.push({ type: "content" });
      case "emptyDot":
        return this.#say({ type: "emptyDot" }, transaction.lineOf({ type: "emptyDot" }), actions);
      case "next":
        if (this.#owed.length === 0) this.#goOn(transaction, actions);
    }
  }

  /** Sends the next commands, or ends the transaction when it has none. */
  #goOn(transaction: Transaction, actions: SmtpClientAction[]): void {
    const group = transaction.nextGroup();
    if (group.length === 0) {
      this.#finish(transaction, "complete", null, actions);
      return this.#advance(actions);
    }
    this.#owed.push(...group);
    actions.push({ type: "send", text: group.map((step) => transaction.lineOf(step)).join("") });
    if (group[0]?.type !== "content") return;
    this.#sending = transaction.content();
    actions.push({ type: "content" });
  }

  #contentAnswered(step: TransactionStep, reply: ClientReply, actions: SmtpClientAction[]): void {
    const transaction = this.#transaction;
    assert(transaction !== null, "content belongs to a transaction");
    const early = this.#sending !== null;
    if (early && (classOf(reply) === "done" || reply.code === 421)) {
      // It goes, or says to have taken what it cannot have.
      const problem = reply.code === 421
        ? refusal(reply)
        : ours("deferred", "4.5.0", "a reply before the content's end");
      return this.#lost(problem, actions);
    }
    const turn = transaction.take(step, reply);
    // The rest of the content would be read as commands, and 421 says that it goes: the session is over, the verdict stands.
    if (!early && reply.code !== 421 && turn.type === "next") return this.#goOn(transaction, actions);
    this.#sending = null;
    this.#finish(transaction, "complete", null, actions);
    this.#close(actions);
  }

  #finish(
    transaction: Transaction,
    end: TransactionEnd,
    problem: ClientOutcome | null,
    actions: SmtpClientAction[],
  ): void {
    this.#transaction = null;
    this.#dirty = transaction.open;
    actions.push({ type: "done", end, outcomes: transaction.outcomes, problem });
  }

  /** The mail that followed is the one under way now. */
  #advance(actions: SmtpClientAction[]): void {
    const following = this.#following;
    this.#following = null;
    if (following === null) return;
    if (following.next instanceof Transaction) this.#transaction = following.next;
    else actions.push(refused(following.mail, following.next));
  }

  /** The peer can be spoken to no longer. What was decided stays decided. */
  #lost(problem: ClientOutcome, actions: SmtpClientAction[], unsent = false): void {
    const waiting = this.#owed[0];
    const transaction = this.#transaction;
    // RFC 5321 §4.5.3.2.6: all of the content is out, so it may have been taken: to try at once would give it twice.
    const sent = waiting?.type === "content" && this.#sending === null && !unsent;
    this.#sending = null;
    if (transaction === null) {
      if (!this.#ready && waiting?.type !== "quit") this.#failed(waiting, problem, actions);
    } else if (sent) {
      const { status, text } = problem;
      transaction.settle(ours("deferred", status, `${text}; the mail may have been taken`));
      this.#finish(transaction, "complete", null, actions);
    } else {
      this.#finish(transaction, transaction.mailAnswered ? "beforeEnd" : "beforeMail", problem, actions);
    }
    this.#close(actions);
  }

  #failed(waiting: Owed | undefined, problem: ClientOutcome, actions: SmtpClientAction[]): void {
    const upgraded = this.#secured && this.options.tls !== "active";
    // A handshake that went wrong on the other side alone shows when nothing comes back.
    const stage = waiting === undefined || upgraded ? "tls" : STAGE[waiting.type as SetupStep["type"]];
    actions.push({ type: "failed", stage, problem });
  }

  /** Ends a session that is in order but of no use. */
  #fail(stage: SetupStage, problem: ClientOutcome, actions: SmtpClientAction[]): void {
    actions.push({ type: "failed", stage, problem });
    this.#say({ type: "quit" }, "QUIT\r\n", actions);
  }

  #say(owed: Owed, text: string, actions: SmtpClientAction[]): void {
    this.#owed.push(owed);
    actions.push({ type: "send", text });
  }

  #close(actions: SmtpClientAction[]): void {
    const following = this.#following;
    this.#following = null;
    if (following !== null) {
      const problem = ours("deferred", "4.4.2", "the connection ended with the mail before");
      const outcomes = following.mail.recipients.map(() => null);
      actions.push({ type: "done", end: "beforeMail", outcomes, problem });
    }
    this.#closed = true;
    actions.push({ type: "close" });
  }
}

/** The end of a mail that need not be offered. */
function refused({ recipients }: ClientMail, verdict: ClientOutcome): SmtpClientAction {
  return { type: "done", end: "complete", outcomes: recipients.map(() => verdict), problem: null };
}
