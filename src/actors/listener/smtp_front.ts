import { describeError } from "../../base/mod.ts";
import { type Address, formatAddress } from "../../mail/address.ts";
import { isLimited, limitsOf } from "../../mail/quota.ts";
import type { AccountRecord } from "../../messages/mod.ts";
import type { Connection, Networks } from "../../net/mod.ts";
import {
  type AuthQuestion,
  type ClientChange,
  createSmtpSession,
  type DeliveryOutcome,
  type ListedClient,
  type QueueNode,
  type ReceivedMail,
  type RecipientVerdict,
  type SenderVerdict,
  type SmtpAction,
  type SmtpSession,
  type SmtpSessionOptions,
} from "../../protocol/smtp/mod.ts";
import { OVERLOADED, REFUSAL } from "../../protocol/smtp/refusal.ts";
import { domainOfAccount } from "../mailbox_refs.ts";
import { newMailId } from "../mail_id.ts";
import { messageIdOf } from "./message_id.ts";
import { hasRoom } from "./delivery.ts";
import { passesGreylist } from "./greylisting.ts";
import { ListingMemory } from "./listing_memory.ts";
import { askLogin, channelOf, loginScene } from "./login.ts";
import { askTurn, type TurnRules } from "./queue_turns.ts";
import { receive, type Reception } from "./reception.ts";
import { leadsTo } from "./recipients.ts";
import type { SenderAuthentication } from "./sender_check.ts";
import type { Dismissal, FrontServices } from "./services.ts";
import { SessionDeadlines, type SmtpTimeouts } from "./session_deadlines.ts";
import { SessionFront } from "./session_front.ts";

/** Input that may wait while a question is answered; beyond it the socket is not read. */
const WAITING_INPUT_BYTES_MAX = 65_536;

/** Recipients that a line of the log names. */
const SHOWN_MAX = 10;

/** Settings of an SMTP listener. */
export interface SmtpFrontOptions {
  readonly session: Omit<SmtpSessionOptions, "tls">;
  readonly tls: "none" | "available" | "active";
  /** `tls-server-end-point` of the certificate that is shown now; absent, connections cannot be bound to it. */
  readonly binding?: () => Uint8Array | null;
  /** Whether the Received field of a submission tells nothing of its client. */
  readonly hideClient?: boolean;
  readonly timeouts: SmtpTimeouts;
  /** How the sender of mail from outside is judged. */
  readonly senders: SenderAuthentication;
  /** Clients whose mail is not judged. */
  readonly exempt: Networks;
  /** Who may ask for mail that waits. */
  readonly turns: TurnRules;
}

type CheckRecipient = Extract<SmtpAction, { type: "checkRecipient" }>;

/** Joins one SMTP session to its connection, the routing table and the mailbox actors. */
export class SmtpFront extends SessionFront<SmtpAction> {
  protected override readonly session: SmtpSession;
  protected override readonly waitingBytesMax = WAITING_INPUT_BYTES_MAX;
  readonly #deadlines: SessionDeadlines;
  readonly #options: SmtpFrontOptions;
  readonly #dialect: "smtp" | "lmtp";
  /** Who is on the other side, as far as is known: a proxy may name another than the connection has. */
  #client: Required<Pick<ClientChange, "address" | "port" | "name">> & ClientChange;
  /** Whose account was proven last; the session knows whether its login came to its end. */
  #account: AccountRecord | null = null;
  readonly #listings: ListingMemory;
  /** Whether it matters who sends; null: it was not asked since the client became known. */
  #judged: boolean | null = null;

