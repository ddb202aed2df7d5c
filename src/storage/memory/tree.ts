import { Buffer } from "node:buffer";
import { isBelow, type MailboxName, parentsOf, parseMailboxName, type SpecialUse } from "../../mail/mailbox_name.ts";
import type { TreeWish } from "../account/change.ts";
import type { MailboxNode, TreeOutcome } from "../account/types.ts";
import { FIXED_MAILBOXES, MADE_MAILBOX_MIN, mailboxObjectId } from "../account/fixed_mailboxes.ts";
import { MAILBOX_MAX } from "../layout/keys.ts";
import type { StoreLimits } from "../limits.ts";
import type { MemoryMailbox } from "./mailbox.ts";

/** What a name of the tree holds. */
interface Name {
  mailbox: number;
  specialUse: SpecialUse | null;
  subscribed: boolean;
  /** UIDVALIDITY of the last mailbox that lost this name. */
  last: number;
}

/** Where the mailboxes of one account are kept, and how they begin and end. */
export interface TreeHome {
  readonly account: string;
  /** The epoch of new mailboxes in the shard. */
  readonly epoch: number;
  readonly numbers: readonly number[];
  find(mailbox: number): MemoryMailbox | null;
  make(mailbox: number, uidValidity: number): MemoryMailbox;
  remove(mailbox: number): void;
  /** The mailbox goes on under another UIDVALIDITY. */
  renew(mailbox: number, uidValidity: number): void;
  /** All messages of INBOX move. */
  drain(to: number): void;
}

