import { INBOX_NAME, type MailboxName } from "../../../src/mail/mailbox_name.ts";
import type { FlagRow, MessageSet, ViewNews, ViewOpened, ViewRow } from "../../../src/mail/mailbox_view.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import type { MailboxProtocol } from "../../../src/messages/mod.ts";
import { JOHN, type Listener, type MailboxWorld, settle, spawnListener } from "./support.ts";

type Opened = Extract<ViewOpened, { readonly type: "opened" }>;
type Request<K extends keyof MailboxProtocol> = MailboxProtocol[K]["request"];

/** A session as a client sees it: the UIDs it knows of, in the order of their sequence numbers. */
export class TestSession {
  /** What the client believes; 0 for a message whose UID it has not asked for. */
  uids: number[];
  recent: number;
  constructor(
    readonly world: MailboxWorld,
    readonly listener: Listener,
    readonly opened: Opened,
    readonly account: AccountId,
  ) {
    this.uids = Array<number>(opened.status.messages).fill(0);
    this.recent = opened.recent;
  }
  get view(): { readonly account: AccountId; readonly view: number } {
    return { account: this.account, view: this.opened.view };
  }
  ask<K extends keyof MailboxProtocol>(type: K, request: Omit<Request<K>, "account" | "view">) {
    return this.world.mailbox.ask(type, { ...this.view, ...request } as Request<K>) as Promise<
      MailboxProtocol[K]["reply"]
    >;
  }
  /** Asks for all news, as a client is told it; `changed` is given each row. */
  async news(expunges = true, changed: (row: FlagRow) => void = (row) => this.note(row)): Promise<ViewNews> {
    for (;;) {
      const news = await this.ask("mailbox.news", { expunges });
      for (const { sequence, uid } of news.expunged) {
        const [known] = this.uids.splice(sequence - 1, 1);
        if (known !== 0 && known !== uid) {
          throw new Error(`${sequence} EXPUNGE is ${uid}, the client took ${known} away`);
        }
      }
      if (this.uids.length > news.exists) throw new Error("fewer messages without an EXPUNGE");
      while (this.uids.length < news.exists) this.uids.push(0);
      this.recent = news.recent;
      for (const row of news.changed) changed(row);
      if (!news.more) return news;
    }
  }
  /** All rows of a set, page by page. */
  async rows(set: MessageSet, more: Partial<Request<"mailbox.rows">> = {}): Promise<ViewRow[]> {
    const rows: ViewRow[] = [];
    for (let after: number | null = 0; after !== null;) {
      const page: MailboxProtocol["mailbox.rows"]["reply"] = await this.ask("mailbox.rows", {
        set,
        after,
        index: false,
        changedSince: null,
        vanished: false,
        ...more,
      });
      rows.push(...page.rows);
      after = page.next;
    }
    for (const row of rows) this.note(row);
    return rows;
  }
  async store(
    set: MessageSet,
    how: "add" | "remove" | "replace",
    { flags = 0, keywords = [] as readonly string[], unchangedSince = null as number | null, ...more }: Partial<
      Request<"mailbox.store">
    >,
  ): Promise<MailboxProtocol["mailbox.store"]["reply"]> {
    return await this.ask("mailbox.store", { set, how, flags, keywords, unchangedSince, ...more });
  }
  async close(): Promise<void> {
    await this.ask("mailbox.close", {});
  }
  /** A row names a message that the client knows under its number. */
  note({ sequence, uid }: FlagRow): void {
    const known = this.uids[sequence - 1];
    if (known === undefined) throw new Error(`row ${sequence} of ${this.uids.length} messages`);
    if (known !== 0 && known !== uid) throw new Error(`message ${sequence} was ${known}, now it is ${uid}`);
    this.uids[sequence - 1] = uid;
  }
}

export interface OpenOptions {
  readonly account?: AccountId;
  readonly name?: MailboxName;
  readonly readOnly?: boolean;
  readonly since?: Request<"mailbox.open">["since"];
  readonly session?: string;
  readonly listener?: Listener;
  readonly quotaBytes?: number;
  readonly quotaMessages?: number;
}

let sessions = 0;

/** Opens a view of INBOX, in a worker part of its own unless one is given. */
export async function openSession(world: MailboxWorld, options: OpenOptions = {}): Promise<TestSession> {
  const session = options.session ?? `s${++sessions}`;
  const listener = options.listener ?? await spawnListener(world, `front-${session}`);
  const account = options.account ?? JOHN;
  const opened = await world.mailbox.ask("mailbox.open", {
    account,
    name: options.name ?? INBOX_NAME,
    readOnly: options.readOnly ?? false,
    since: options.since ?? null,
    subscriber: listener.ref.address,
    session,
    quotaBytes: options.quotaBytes ?? 0,
    quotaMessages: options.quotaMessages ?? 0,
  });
  if (opened.type !== "opened") throw new Error("no such mailbox");
  return new TestSession(world, listener, opened, account);
}

export const ALL: MessageSet = { by: "sequence", pairs: [1, 0] };

export function uids(...pairs: number[]): MessageSet {
  return { by: "uid", pairs };
}

export function sequence(...pairs: number[]): MessageSet {
  return { by: "sequence", pairs };
}

/** Settles `work` on a fake clock that has to be moved for turns of long work. */
export async function inTurns<T>(world: MailboxWorld, work: Promise<T>): Promise<T> {
  let done = false;
  const ended = () => void (done = true);
  work.then(ended, ended);
  while (!done) {
    await settle();
    world.clock.advance(1);
  }
  return await work;
}
