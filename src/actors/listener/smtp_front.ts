import { describeError, utf8 } from "../../base/mod.ts";
import type { Address } from "../../mail/address.ts";
import type { RouteVerdict } from "../../messages/mod.ts";
import type { Connection } from "../../net/mod.ts";
import {
  createSmtpSession,
  type DeliveryOutcome,
  receivedField,
  type ReceivedMail,
  type RecipientVerdict,
  returnPathField,
  type SmtpAction,
  type SmtpSession,
  type SmtpSessionOptions,
} from "../../protocol/smtp/mod.ts";
import { OVERLOADED } from "../../protocol/smtp/refusal.ts";
import { domainOfAccount } from "../mailbox_refs.ts";
import { newMailId } from "../mail_id.ts";
import { deliver, hasRoom } from "./delivery.ts";
import type { Front, FrontServices } from "./services.ts";
import { SessionDeadlines, type SmtpTimeouts } from "./session_deadlines.ts";

/** Input that may wait while a question is answered; beyond it the socket is not read. */
const WAITING_INPUT_BYTES_MAX = 65_536;

/** Settings of an SMTP listener. */
export interface SmtpFrontOptions {
  readonly session: Omit<SmtpSessionOptions, "tls">;
  readonly tls: "none" | "available" | "active";
  readonly timeouts: SmtpTimeouts;
}

/** Joins one SMTP session to its connection, the routing table and the mailbox actors. */
export class SmtpFront implements Front {
  readonly #session: SmtpSession;
  readonly #deadlines: SessionDeadlines;
  /** Bytes noted in the worker's memory budget. */
  #held = 0;
  #closed = false;
  /** The client has half-closed: nothing more will come. */
  #ending = false;

  constructor(
    private readonly connection: Connection,
    private readonly services: FrontServices,
    private readonly options: SmtpFrontOptions,
    private readonly done: () => void,
  ) {
    this.#session = createSmtpSession({ ...options.session, tls: options.tls });
    this.#deadlines = new SessionDeadlines(services.clock, options.timeouts);
  }

  /** Greets the client and begins to read. */
  start(): void {
    this.connection.start({
      data: (chunk) => this.#receive(chunk),
      end: () => this.#ended(),
      closed: () => this.#finish(),
      deadline: () => this.#perform(this.#session.timedOut()),
      drained: () => this.#flow(),
    });
    this.#perform(this.#session.open());
  }

  shutDown(): void {
    this.#perform(this.#session.shuttingDown());
  }

  #receive(chunk: Uint8Array): void {
    if (this.#closed) return;
    const actions = this.#session.receive(chunk);
    if (!this.#account()) return this.#sendAway();
    this.#perform(actions);
    if (!this.#deadlines.keepsUp(chunk.length)) this.#perform(this.#session.timedOut());
  }

  /** All sessions together hold too much: this one, which wanted more, gives back what it holds. */
  #sendAway(): void {
    this.services.counters.deferred++;
    this.connection.write(OVERLOADED);
    this.connection.close();
    this.#finish();
  }

  /** A client that half-closes still gets the answers it waits for; there is nothing more to come. */
  #ended(): void {
    this.#ending = true;
    this.#flow();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.services.memory.change(this.#held, 0);
    this.#held = 0;
    this.done();
  }

