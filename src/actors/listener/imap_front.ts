import { countStores, eachStore } from "../../mail/store_wish.ts";
import { isOthers } from "../../mail/other_users.ts";
import { limitsOf } from "../../mail/quota.ts";
import { asFailure, byteLength, type Cancel, describeError } from "../../base/mod.ts";
import type { AccountRecord, MailboxProtocol } from "../../messages/mod.ts";
import { type Connection, DeflateLayer } from "../../net/mod.ts";
import {
  type AskOutcome,
  createImapSession,
  type ImapAction,
  type ImapAsk,
  type ImapOptions,
  type ImapSession,
  type LoginOutcome,
} from "../../protocol/imap/mod.ts";
import { REFUSAL } from "../../protocol/imap/refusal.ts";
import type { Ref } from "../../runtime/types.ts";
import { accountNamed, domainNamed, granteeOf, quotaOf } from "./domain_accounts.ts";
import { channelOf } from "./login.ts";
import type { Dismissal, FrontServices } from "./services.ts";
import { inTurn } from "./together.ts";
import { MailboxFront, type MailboxFrontOptions } from "./mailbox_front.ts";

/** Input that may wait while a question is answered; beyond it the socket is not read. */
const WAITING_INPUT_BYTES_MAX = 16_384;

/** What is noted for a page that is read ahead, in bytes: most are no larger. */
const AHEAD_BYTES = 640 * 1024;

/** The same for changes of a pipeline that are made together. */
const CHANGES_BYTES = 64 * 1024;

/** A client that takes longer to read what lies before it is slow, in ms: others take less than a page takes to be made. */
const SLOW_MS = 20;

const NOTHING = {};

/** A client whose command takes longer is told that it goes on, in ms (RFC 9585 §4 recommends 10 to 15 seconds). */
const PROGRESS_MS = 12_000;

/** How long one question may take, in ms: a search or a change of a mailbox with millions of messages takes minutes. */
const ASK = { deadlineMs: 600_000 };

/** Settings of an IMAP listener. RFC 9051 §5.4: an inactivity timer, if any, is of at least 30 minutes. */
export type ImapFrontOptions = MailboxFrontOptions<Omit<ImapOptions, "tls">>;

/** Whose mailboxes the session sees. */
interface Opened {
  readonly account: AccountRecord;
  readonly mailbox: Ref<MailboxProtocol>;
}

type Each<N extends ImapAsk["name"]> = Extract<ImapAsk, { readonly name: N }>;

/** A question that was asked before the session waits for its answer. */
interface Begun {
  readonly request: unknown;
  readonly outcome: Promise<AskOutcome>;
}

/** Joins one IMAP session to its connection, the directory and the mailbox actor. */
export class ImapFront extends MailboxFront<ImapAction> {
  protected override readonly service = "imap";
  protected override readonly session: ImapSession;
  protected override readonly waitingBytesMax = WAITING_INPUT_BYTES_MAX;
  readonly #options: ImapFrontOptions;
  #opened: Opened | null = null;
  /** What lies between session and connection after COMPRESS (RFC 4978). */
  #deflate: DeflateLayer | null = null;
  /** Since when the client waits for an answer, monotonic; null when it does not. */
  #waitsSinceMs: number | null = null;
  #progress: Cancel | null = null;
  /** A page that was asked for ahead of the session. */
  #ahead: Begun | null = null;
  /** Changes of a pipeline are under way together. */
  #changing = false;
  /** Views and watches that the owner of the mailboxes keeps for this session. */
  readonly #views = new Set<number>();

  constructor(connection: Connection, services: FrontServices, options: ImapFrontOptions, done: () => void) {
    super(connection, services, done);
    this.#options = options;
    const channel = channelOf(connection, options.binding);
    this.session = createImapSession({ ...options.session, tls: options.tls, channel });
  }

  /** There is news for a view, or for a watch, of this session. */
  stirred(view: number): void {
    this.answer(() => this.session.stirred(view));
  }

  protected override arm(acted: boolean): void {
    if (!acted) return;
    const { loginMsMax, idleMsMax } = this.#options;
    this.connection.deadline(this.session.phase === "notAuthenticated" ? loginMsMax : idleMsMax);
  }

  protected override farewell(why: Dismissal): string {
    return REFUSAL[why];
  }

  protected override get accountName(): string | null {
    return this.#opened?.account.address ?? null;
  }