  constructor(connection: Connection, services: FrontServices, options: SmtpFrontOptions, done: () => void) {
    super(connection, services, done);
    this.#options = options;
    const channel = channelOf(connection, options.binding);
    this.#dialect = options.session.dialect ?? "smtp";
    const hasTurns = !options.turns.isEmpty && this.#dialect === "smtp";
    const etrn = (user: string | null) => options.turns.mayAsk({ address: this.#client.address, user });
    this.session = createSmtpSession({
      ...options.session,
      tls: options.tls,
      channel,
      ...(hasTurns ? { etrn } : {}),
    });
    this.#client = { ...connection.remote, name: null };
    this.#deadlines = new SessionDeadlines(services.clock, options.timeouts);
    this.#listings = new ListingMemory(services);
  }

  protected override receive(chunk: Uint8Array): void {
    const actions = this.session.receive(chunk, this.services.clock.wallMs());
    if (!this.noteMemory()) return this.#giveUp();
    this.perform(actions);
    if (!this.#deadlines.keepsUp(chunk.length)) this.perform(this.session.timedOut());
  }

  protected override farewell(why: Dismissal): string {
    return REFUSAL[why];
  }

  /** Behind a proxy, the proxy's client: the bans and rates of its address hold. In LMTP, the server that hands mail in. */
  protected override get client(): { readonly address: string; readonly port: number } {
    const { address, port } = this.#client;
    return address === null || this.trusted ? this.connection.remote : { address, port };
  }

  protected override get trusted(): boolean {
    return this.#dialect === "lmtp";
  }

  /** Only once the login has come to its end, and until the client is another or TLS starts. */
  protected override get accountName(): string | null {
    return this.session.user;
  }

  /** All sessions together hold too much: this one, which wanted more, gives back what it holds. */
  #giveUp(): void {
    this.services.counters.deferred++;
    this.#sendAway(OVERLOADED);
  }

  #sendAway(line: string): void {
    this.connection.write(line);
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
        return this.#checkRecipient(action);
      case "deliver":
        if (!this.meter.message(this.accountName)) return this.session.delivered({ type: "limited" });
        this.settling = true;
        this.messages++;
        this.#deliver(action.mail);
        return null;
      case "turnQueue":
        return this.#turnQueue(action.node);
      case "adoptLogin":
        return this.session.loginAdopted(this.#adopt(action.login));
      case "startTls":
        this.startTls(() => this.session.tlsStarted(channelOf(this.connection, this.#options.binding)));
        return null;
      case "clientNamed":
        this.#clientNamed(action.client);
        return null;
      case "pause":
        this.services.clock.after(action.ms, () => this.answer(() => this.session.resumed()));
        return null;
      case "close":
        this.connection.close();
        return null;
    }
  }

  /** Mail that waits for a server goes out by the queue's own ways, never over this connection. */
  #turnQueue(node: QueueNode): readonly SmtpAction[] | null {
    const client = { address: this.#client.address, user: this.accountName };
    if (!this.#options.turns.mayTurn(client, node)) return this.session.queueTurned({ type: "notAllowed" });
    askTurn(node, this.services).then((turn) => this.answer(() => this.session.queueTurned(turn)));
    return null;
  }

  /** A client that a proxy names is admitted, or not, as if it had connected itself. */
  #clientNamed(change: ClientChange): void {
    this.#client = { ...this.#client, ...change };
    this.#judged = null;
    this.clientChanged();
    if (typeof change.address !== "string" || this.trusted) return;
    const refusal = this.services.admission.admit(change.address);
    if (refusal !== null) this.#sendAway(REFUSAL[refusal]);
  }

  /** Whose account a proxy's client has logged in to; null: nobody's here, or it is disabled. */
  #adopt(login: Address): string | null {
    const { routes, counters, log } = this.services;
    const verdict = routes.resolve(login);
    const whole = verdict?.type === "local" && verdict.forwards.length + verdict.lists.length === 0;
    const account = whole && verdict.accounts.length === 1 ? verdict.accounts[0]! : null;
    this.#account = account;
    if (account === null) counters.failedLogins++;
    else counters.logins++;
    const event = account === null ? "login of a proxy's client refused" : "login by proxy";
    log.info(event, {
      login: formatAddress(login),
      remote: this.#client.address,
      proxy: this.connection.remote.address,
    });
    return account?.address ?? null;
  }

  #authenticate(question: AuthQuestion): void {
    const scene = { ...loginScene("smtp", this.connection), remote: this.address };
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
    const accounts = verdict.type === "local" ? verdict.accounts : [];
    return accounts.some(({ id }) => id === this.#account?.id) ? "accepted" : "notYours";
  }

  /** Answers at once from the routing table, unless a list has to be asked, or for a quota the mailbox actor. */
  #checkRecipient(question: CheckRecipient): readonly SmtpAction[] | null {
    if (!this.meter.recipient(this.accountName)) return this.session.recipientChecked("limited");
    const { recipient, sender, relay, size } = question;
    const leads = leadsTo(recipient, { sender, mayRelay: relay }, this.services);
    if (leads.type !== "accepted") {
      this.services.counters.refusedRecipients++;
      return this.session.recipientChecked(leads.type);
    }
    if (!this.#mayBeListed(recipient) && !this.#isStranger()) return this.#checkQuotas(leads.accounts, size);
    this.#refusalByLists(question).then(
      (refusal) =>
        this.answer(() =>
          refusal === null ? this.#checkQuotas(leads.accounts, size) ?? [] : this.session.recipientChecked(refusal)
        ),
      (error) => {
        this.services.log.error("lists broke", { error: describeError(error) });
        this.answer(() => this.session.recipientChecked("busy"));
      },
    );
    return null;
  }

  /** Block lists come first: whom they name needs no place in the greylist. */
  async #refusalByLists({ recipient, sender }: CheckRecipient): Promise<RecipientVerdict | ListedClient | null> {
    const { services, address: remote } = this;
    const listing = this.#mayBeListed(recipient) ? await this.#listings.of(remote) : null;
    if (listing !== null) {
      services.counters.listed++;
      return listing;
    }
    if (!this.#isStranger()) return null;
    return await passesGreylist({ remote, sender, recipient }, services) ? null : "greylisted";
  }

  /** Whether block lists count: for clients that are judged, but for a postmaster's mail (RFC 5321 §4.5.1), who may be asked for help. */
  #mayBeListed({ local }: Address): boolean {
    return this.services.lists && this.#isJudged() && this.accountName === null && local.toLowerCase() !== "postmaster";
  }

  /** Whether the greylist has to be asked: not for users of ours, servers of ours, nor exempt networks. */
  #isStranger(): boolean {
    const { greylist, admission } = this.services;
    return greylist !== null && !this.trusted && this.accountName === null && !admission.isExempt(this.address);
  }

