import { Buffer } from "node:buffer";
import type { AccountId } from "../../mail/account.ts";
import { Setting, type SettingEntry, type SettingKind, type TreeWish } from "../account/change.ts";
import type { MailboxNode, SettingOutcome, TreeOutcome } from "../account/types.ts";
import { FIXED_MAILBOXES } from "../account/fixed_mailboxes.ts";
import type { StoreLimits } from "../limits.ts";
import { MemoryMailbox } from "./mailbox.ts";
import { fixedNodes, MemoryTree, type TreeHome } from "./tree.ts";
import type { MailboxChange } from "../types.ts";

/** What an account knows of its shard. */
export interface AccountHome {
  /** The epoch of new mailboxes. */
  readonly epoch: () => number;
  readonly limits: StoreLimits;
  readonly tell: (account: AccountId, mailbox: number, change: MailboxChange) => void;
}

/** Mailboxes of one account, their names, and the settings beside them. */
export class MemoryAccount implements TreeHome {
  readonly mailboxes = new Map<number, MemoryMailbox>();
  readonly #settings = new Map<string, Map<string, Uint8Array>>();
  #tree: MemoryTree | null = null;
  constructor(readonly account: AccountId, private readonly home: AccountHome) {}
  get epoch(): number {
    return this.home.epoch();
  }
  get numbers(): readonly number[] {
    return [...this.mailboxes.keys()];
  }
  /** The epoch with which mailboxes of this account may not begin again; 0 when any will do. */
  get epochNext(): number {
    return this.#tree?.epochNext ?? 0;
  }
  /** By rising number. */
  inOrder(): MemoryMailbox[] {
    return [...this.mailboxes.values()].sort((a, b) => a.number - b.number);
  }
  nodes(): MailboxNode[] {
    return this.#tree?.nodes() ?? fixedNodes(this.account);
  }
  find(mailbox: number): MemoryMailbox | null {
    return this.mailboxes.get(mailbox) ?? null;
  }
  /** Whether something can be kept in or beside it. */
  has(mailbox: number): boolean {
    return this.mailboxes.has(mailbox) || (this.#tree === null && mailbox <= FIXED_MAILBOXES.length);
  }
  /** The mailbox that takes deliveries for this number. */
  forDelivery(mailbox: number): MemoryMailbox {
    return this.find(mailbox) ?? (this.#tree === null ? this.make(mailbox, this.epoch) : this.mailboxes.get(1)!);
  }
  make(mailbox: number, uidValidity: number): MemoryMailbox {
    const tell = ({ account, number }: MemoryMailbox, change: MailboxChange) => this.home.tell(account, number, change);
    const made = new MemoryMailbox(this.account, mailbox, uidValidity, tell);
    this.mailboxes.set(mailbox, made);
    return made;
  }
  remove(mailbox: number): void {
    this.mailboxes.delete(mailbox);
    for (const kind of Object.values(Setting)) this.#settings.delete(`${kind}/${mailbox}`);
    this.home.tell(this.account, mailbox, { kind: "ended" });
  }
  renew(mailbox: number, uidValidity: number): void {
    this.mailboxes.get(mailbox)!.uidValidity = uidValidity;
    this.home.tell(this.account, mailbox, { kind: "ended" });
  }
  drain(to: number): void {
    const [inbox, target] = [this.mailboxes.get(1)!, this.mailboxes.get(to)!];
    if (inbox.messages.size === 0) return;
    target.add([...inbox.messages.values()].map(({ row, body, annotations }) => ({ ...row, body, annotations })));
    inbox.expunge([...inbox.messages.keys()]);
  }
  wish(wish: TreeWish): TreeOutcome {
    if (this.#tree !== null) return this.#tree.wish(wish);
    const node = this.nodes().find(({ name }) => name === wish.name);
    if (wish.wish === "subscribe" && wish.subscribed === (node !== undefined)) {
      return { type: "done", mailbox: node?.mailbox ?? 0, objectId: node?.objectId ?? "" };
    }
    // What cannot be done leaves the account as it was.
    const outcome = this.#copy().wish(wish);
    if (outcome.type !== "done") return outcome;
    this.#tree = new MemoryTree(this, this.home.limits);
    return this.#tree.wish(wish);
  }
  #copy(): MemoryTree {
    const copy = new MemoryAccount(this.account, { ...this.home, tell: () => {} });
    for (const number of this.mailboxes.keys()) copy.make(number, 1);
    return new MemoryTree(copy, this.home.limits);
  }
  /** Mailboxes that have settings of a kind. */
  withSettings(kind: SettingKind): number[] {
    const names = [...this.#settings].filter(([name, held]) => name.startsWith(`${kind}/`) && held.size > 0);
    return names.map(([name]) => Number(name.slice(name.indexOf("/") + 1)));
  }
  settings(kind: SettingKind, mailbox: number): [string, Uint8Array][] {
    const held = [...this.#settings.get(`${kind}/${mailbox}`) ?? []];
    return held.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
  /** Bytes of all settings, annotations of messages among them. */
  get settingsTotal(): number {
    const settings = [...this.#settings.values()].reduce((sum, held) => sum + bytesOf(held), 0);
    return [...this.mailboxes.values()].reduce((sum, { annotationBytes }) => sum + annotationBytes, settings);
  }
  set(kind: SettingKind, mailbox: number, entries: readonly SettingEntry[]): SettingOutcome {
    if (mailbox !== 0 && !this.has(mailbox)) return { type: "missing" };
    const next = new Map(this.settings(kind, mailbox));
    for (const [name, value] of entries) {
      if (value === null) next.delete(name);
      else next.set(name, value.slice());
    }
    const bytes = bytesOf(next);
    const grown = bytes - bytesOf(this.#settings.get(`${kind}/${mailbox}`) ?? new Map());
    const { settingsMax, settingsBytesMax, accountSettingsBytesMax } = this.home.limits;
    if (next.size > settingsMax || bytes > settingsBytesMax) return { type: "limit" };
    if (grown > 0 && this.settingsTotal + grown > accountSettingsBytesMax) return { type: "limit" };
    this.#settings.set(`${kind}/${mailbox}`, next);
    return { type: "done" };
  }
}

function bytesOf(settings: ReadonlyMap<string, Uint8Array>): number {
  return [...settings].reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + value.length, 0);
}