  protected override get heldForClient(): number {
    const { pageBytes } = this.session;
    return pageBytes + (this.#ahead === null ? 0 : AHEAD_BYTES) + (this.#changing ? CHANGES_BYTES : 0);
  }

  protected override letGo(): void {
    this.#closeViews();
  }

  protected override left(): void {
    super.left();
    this.#ahead = null;
    this.#progress?.();
    this.#deflate?.close();
  }

  protected override receive(chunk: Uint8Array): void {
    if (this.#deflate === null) super.receive(chunk);
    else this.#deflate.receive(chunk);
  }

  protected override write(data: string | Uint8Array, given = false): void {
    if (this.#deflate === null) super.write(data, given);
    else this.#deflate.write(data);
  }

  protected override hangUp(): void {
    if (this.#deflate === null) super.hangUp();
    else this.#deflate.finish(() => super.hangUp());
  }

  protected override flow(open: boolean): void {
    this.#deflate?.flow(open);
    super.flow(open);
  }

  protected override perform(actions: readonly ImapAction[]): void {
    this.settling = this.session.settling;
    this.sending = this.session.amidResponse;
    // A message that comes in is worth less than all that the other sessions hold.
    if (!this.closed && !this.noteMemory()) this.session.memoryFull();
    super.perform(actions);
    this.#watchProgress();
  }

  /** One timer at most, however many commands come: it does not end with a command, but looks when it rings how long this one takes. */
  #watchProgress(): void {
    const { clock } = this.services;
    if (this.closed || !this.session.waiting) return void (this.#waitsSinceMs = null);
    this.#waitsSinceMs ??= clock.monotonicMs();
    this.#progress ??= clock.after(PROGRESS_MS - (clock.monotonicMs() - this.#waitsSinceMs), () => {
      this.#progress = null;
      if (this.#waitsSinceMs === null) return;
      const isLong = clock.monotonicMs() - this.#waitsSinceMs >= PROGRESS_MS;
      if (isLong) this.#waitsSinceMs = null;
      // A client that reads slowly hears enough.
      this.answer(() => isLong && !this.connection.congested ? this.session.stillWorking() : []);
    });
  }

  /** Whatever is asked is answered later, but for COMPRESS. */
  protected override act(action: ImapAction): readonly ImapAction[] | null {
    switch (action.type) {
      case "send":
        this.write(action.data, action.given);
        break;
      case "login":
        this.settle(this.logIn(action, (account) => this.#open(account)), (outcome) => this.session.loggedIn(outcome));
        break;
      case "authenticate":
        this.settle(this.askWhose(action.question), (answer) => this.session.authenticated(answer));
        break;
      case "open":
        this.settle(Promise.resolve(this.#open(this.account)), (outcome) => this.session.loggedIn(outcome));
        break;
      case "ask":
        // While the client reads slowly, what would be read next stays on the disk.
        this.whenRoom(() => this.settle(this.#begun(action), (outcome) => this.session.answered(outcome)));
        break;
      case "ahead":
        // A client that reads slowly must not make pages lie about, nor all clients together.
        if (!this.#isSlow && this.services.memory.hasRoomFor(AHEAD_BYTES)) this.#ahead = this.#begin(action);
        break;
      case "startTls":
        this.startTls(() => this.session.tlsStarted(channelOf(this.connection, this.#options.binding)));
        break;
      case "compress":
        this.#deflate = this.#compress();
        // At once: what comes next is deflated, and the session would drop it while it waits.
        return this.session.compressed();
      case "pause":
        this.#pause(action.ms);
        break;
      case "unauthenticate":
        this.#closeViews();
        this.#opened = this.account = this.#ahead = null;
        break;
      case "close":
        this.hangUp();
        break;
    }
    return null;
  }

  #open(account: AccountRecord | null): LoginOutcome {
    if (account === null) return { type: "temporary" };
    this.#opened = { account, mailbox: this.services.mailboxes.forAccount(account) };
    return { type: "opened", user: account.address, ...limitsOf(account) };
  }

  /** Whether the client has much to read, and takes its time. */
  get #isSlow(): boolean {
    return this.connection.congested && this.waitedMs > SLOW_MS;
  }

  /** Asks now what the session will ask soon. */
  #begin({ name, request }: Extract<ImapAction, { type: "ahead" }>): Begun {
    const outcome = this.#askOwner({ type: "ask", name, request } as ImapAsk);
    // Whoever takes it is told; it may be that nobody does.
    outcome.catch(() => {});
    return { request, outcome };
  }

  /** Changes of a pipeline: all at once, unless there are too many in the worker; then one after the other. */
  async #storeEach(action: Each<"mailbox.storeEach">): Promise<AskOutcome> {
    const { memory, changesTogether } = this.services;
    const { view, stores, news } = action.request;
    const begun = memory.hasRoomFor(CHANGES_BYTES)
      ? changesTogether.begin(countStores(stores), () => this.#askOwner(action))
      : null;
    this.#changing = begun !== null;
    if (begun !== null) return await begun.finally(() => void (this.#changing = false));
    const asks = eachStore(stores).map((store) => {
      return { type: "ask", name: "mailbox.store", request: { view, ...store } } as const;
    });
    return await inTurn(asks, news, (one) => this.#askOwner(one));
  }

  /** The same of messages, unless there are too many bytes of them. */
  async #appendEach(action: Each<"mailbox.appendEach">): Promise<AskOutcome> {
    const { appends, news } = action.request;
    const bytes = appends.flatMap(({ messages }) => messages).reduce((sum, { parts }) => sum + byteLength(parts), 0);
    const begun = this.services.appendsTogether.begin(bytes, () => this.#askOwner(action));
    if (begun !== null) return await begun;
    const asks = appends.map((request) => ({ type: "ask", name: "mailbox.append", request }) as const);
    return await inTurn(asks, news, (one) => this.#askOwner(one));
  }

  /** The answer that was asked for ahead, or the one to a question that is asked now. */
  #begun(action: ImapAsk): Promise<AskOutcome> {
    const ahead = this.#ahead;
    if (action.name === "mailbox.appendEach") return this.#appendEach(action);
    if (action.name === "mailbox.storeEach") return this.#storeEach(action);
    if (ahead?.request !== action.request) return this.#askOwner(action);
    this.#ahead = null;
    return ahead.outcome;
  }

  /** Carries a question to the owner of the mailboxes, with what it must not be told by the client. */
  async #askOwner({ name, request }: ImapAsk): Promise<AskOutcome> {
    const opened = this.#opened;
    if (opened === null) return { type: "failed", kind: "closed" };
    const account = opened.account.id;
    try {
      // The session has made the request for this name; only what is added to some is not in its types.
      const added = { ...this.#added({ name, request } as ImapAsk, opened.account), ...this.#askedBy() };
      const reply = await this.#ownerOf({ name, request } as ImapAsk, opened).ask(
        name,
        { ...request, account, ...added } as never,
        ASK,
      );
      this.#noteViews({ name, request } as ImapAsk, reply, opened);
      return { type: "reply", reply };
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      // What an account may not do is between it and whoever shares a mailbox with it.
      if (failure.kind === "refused") return { type: "failed", kind: failure.kind };
      this.services.log.warn("mailbox failed", {
        service: "imap",
        account: opened.account.address,
        asked: name,
        error: describeError(failure),
      });
      return { type: "failed", kind: failure.kind };
    }
  }

  /** Who answers: whoever has the account's mailboxes, or those that a URL is of. */
  #ownerOf({ name, request }: ImapAsk, { mailbox }: Opened): Ref<MailboxProtocol> {
    const { mailboxes, routes } = this.services;
    const domain = name === "mailbox.readAuthorized" ? domainNamed(request.user, routes) : null;
    return domain === null ? mailbox : mailboxes.forDomain(domain);
  }

  /** What the owner must know, and nobody may be told by a client. */
  #added(asked: ImapAsk, account: AccountRecord): Readonly<Record<string, unknown>> {
    const { viewers, routes } = this.services;
    switch (asked.name) {
      case "mailbox.open":
      case "mailbox.watch":
        return { ...viewers.owner(this.connection.id, account) };
      case "mailbox.appendEach":
        return { ...limitsOf(account) };
      case "mailbox.append":
        return { ...quotaOf(asked.request.name, account, routes) };
      case "mailbox.copy":
        return isOthers(asked.request.to) ? { ...quotaOf(asked.request.to, account, routes) } : NOTHING;
      case "mailbox.readAuthorized":
        return { owner: accountNamed(asked.request.user, routes)?.id ?? null };
      case "mailbox.setAcl":
        return { address: account.address, grantee: granteeOf(asked.request.identifier, account, routes) };
      default:
        return NOTHING;
    }
  }

  /** Of what a session does itself its watch is not told. */
  #askedBy(): { readonly by?: number } {
    const { watch } = this.session;
    return watch === null ? NOTHING : { by: watch };
  }

  #noteViews({ name, request }: ImapAsk, reply: unknown, { account: { id: account }, mailbox }: Opened): void {
    if (name === "mailbox.open" || name === "mailbox.watch") {
      const answer = reply as { readonly view?: number; readonly watch?: number };
      const view = answer.view ?? answer.watch;
      if (view === undefined) return;
      this.#views.add(view);
      if (this.closed) this.#closeViews();
      else this.services.viewers.add({ account, view }, this, mailbox.address);
    } else if (name === "mailbox.close") {
      const { view } = request as { readonly view: number };
      this.#views.delete(view);
      this.services.viewers.remove({ account, view });
    }
  }

  #closeViews(): void {
    const opened = this.#opened;
    if (opened === null) return;
    const account = opened.account.id;
    for (const view of this.#views) {
      this.services.viewers.remove({ account, view });
      opened.mailbox.tell("mailbox.close", { account, view });
    }
    this.#views.clear();
  }

  /** A pause of 0 ms lets what was sent leave; the answer comes in a turn of its own. */
  #pause(ms: number): void {
    this.services.clock.after(ms, () => this.whenRoom(() => this.answer(() => this.session.resumed())));
  }

  /** What was sent before goes as it is; from here on both directions are deflated. */
  #compress(): DeflateLayer {
    return new DeflateLayer({
      send: (bytes) => this.connection.write(bytes),
      received: (bytes) => this.closed || super.receive(bytes),
      broken: () => this.connection.destroy(),
    });
  }
}