  #checkQuotas(accounts: readonly AccountRecord[], size: number): readonly SmtpAction[] | null {
    const limited = accounts.filter(isLimited).map((account) => ({
      domain: domainOfAccount(account),
      target: { account: account.id, ...limitsOf(account) },
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
    const { clock, random, log, counters, memory } = this.services;
    const id = newMailId(clock, random);
    const account = mail.user === null ? null : this.#account;
    const reception: Reception = {
      id,
      mail,
      client: this.#client,
      tlsVersion: this.connection.tls?.protocol ?? null,
      account,
      hideClient: account !== null && this.#options.hideClient === true,
      senders: this.#isJudged() ? this.#options.senders : null,
      each: this.#dialect === "lmtp",
    };
    // The session has given the body away, but it stays in memory until the mailbox has answered.
    memory.change(0, mail.size);
    receive(reception, this.services).then(
      (outcomes) => {
        memory.change(mail.size, 0);
        this.#noteOutcomes(id, mail, outcomes);
        this.answer(() => this.session.deliveredEach(outcomes));
      },
      (error) => {
        memory.change(mail.size, 0);
        log.error("delivery broke", { id, error: describeError(error) });
        this.answer(() => this.session.delivered({ type: "failed" }));
      },
    );
    counters.receivedBytes += mail.size;
  }

  /** Whether it matters who sends: not where users or a server of ours hand mail in, nor in the networks that are exempt. */
  #isJudged(): boolean {
    if (this.#judged !== null) return this.#judged;
    const { address } = this.#client;
    const ours = this.#dialect === "lmtp" || this.#options.session.submission !== undefined;
    return this.#judged = !ours && address !== null && !this.#options.exempt.has(address);
  }

  #noteOutcomes(id: string, mail: ReceivedMail, outcomes: readonly DeliveryOutcome[]): void {
    const { counters, log } = this.services;
    const refused = outcomes.filter(({ type }) => type !== "accepted");
    if (refused.length < outcomes.length) counters.received++;
    if (refused.length > 0) counters.deferred++;
    log.debug("mail", {
      id,
      outcome: refused[0]?.type ?? "accepted",
      size: mail.size,
      sender: mail.sender === null ? "" : formatAddress(mail.sender),
      to: mail.recipients.slice(0, SHOWN_MAX).map(({ address }) => formatAddress(address)),
      recipients: mail.recipients.length,
      messageId: messageIdOf(mail.body),
      remote: this.#client.address,
      ...(this.#client.destAddress === undefined ? {} : { local: this.#client.destAddress }),
      helo: mail.helo,
      tls: this.connection.tls?.protocol ?? null,
      ...(mail.user === null ? {} : { user: mail.user }),
    });
  }
}
