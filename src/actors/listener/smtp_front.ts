import { describeError, utf8 } from "../../base/mod.ts";
import type { Address } from "../../mail/address.ts";
import type { AccountRecord, RouteVerdict } from "../../messages/mod.ts";
import type { Connection } from "../../net/mod.ts";
import {
  type AuthQuestion,
  createSmtpSession,
  type DeliveryOutcome,
  receivedField,
  type ReceivedMail,
  type RecipientVerdict,
  returnPathField,
  type SenderVerdict,
  type SmtpAction,
  type SmtpSession,
  type SmtpSessionOptions,
  submitted,
} from "../../protocol/smtp/mod.ts";
import { OVERLOADED } from "../../protocol/smtp/refusal.ts";
import { domainOfAccount } from "../mailbox_refs.ts";
import { newMailId } from "../mail_id.ts";
import { deliver, hasRoom } from "./delivery.ts";
import { askLogin } from "./login.ts";
import { accountsOf, type FrontServices } from "./services.ts";
import { SessionDeadlines, type SmtpTimeouts } from "./session_deadlines.ts";
import { SessionFront } from "./session_front.ts";

/** Input that may wait while a question is answered; beyond it the socket is not read. */
const WAITING_INPUT_BYTES_MAX = 65_536;

/** Settings of an SMTP listener. */
export interface SmtpFrontOptions {
  readonly session: Omit<SmtpSessionOptions, "tls">;
  readonly tls: "none" | "available" | "active";
  /** `tls-server-end-point` of the certificate that is shown now; absent, connections cannot be bound to it. */
  readonly binding?: () => Uint8Array | null;
  /** Whether the Received field of a submission tells nothing of its client. */
  readonly hideClient?: boolean;
  readonly timeouts: SmtpTimeouts;
}

/** Joins one SMTP session to its connection, the routing table and the mailbox actors. */
export class SmtpFront extends SessionFront<SmtpAction> {
  protected override readonly session: SmtpSession;
  protected override readonly waitingBytesMax = WAITING_INPUT_BYTES_MAX;
  readonly #deadlines: SessionDeadlines;
  readonly #options: SmtpFrontOptions;
  /** Whose account was proven last; the session knows whether its login came to its end. */
  #account: AccountRecord | null = null;

  constructor(connection: Connection, services: FrontServices, options: SmtpFrontOptions, done: () => void) {
    super(connection, services, done);
    this.#options = options;
    const binding = options.tls === "active" ? this.#binding() : null;
    this.session = createSmtpSession({ ...options.session, tls: options.tls, binding });
    this.#deadlines = new SessionDeadlines(services.clock, options.timeouts);
  }

  protected override receive(chunk: Uint8Array): void {
    const actions = this.session.receive(chunk);
    if (!this.noteMemory()) return this.#sendAway();
    this.perform(actions);
    if (!this.#deadlines.keepsUp(chunk.length)) this.perform(this.session.timedOut());
  }

  /** All sessions together hold too much: this one, which wanted more, gives back what it holds. */
  #sendAway(): void {
    this.services.counters.deferred++;
    this.connection.write(OVERLOADED);
    this.connection.close();
    this.finish();
  }

  protected override arm(): void {
    const deadlineMs = this.#deadlines.next(this.session.phase);
    if (deadlineMs !== null) this.connection.deadline(deadlineMs);
  }

  protected override act(action: SmtpAction): readonly SmtpAction[] | null {
    switch (action.type) {
      case "send":
        this.connection.write(action.text);
        this.#deadlines.answered();
        return null;
      case "authenticate":
        this.#authenticate(action.question);
        return null;
      case "checkSender":
        return this.session.senderChecked(this.#senderVerdict(action.sender));
      case "checkRecipient":
        return this.#checkRecipient(action.recipient, action.size);
      case "deliver":
        this.#deliver(action.mail);
        return null;
      case "startTls":
        this.startTls(() => this.session.tlsStarted(this.#binding()));
        return null;
      case "pause":
        this.services.clock.after(action.ms, () => this.answer(() => this.session.resumed()));
        return null;
      case "close":
        this.connection.close();
        return null;
    }
  }

  #binding(): Uint8Array | null {
    return this.#options.binding?.() ?? null;
  }

  #authenticate(question: AuthQuestion): void {
    const scene = { service: "smtp", remote: this.connection.remote.address } as const;
    askLogin(question, scene, this.services).then(
      ({ answer, account }) => {
        this.#account = account;
        this.answer(() => this.session.authenticated(answer));
      },
      (error) => {
        this.services.log.error("session broke", { service: "smtp", error: describeError(error) });
        this.connection.destroy();
      },
    );
  }

  /** A user sends as any address whose mail reaches the account; asked anew each time, as that may change. */
  #senderVerdict(sender: Address): SenderVerdict {
    const verdict = this.services.routes.resolve(sender);
    if (verdict === null) return "busy";
    return accountsOf(verdict).some(({ id }) => id === this.#account?.id) ? "accepted" : "notYours";
  }

  /** Answers at once from the routing table, unless an account has a quota: its mailbox actor is asked then. */
  #checkRecipient(recipient: Address, size: number): readonly SmtpAction[] | null {
    const verdict = this.services.routes.resolve(recipient);
    const name = recipientVerdict(verdict);
    if (name !== "accepted") this.services.counters.refusedRecipients++;
    if (verdict?.type !== "local") return this.session.recipientChecked(name);
    const limited = verdict.accounts.filter((account) => account.quotaBytes > 0).map((account) => ({
      domain: domainOfAccount(account),
      target: { account: account.id, quotaBytes: account.quotaBytes },
    }));
    if (limited.length === 0) return this.session.recipientChecked("accepted");
    hasRoom(limited, Math.max(1, size), this.services).then(
      (fits) => this.answer(() => this.session.recipientChecked(fits ? "accepted" : "mailboxFull")),
      (error) => {
        this.services.log.warn("quota unknown", { error: describeError(error) });
        this.answer(() => this.session.recipientChecked("busy"));
      },
    );
    return null;
  }

  #deliver(mail: ReceivedMail): void {
    const { clock, random, log, counters, memory, hostname } = this.services;
    const id = newMailId(clock, random);
    const hidden = mail.user !== null && this.#options.hideClient === true;
    const head = utf8(
      returnPathField(mail.sender) + receivedField({
        helo: hidden ? null : mail.helo,
        clientIp: hidden ? null : this.connection.remote.address,
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
    const lacking = { wallMs: clock.wallMs(), messageId: `<${id}@${hostname}>` };
    const body = mail.user === null ? mail.body : submitted(mail.body, lacking);
    deliver({ id, mail, parts: [head, ...body] }, this.services).then(
      (outcome) => {
        memory.change(mail.size, 0);
        this.#noteOutcome(id, mail, outcome);
        this.answer(() => this.session.delivered(outcome));
      },
      (error) => {
        memory.change(mail.size, 0);
        log.error("delivery broke", { id, error: describeError(error) });
        this.answer(() => this.session.delivered({ type: "failed" }));
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
      ...(mail.user === null ? {} : { user: mail.user }),
    });
  }
}

/** How the session is told what the router found. */
function recipientVerdict(verdict: RouteVerdict | null): RecipientVerdict {
  if (verdict === null) return "busy";
  return verdict.type === "local" ? "accepted" : verdict.type;
}
