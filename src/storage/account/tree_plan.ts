import { isBelow, type MailboxName, parentsOf, parseMailboxName, type SpecialUse } from "../../mail/mailbox_name.ts";
import type { TreeWish } from "./change.ts";
import type { TreeOutcome } from "./types.ts";
import { FIXED_MAILBOXES, mailboxObjectId } from "./fixed_mailboxes.ts";
import { MAILBOX_MAX } from "../layout/keys.ts";
import { fixedRow, type TreeHead, type TreeRow, type TreeRows } from "./tree_rows.ts";

/** A mailbox that begins, or goes on, under a UIDVALIDITY. */
export interface MailboxEpoch {
  readonly mailbox: number;
  readonly uidValidity: number;
}

/** What becomes of the rows of a tree. */
export interface TreeEdit {
  readonly head: TreeHead;
  /** Null: the row goes. */
  readonly rows: readonly { readonly name: MailboxName; readonly row: TreeRow | null }[];
  readonly made: readonly MailboxEpoch[];
  /** Mailboxes whose UIDs begin anew. */
  readonly renewed: readonly MailboxEpoch[];
  readonly removed: readonly number[];
}

/** What a wish comes to: how it ends, and what changes (null: nothing). */
export interface TreePlanned {
  readonly outcome: TreeOutcome;
  readonly edit: TreeEdit | null;
}

export interface TreeContext {
  readonly account: string;
  /** The epoch of new mailboxes in the shard. */
  readonly epoch: number;
  readonly limits: { readonly mailboxesMax: number; readonly formerNamesMax: number };
  /** UIDVALIDITY of a mailbox that is there. */
  readonly epochOf: (mailbox: number) => number;
}

/** What a wish comes to. Reads rows and changes nothing. */
export function planTree(rows: TreeRows, wish: TreeWish, context: TreeContext): TreePlanned {
  const draft = new TreeDraft(rows, context);
  const outcome = outcomeOf(draft, wish);
  return { outcome, edit: outcome.type === "done" ? draft.edit() : null };
}

function outcomeOf(draft: TreeDraft, wish: TreeWish): TreeOutcome {
  switch (wish.wish) {
    case "create":
      return create(draft, wish.name, wish.specialUse);
    case "remove":
      return remove(draft, wish.name);
    case "rename":
      // RFC 9051 §6.3.6: INBOX stays where it is; its messages move.
      return wish.name === "INBOX" ? create(draft, wish.to, null) : rename(draft, wish.name, wish.to);
    case "subscribe":
      return draft.subscribe(wish.name, wish.subscribed);
  }
}

function create(draft: TreeDraft, name: MailboxName, specialUse: SpecialUse | null): TreeOutcome {
  if (draft.mailbox(name) > 0) return { type: "exists" };
  for (const parent of parentsOf(name)) if (draft.mailbox(parent) === 0) draft.make(parent, null);
  draft.make(name, specialUse);
  return draft.outcome(name);
}

function remove(draft: TreeDraft, name: MailboxName): TreeOutcome {
  if (name === "INBOX") return { type: "cannot" };
  const mailbox = draft.mailbox(name);
  if (mailbox === 0) return { type: "missing" };
  draft.leave(name);
  draft.removed.push(mailbox);
  return draft.outcomeOf(mailbox);
}

function rename(draft: TreeDraft, from: MailboxName, to: MailboxName): TreeOutcome {
  const moving = draft.from(from);
  if (moving.length === 0) return { type: "missing" };
  if (draft.mailbox(to) > 0) return { type: "exists" };
  if (isBelow(to, from)) return { type: "cannot" };
  const held = moving.map((name) => ({
    name,
    row: draft.row(name),
    to: parseMailboxName(to + name.slice(from.length)),
  }));
  if (held.some((each) => each.to === null)) return { type: "limit" };
  if (held.some((each) => draft.mailbox(each.to!) > 0 && !moving.includes(each.to!))) return { type: "exists" };
  for (const parent of parentsOf(to)) if (draft.mailbox(parent) === 0) draft.make(parent, null);
  for (const { name } of held) draft.leave(name);
  for (const { row, to: name } of held) draft.settle(name!, row);
  return draft.outcome(to);
}

const NO_ROW: TreeRow = { mailbox: 0, specialUse: null, subscribed: false, last: 0 };

