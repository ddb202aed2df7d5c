import { asFailure, describeError } from "../../base/mod.ts";
import { INBOX_ID } from "../../mail/account.ts";
import type { Uid } from "../../mail/uid.ts";
import type { AccountRecord, MailboxProtocol } from "../../messages/mod.ts";
import type { Connection } from "../../net/mod.ts";
import {
  createPop3Session,
  type LoginOutcome,
  type MaildropEntry,
  type Pop3Action,
  type Pop3Options,
  type Pop3Session,
} from "../../protocol/pop3/mod.ts";
import type { Ref } from "../../runtime/types.ts";
import { channelOf } from "./login.ts";
import type { FrontServices } from "./services.ts";
import { MailboxFront, type MailboxFrontOptions } from "./mailbox_front.ts";
import { REFUSAL } from "../../protocol/pop3/refusal.ts";
import type { Dismissal } from "./services.ts";

/** Input that may wait while a question is answered; beyond it the socket is not read. */
const WAITING_INPUT_BYTES_MAX = 16_384;

/** Rows asked for at once while a maildrop is opened. */
const LIST_ROWS = 10_000;

/** Settings of a POP3 listener. RFC 1939 §3: an inactivity timer, if any, is of at least 10 minutes. */
export type Pop3FrontOptions = MailboxFrontOptions<Omit<Pop3Options, "tls">>;

/** The maildrop this session has locked. */
interface Maildrop {
  readonly account: AccountRecord;
  readonly mailbox: Ref<MailboxProtocol>;
}

/** Joins one POP3 session to its connection, the directory and the mailbox actor. */
export class Pop3Front extends MailboxFront<Pop3Action> {
  protected override readonly service = "pop3";
  protected override readonly session: Pop3Session;
  protected override readonly waitingBytesMax = WAITING_INPUT_BYTES_MAX;
  readonly #options: Pop3FrontOptions;
  #maildrop: Maildrop | null = null;

  constructor(connection: Connection, services: FrontServices, options: Pop3FrontOptions, done: () => void) {
    super(connection, services, done);
    this.#options = options;
    const channel = channelOf(connection, options.binding);
    this.session = createPop3Session({ ...options.session, tls: options.tls, channel });
  }

  protected override arm(acted: boolean): void {
    if (!acted) return;
    const { loginMsMax, idleMsMax } = this.#options;
    this.connection.deadline(this.session.phase === "authorization" ? loginMsMax : idleMsMax);
  }

  protected override farewell(why: Dismissal): string {
    return REFUSAL[why];
  }

  protected override get accountName(): string | null {
    return this.#maildrop?.account.address ?? null;
  }

  protected override letGo(): void {
    this.#unlock();
  }

  /** Whatever is asked is answered later, so nothing follows at once. */
  protected override act(action: Pop3Action): null {
    switch (action.type) {
      case "send":
        this.connection.write(action.data);
        break;
      case "login":
        this.settle(this.logIn(action, (account) => this.#open(account)), (outcome) => this.session.loggedIn(outcome));
        break;
      case "authenticate":
        this.settle(this.askWhose(action.question), (answer) => this.session.authenticated(answer));
        break;
      case "open":
        this.settle(this.#open(this.account), (outcome) => this.session.loggedIn(outcome));
        break;
      case "fetch":
        this.sending = true;
        // While the client reads slowly, the next piece stays on the disk.
        this.whenRoom(() => this.#fetch(action));
        break;
      case "update":
        this.settling = true;
        this.settle(this.#update(action.uids), (removed) => this.session.updated(removed));
        break;
      case "startTls":
        this.startTls(() => this.session.tlsStarted(channelOf(this.connection, this.#options.binding)));
        break;
      case "pause":
        this.#pause(action.ms);
        break;
      case "close":
        this.connection.close();
        break;
    }
    return null;
  }

  async #open(account: AccountRecord | null): Promise<LoginOutcome> {
    if (account === null) return { type: "temporary" };
    const { mailboxes, log } = this.services;
    try {
      return await this.#openMaildrop({ account, mailbox: mailboxes.forAccount(account) });
    } catch (error) {
      if (asFailure(error) === null) throw error;
      log.warn("login failed", { service: "pop3", error: describeError(error) });
      this.#unlock();
      return { type: "temporary" };
    }
  }

  async #openMaildrop(maildrop: Maildrop): Promise<LoginOutcome> {
    const { mailbox, account: { id: account } } = maildrop;
    const owner = this.services.presence;
    // Noted before it is asked for: an answer that comes too late must not leave a lock behind.
    this.#maildrop = maildrop;
    const delayMs = 1_000 * (this.#options.session.loginDelaySeconds ?? 0);
    const { locked, tooSoon } = await mailbox.ask("mailbox.lock", {
      account,
      owner,
      session: this.connection.id,
      delayMs,
    });
    if (!locked) {
      this.#maildrop = null;
      return { type: tooSoon ? "loginDelay" : "inUse" };
    }
    const entries: MaildropEntry[] = [];
    for (let after = 0, more = true; more;) {
      const page = await mailbox.ask("mailbox.list", { account, mailbox: INBOX_ID, after, limit: LIST_ROWS });
      for (const { uid, size } of page.rows) entries.push({ uid, size });
      after = page.rows.at(-1)?.uid ?? after;
      more = page.more;
    }
    const { uidValidity } = await mailbox.ask("mailbox.status", { account, mailbox: INBOX_ID });
    return { type: "opened", uidValidity, entries };
  }

  /** A pause of 0 ms lets what was sent leave; the answer comes in a turn of its own. */
  #pause(ms: number): void {
    this.services.clock.after(ms, () => this.whenRoom(() => this.answer(() => this.session.resumed())));
  }

  #fetch({ uid, offset, length }: FetchAction): void {
    const maildrop = this.#maildrop;
    if (maildrop === null) return this.connection.destroy();
    const { mailbox, account } = maildrop;
    const request = { account: account.id, mailbox: INBOX_ID, uid: uid as Uid, offset, length };
    const answer = mailbox.ask("mailbox.fetch", request).then(
      ({ bytes }) => ({ type: "bytes", bytes }) as const,
      (error) => {
        const failure = asFailure(error);
        if (failure === null) throw error;
        this.services.log.warn("fetch failed", { account: account.address, uid, error: describeError(failure) });
        const kind = failure.kind === "corrupt" ? "corrupt" : failure.kind === "not_found" ? "gone" : "temporary";
        return { type: "failed", kind } as const;
      },
    );
    if (offset === 0) {
      this.services.counters.retrieved++;
      this.messages++;
    }
    this.settle(answer, (result) => this.session.fetched(result));
  }

  /** RFC 1939 §6: the UPDATE state removes what was marked, then frees the lock. */
  async #update(uids: readonly number[]): Promise<boolean> {
    const maildrop = this.#maildrop;
    if (maildrop === null) return uids.length === 0;
    try {
      if (uids.length > 0) {
        const { mailbox, account } = maildrop;
        await mailbox.ask("mailbox.expunge", { account: account.id, mailbox: INBOX_ID, uids: uids as readonly Uid[] });
      }
      return true;
    } catch (error) {
      if (asFailure(error) === null) throw error;
      this.services.log.warn("update failed", { account: maildrop.account.address, error: describeError(error) });
      return false;
    } finally {
      this.#unlock();
    }
  }

  #unlock(): void {
    const maildrop = this.#maildrop;
    this.#maildrop = null;
    maildrop?.mailbox.tell("mailbox.unlock", { account: maildrop.account.id, session: this.connection.id });
  }
}

type FetchAction = { readonly uid: number; readonly offset: number; readonly length: number };
