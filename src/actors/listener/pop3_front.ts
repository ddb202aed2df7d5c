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
import type { Front, FrontServices } from "./services.ts";

/** Input that may wait while a question is answered; beyond it the socket is not read. */
const WAITING_INPUT_BYTES_MAX = 16_384;

/** Rows asked for at once while a maildrop is opened. */
const LIST_ROWS = 10_000;

/** Settings of a POP3 listener. */
export interface Pop3FrontOptions {
  readonly session: Omit<Pop3Options, "tls">;
  readonly tls: "none" | "available" | "active";
  /** RFC 1939 §3: an inactivity timer, if any, is of at least 10 minutes. */
  readonly idleMsMax: number;
  /** Shorter before a login, as a stranger holds the connection; ms. */
  readonly loginMsMax: number;
}

/** The maildrop this session has locked. */
interface Maildrop {
  readonly account: AccountRecord;
  readonly mailbox: Ref<MailboxProtocol>;
}

/** Joins one POP3 session to its connection, the directory and the mailbox actor. */
export class Pop3Front implements Front {
  readonly #session: Pop3Session;
  #maildrop: Maildrop | null = null;
  #closed = false;
  #ending = false;
  /** Bytes noted in the worker's memory budget. */
  #held = 0;
  /** What goes on when the client has read. */
  #delayed: (() => void) | null = null;

  constructor(
    private readonly connection: Connection,
    private readonly services: FrontServices,
    private readonly options: Pop3FrontOptions,
    private readonly done: () => void,
  ) {
    this.#session = createPop3Session({ ...options.session, tls: options.tls });
  }

  /** Greets the client and begins to read. */
  start(): void {
    this.connection.start({
      data: (chunk) => this.#closed || this.#perform(this.#session.receive(chunk)),
      end: () => this.#ended(),
      closed: () => this.#finish(),
      deadline: () => this.#perform(this.#session.timedOut()),
      drained: () => this.#drained(),
    });
    this.#perform(this.#session.open());
  }

  shutDown(): void {
    this.#perform(this.#session.shuttingDown());
  }

  #ended(): void {
    this.#ending = true;
    this.#flow();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.services.memory.change(this.#held, 0);
    this.#held = 0;
    this.#unlock();
    this.done();
  }

  #perform(actions: readonly Pop3Action[]): void {
    for (const action of actions) this.#act(action);
    if (this.#closed) return;
    const held = this.#session.bufferedBytes;
    this.services.memory.change(this.#held, held);
    this.#held = held;
    if (actions.length > 0) this.#armDeadline();
    this.#flow();
  }

  #armDeadline(): void {
    const { loginMsMax, idleMsMax } = this.options;
    this.connection.deadline(this.#session.phase === "authorization" ? loginMsMax : idleMsMax);
  }

  #flow(): void {
    if (this.#closed) return;
    if (this.#ending && !this.#session.waiting) return this.connection.close();
    const choked = this.#session.waiting && this.#session.bufferedBytes > WAITING_INPUT_BYTES_MAX;
    if (choked || this.connection.congested) this.connection.pause();
    else this.connection.resume();
  }

  #act(action: Pop3Action): void {
    switch (action.type) {
      case "send":
        return this.connection.write(action.data);
      case "login":
        return this.#settle(this.#login(action), (outcome) => this.#session.loggedIn(outcome));
      case "fetch":
        return this.#whenRoom(() => this.#fetch(action));
      case "update":
        return this.#settle(this.#update(action.uids), (removed) => this.#session.updated(removed));
      case "startTls":
        this.connection.startTls().then(
          () => this.#closed || this.#perform(this.#session.tlsStarted()),
          () => this.connection.destroy(),
        );
        return;
      case "pause":
        return this.#pause(action.ms);
      case "close":
        return this.connection.close();
    }
  }

  #settle<T>(work: Promise<T>, answer: (value: T) => readonly Pop3Action[]): void {
    work.then(
      (value) => {
        // A client that left during its login must not keep the lock.
        if (this.#closed) this.#unlock();
        else this.#perform(answer(value));
      },
      (error) => {
        this.services.log.error("session broke", { service: "pop3", error: describeError(error) });
        this.connection.destroy();
      },
    );
  }

  async #login({ user, secret }: { user: string; secret: string }): Promise<LoginOutcome> {
    const { directory, counters, mailboxes, log } = this.services;
    const remote = this.connection.remote.address;
    try {
      const answer = await directory.ask("directory.authenticate", { user, secret, service: "pop3", remote });
      if (answer.type === "busy") return { type: "temporary" };
      if (answer.type === "refused") {
        counters.failedLogins++; // The directory writes it down, and knows which user names are safe to write.
        return { type: "refused" };
      }
      counters.logins++;
      return await this.#openMaildrop({ account: answer.account, mailbox: mailboxes.forAccount(answer.account) });
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
    const delayMs = 1_000 * (this.options.session.loginDelaySeconds ?? 0);
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

  /** While the client reads slowly, the next piece stays on the disk. */
  #whenRoom(run: () => void): void {
    if (this.connection.congested) this.#delayed = run;
    else run();
  }

  #drained(): void {
    const run = this.#delayed;
    this.#delayed = null;
    if (run !== null && !this.#closed) run();
    this.#flow();
  }

  /** A pause of 0 ms lets what was sent leave; the answer comes in a turn of its own. */
  #pause(ms: number): void {
    const resume = () => this.#whenRoom(() => this.#closed || this.#perform(this.#session.resumed()));
    this.services.clock.after(ms, resume);
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
    if (offset === 0) this.services.counters.retrieved++;
    this.#settle(answer, (result) => this.#session.fetched(result));
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