/** Rows of a tree as they will be, over those that are. */
class TreeDraft {
  readonly removed: number[] = [];
  readonly #made: MailboxEpoch[] = [];
  readonly #renewed: MailboxEpoch[] = [];
  readonly #changed = new Map<MailboxName, TreeRow>();
  #head: TreeHead;
  constructor(private readonly rows: TreeRows, private readonly context: TreeContext) {
    this.#head = rows.head(context.epoch);
  }
  row(name: MailboxName): TreeRow {
    return this.#changed.get(name) ?? this.rows.get(name) ?? NO_ROW;
  }
  mailbox(name: MailboxName): number {
    return this.row(name).mailbox;
  }
  /** A name and those below it that have mailboxes. */
  from(name: MailboxName): MailboxName[] {
    const own = this.mailbox(name) > 0 ? [name] : [];
    return [...own, ...this.rows.below(name).filter(([, row]) => row.mailbox > 0).map(([below]) => below)];
  }
  make(name: MailboxName, specialUse: SpecialUse | null): void {
    const mailbox = this.#head.mailboxNext;
    this.#head = { ...this.#head, mailboxNext: mailbox + 1 };
    this.#made.push({ mailbox, uidValidity: this.#epoch() });
    this.#put(name, { mailbox, specialUse, subscribed: this.row(name).subscribed, last: 0 });
  }
  /**
   * A mailbox gets this name, too. RFC 9051 §2.3.1.1: name, UIDVALIDITY and UID name one message for ever, so its UIDs begin anew
   * unless its UIDVALIDITY is above all that the name had.
   */
  settle(name: MailboxName, { mailbox, specialUse, subscribed }: TreeRow): void {
    const held = this.row(name);
    if (this.context.epochOf(mailbox) <= Math.max(held.last, this.#head.retired)) {
      this.#renewed.push({ mailbox, uidValidity: this.#epoch() });
    }
    this.#put(name, { mailbox, specialUse, subscribed: held.subscribed || subscribed, last: 0 });
  }
  /** The name loses its mailbox; who subscribed to it stays subscribed (RFC 9051 §6.3.7). */
  leave(name: MailboxName): void {
    const { mailbox, subscribed } = this.row(name);
    this.#put(name, { mailbox: 0, specialUse: null, subscribed, last: this.context.epochOf(mailbox) });
  }
  subscribe(name: MailboxName, subscribed: boolean): TreeOutcome {
    if (this.row(name).subscribed !== subscribed) this.#put(name, { ...this.row(name), subscribed });
    return this.outcome(name);
  }
  /** "limit" when it would be too much, else "done". */
  outcome(name: MailboxName): TreeOutcome {
    return this.outcomeOf(this.mailbox(name));
  }
  outcomeOf(mailbox: number): TreeOutcome {
    const grown = this.#head.names > this.rows.head(this.context.epoch).names;
    if (grown && this.#head.names > this.context.limits.mailboxesMax) return { type: "limit" };
    if (this.#head.mailboxNext - 1 > MAILBOX_MAX) return { type: "limit" };
    return { type: "done", mailbox, objectId: mailbox === 0 ? "" : mailboxObjectId(this.context.account, mailbox) };
  }
  /** Null when nothing changes. The first change of an account writes what it had all along. */
  edit(): TreeEdit | null {
    if (this.#changed.size === 0) return null;
    const rows = this.rows.written
      ? []
      : FIXED_MAILBOXES.filter(({ name }) => !this.#changed.has(name)).map(({ name }) => ({
        name,
        row: fixedRow(name),
      }));
    const changed = [...this.#changed].map(([name, row]) => ({ name, row: isNothing(row) ? null : row }));
    const made = this.rows.written ? [] : FIXED_MAILBOXES.map(({ mailbox }) => ({
      mailbox,
      uidValidity: this.context.epoch,
    }));
    return {
      head: this.#head,
      rows: [...rows, ...changed],
      made: [...made, ...this.#made],
      renewed: this.#renewed,
      removed: this.removed,
    };
  }
  #put(name: MailboxName, row: TreeRow): void {
    const before = kindOf(this.row(name));
    let next = row;
    let { names, former, retired } = this.#head;
    if (before === "name") names--;
    if (before === "former") former--;
    if (kindOf(next) === "former" && former >= this.context.limits.formerNamesMax) {
      // No room to remember it by itself: it counts for all names.
      retired = Math.max(retired, next.last);
      next = NO_ROW;
    }
    if (kindOf(next) === "name") names++;
    if (kindOf(next) === "former") former++;
    this.#head = { ...this.#head, names, former, retired };
    this.#changed.set(name, next);
  }
  #epoch(): number {
    const uidValidity = Math.min(0xffff_ffff, Math.max(this.context.epoch, this.#head.epochNext));
    this.#head = { ...this.#head, epochNext: Math.min(0xffff_ffff, uidValidity + 1) };
    return uidValidity;
  }
}

function kindOf(row: TreeRow): "name" | "former" | "none" {
  return row.mailbox > 0 || row.subscribed ? "name" : row.last > 0 ? "former" : "none";
}

function isNothing(row: TreeRow): boolean {
  return kindOf(row) === "none";
}