  /** Notes what the session holds in memory; false when the worker holds too much. */
  #account(): boolean {
    const held = this.#session.bufferedBytes;
    const fits = held === this.#held || this.services.memory.change(this.#held, held);
    this.#held = held;
    return fits;
  }

  /** Carries out actions, and those that follow from answers given at once. */
  #perform(actions: readonly SmtpAction[]): void {
    let queue = actions;
    for (;;) {
      let next: readonly SmtpAction[] | null = null;
      for (const action of queue) next = this.#act(action) ?? next;
      if (next === null) break;
      queue = next;
    }
    if (this.#closed) return;
    this.#account();
    this.#flow();
  }

  /** Sets the deadline and the back-pressure that fit the session's phase. */
  #flow(): void {
    if (this.#closed) return;
    if (this.#ending && !this.#session.waiting) return this.connection.close();
    const choked = this.connection.congested ||
      (this.#session.waiting && this.#session.bufferedBytes > WAITING_INPUT_BYTES_MAX);
    if (choked) this.connection.pause();
    else this.connection.resume();
    const deadlineMs = this.#deadlines.next(this.#session.phase);
    if (deadlineMs !== null) this.connection.deadline(deadlineMs);
  }

  #act(action: SmtpAction): readonly SmtpAction[] | null {
    switch (action.type) {
      case "send":
        this.connection.write(action.text);
        this.#deadlines.answered();
        return null;
      case "checkRecipient":
        return this.#checkRecipient(action.recipient, action.size);
      case "deliver":
        this.#deliver(action.mail);
        return null;
      case "startTls":
        this.connection.startTls().then(
          () => this.#answer(() => this.#session.tlsStarted()),
          () => this.connection.destroy(),
        );
        return null;
      case "pause":
        this.services.clock.after(action.ms, () => this.#answer(() => this.#session.resumed()));
        return null;
      case "close":
        this.connection.close();
        return null;
    }
  }

  #answer(step: () => readonly SmtpAction[]): void {
    if (!this.#closed) this.#perform(step());
  }

  /** Answers at once from the routing table, unless an account has a quota: its mailbox actor is asked then. */
  #checkRecipient(recipient: Address, size: number): readonly SmtpAction[] | null {
    const verdict = this.services.routes.resolve(recipient);
    const name = recipientVerdict(verdict);
    if (name !== "accepted") this.services.counters.refusedRecipients++;
    if (verdict?.type !== "local") return this.#session.recipientChecked(name);
    const limited = verdict.accounts.filter((account) => account.quotaBytes > 0).map((account) => ({
      domain: domainOfAccount(account),
      target: { account: account.id, quotaBytes: account.quotaBytes },
    }));
    if (limited.length === 0) return this.#session.recipientChecked("accepted");
    hasRoom(limited, Math.max(1, size), this.services).then(
      (fits) => this.#answer(() => this.#session.recipientChecked(fits ? "accepted" : "mailboxFull")),
      (error) => {
        this.services.log.warn("quota unknown", { error: describeError(error) });
        this.#answer(() => this.#session.recipientChecked("busy"));
      },
    );
    return null;
  }

  #deliver(mail: ReceivedMail): void {
    const { clock, random, log, counters, memory, hostname } = this.services;
    const id = newMailId(clock, random);
    const head = utf8(
      returnPathField(mail.sender) + receivedField({
        helo: mail.helo,
        clientIp: this.connection.remote.address,
        hostname,
        protocol: mail.protocol,
        id,
        recipients: mail.recipients,
        wallMs: clock.wallMs(),
        tlsVersion: this.connection.tls?.protocol ?? null,
      }),
    );
    // The session has given the body away, but it stays in memory until the mailbox has answered.
    memory.change(0, mail.size);
    deliver({ id, mail, parts: [head, ...mail.body] }, this.services).then(
      (outcome) => {
        memory.change(mail.size, 0);
        this.#noteOutcome(id, mail, outcome);
        this.#answer(() => this.#session.delivered(outcome));
      },
      (error) => {
        memory.change(mail.size, 0);
        log.error("delivery broke", { id, error: describeError(error) });
        this.#answer(() => this.#session.delivered({ type: "failed" }));
      },
    );
    counters.receivedBytes += mail.size;
  }

  #noteOutcome(id: string, mail: ReceivedMail, outcome: DeliveryOutcome): void {
    const { counters, log } = this.services;
    const accepted = outcome.type === "accepted";
    if (accepted) counters.received++;
    else counters.deferred++;
    log.debug("mail", {
      id,
      outcome: outcome.type,
      size: mail.size,
      recipients: mail.recipients.length,
      remote: this.connection.remote.address,
    });
  }
}

/** How the session is told what the router found. */
function recipientVerdict(verdict: RouteVerdict | null): RecipientVerdict {
  if (verdict === null) return "busy";
  return verdict.type === "local" ? "accepted" : verdict.type;
}