/** The names of one account, and what they were. */
export class MemoryTree {
  readonly #names = new Map<MailboxName, Name>();
  #numberNext: number;
  #epochNext: number;
  /** The highest UIDVALIDITY of names that were forgotten. */
  #retired = 0;
  constructor(private readonly home: TreeHome, private readonly limits: StoreLimits) {
    for (const { mailbox, name, specialUse } of FIXED_MAILBOXES) {
      this.#names.set(name, { mailbox, specialUse, subscribed: true, last: 0 });
      if (home.find(mailbox) === null) home.make(mailbox, home.epoch);
    }
    this.#numberNext = Math.max(MADE_MAILBOX_MIN, ...home.numbers.map((number) => number + 1));
    this.#epochNext = home.epoch + 1;
  }
  get epochNext(): number {
    return this.#epochNext;
  }
  nodes(): MailboxNode[] {
    const nodes: MailboxNode[] = [];
    for (const [name, { mailbox, specialUse, subscribed }] of this.#names) {
      if (mailbox > 0 || subscribed) nodes.push(nodeOf(this.home.account, { mailbox, name, specialUse, subscribed }));
    }
    return sortedNodes(nodes);
  }
  wish(wish: TreeWish): TreeOutcome {
    switch (wish.wish) {
      case "create":
        return this.#create(wish.name, wish.specialUse);
      case "remove":
        return this.#remove(wish.name);
      case "rename":
        return wish.name === "INBOX" ? this.#renameInbox(wish.to) : this.#rename(wish.name, wish.to);
      case "subscribe":
        return this.#subscribe(wish.name, wish.subscribed);
    }
  }
  #create(name: MailboxName, specialUse: SpecialUse | null): TreeOutcome {
    if (this.#mailbox(name) > 0) return { type: "exists" };
    const made = [...parentsOf(name).filter((parent) => this.#mailbox(parent) === 0), name];
    if (this.#count([...made]) > this.limits.mailboxesMax || this.#numberNext + made.length - 1 > MAILBOX_MAX) {
      return { type: "limit" };
    }
    for (const each of made) {
      const number = this.#numberNext++;
      this.home.make(number, this.#epoch());
      this.#settle(each, number, each === name ? specialUse : null);
    }
    return this.#done(name);
  }
  #remove(name: MailboxName): TreeOutcome {
    if (name === "INBOX") return { type: "cannot" };
    const mailbox = this.#mailbox(name);
    if (mailbox === 0) return { type: "missing" };
    this.#leave(name);
    this.home.remove(mailbox);
    return this.#outcome(mailbox);
  }
  #rename(from: MailboxName, to: MailboxName): TreeOutcome {
    const moving = [...this.#names.keys()].filter((name) =>
      this.#mailbox(name) > 0 && (name === from || isBelow(name, from))
    );
    if (moving.length === 0) return { type: "missing" };
    if (this.#mailbox(to) > 0) return { type: "exists" };
    if (isBelow(to, from)) return { type: "cannot" };
    const renamed = moving.map((name) => parseMailboxName(to + name.slice(from.length)));
    if (renamed.some((name) => name === null)) return { type: "limit" };
    const targets = renamed as MailboxName[];
    if (targets.some((name) => this.#mailbox(name) > 0 && !moving.includes(name))) return { type: "exists" };
    const parents = parentsOf(to).filter((parent) => this.#mailbox(parent) === 0);
    const stay = moving.filter((name) => this.#names.get(name)!.subscribed);
    const gone = moving.filter((name) => !stay.includes(name) && !targets.includes(name));
    if (this.#count([...parents, ...targets, ...stay]) - gone.length > this.limits.mailboxesMax) {
      return { type: "limit" };
    }
    if (this.#numberNext + parents.length - 1 > MAILBOX_MAX) return { type: "limit" };
    for (const parent of parents) {
      const number = this.#numberNext++;
      this.home.make(number, this.#epoch());
      this.#settle(parent, number, null);
    }
    const held = moving.map((name) => ({ ...this.#names.get(name)! }));
    for (const name of moving) this.#leave(name);
    held.forEach(({ mailbox, specialUse, subscribed }, i) => {
      const name = targets[i]!;
      const floor = Math.max(this.#names.get(name)?.last ?? 0, this.#retired);
      if (this.home.find(mailbox)!.uidValidity <= floor) this.home.renew(mailbox, this.#epoch());
      this.#settle(name, mailbox, specialUse);
      if (subscribed) this.#names.get(name)!.subscribed = true;
    });
    return this.#done(to);
  }
  /** RFC 9051 §6.3.6: INBOX stays, empty; what lies below it stays as it is. */
  #renameInbox(to: MailboxName): TreeOutcome {
    const made = this.#create(to, null);
    if (made.type === "done") this.home.drain(made.mailbox);
    return made;
  }
  #subscribe(name: MailboxName, subscribed: boolean): TreeOutcome {
    const held = this.#names.get(name);
    if (subscribed) {
      if (this.#count([name]) > this.limits.mailboxesMax) return { type: "limit" };
      this.#names.set(name, { ...held ?? { mailbox: 0, specialUse: null, last: 0 }, subscribed });
    } else if (held !== undefined) {
      held.subscribed = false;
      this.#forget(name);
    }
    return this.#done(name);
  }
  #mailbox(name: MailboxName): number {
    return this.#names.get(name)?.mailbox ?? 0;
  }
  /** Names that count, these among them. */
  #count(more: readonly MailboxName[]): number {
    const counted = new Set(more);
    for (const [name, { mailbox, subscribed }] of this.#names) if (mailbox > 0 || subscribed) counted.add(name);
    return counted.size;
  }
  #epoch(): number {
    const epoch = Math.max(this.home.epoch, this.#epochNext);
    this.#epochNext = epoch + 1;
    return epoch;
  }
  #settle(name: MailboxName, mailbox: number, specialUse: SpecialUse | null): void {
    this.#names.set(name, { mailbox, specialUse, subscribed: this.#names.get(name)?.subscribed ?? false, last: 0 });
  }
  #leave(name: MailboxName): void {
    const held = this.#names.get(name)!;
    held.last = this.home.find(held.mailbox)!.uidValidity;
    held.mailbox = 0;
    held.specialUse = null;
    this.#forget(name);
  }
  /** A name that is nothing any more is remembered for its UIDVALIDITY, while there is room. */
  #forget(name: MailboxName): void {
    const { mailbox, subscribed, last } = this.#names.get(name)!;
    if (mailbox > 0 || subscribed) return;
    const former = [...this.#names.values()].filter((each) => each.mailbox === 0 && !each.subscribed).length - 1;
    if (last > 0 && former < this.limits.formerNamesMax) return;
    this.#retired = Math.max(this.#retired, last);
    this.#names.delete(name);
  }
  #done(name: MailboxName): TreeOutcome {
    return this.#outcome(this.#mailbox(name));
  }
  #outcome(mailbox: number): TreeOutcome {
    return { type: "done", mailbox, objectId: mailbox === 0 ? "" : mailboxObjectId(this.home.account, mailbox) };
  }
}

/** The tree of an account of which nothing was written. */
export function fixedNodes(account: string): MailboxNode[] {
  return sortedNodes(FIXED_MAILBOXES.map((fixed) => nodeOf(account, { ...fixed, subscribed: true })));
}

function nodeOf(account: string, node: Omit<MailboxNode, "objectId">): MailboxNode {
  const { mailbox, name, specialUse, subscribed } = node;
  return { mailbox, name, objectId: mailbox === 0 ? "" : mailboxObjectId(account, mailbox), specialUse, subscribed };
}

function sortedNodes(nodes: MailboxNode[]): MailboxNode[] {
  return nodes.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}
