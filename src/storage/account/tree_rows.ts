import { type MailboxName, SPECIAL_USES, type SpecialUse } from "../../mail/mailbox_name.ts";
import type { MailboxNode } from "./types.ts";
import { FIXED_MAILBOXES, MADE_MAILBOX_MIN, mailboxObjectId } from "./fixed_mailboxes.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { type KeyRange, mailOf, readMailKey, readTreeName, treeBelow, treeKey, treeNames } from "../layout/keys.ts";
import { getU32, getU48, putU32, putU48 } from "../layout/pack.ts";
import { damaged } from "../layout/values.ts";

/** What a name of the tree holds. */
export interface TreeRow {
  /** 0: no mailbox has this name. */
  readonly mailbox: number;
  readonly specialUse: SpecialUse | null;
  readonly subscribed: boolean;
  /** UIDVALIDITY of the last mailbox that lost this name; 0: none did, or one has it now. */
  readonly last: number;
}

/** What the tree of an account holds beside its names. */
export interface TreeHead {
  /** Number of the next mailbox; never used twice. */
  readonly mailboxNext: number;
  /** UIDVALIDITY of the next mailbox, unless the shard is further. */
  readonly epochNext: number;
  /** The highest UIDVALIDITY of names that were forgotten. */
  readonly retired: number;
  /** Names that have a mailbox or are subscribed; and those that only are remembered. */
  readonly names: number;
  readonly former: number;
}

const FORM = 1;

export function encodeTreeRow({ mailbox, specialUse, subscribed, last }: TreeRow): Uint8Array {
  const bytes = new Uint8Array(11);
  bytes[0] = FORM;
  putU32(bytes, 1, mailbox);
  bytes[5] = specialUse === null ? 0 : 1 + SPECIAL_USES.indexOf(specialUse);
  bytes[6] = Number(subscribed);
  putU32(bytes, 7, last);
  return bytes;
}

export function decodeTreeRow(stored: Uint8Array): TreeRow {
  if (stored.length !== 11 || stored[0] !== FORM) throw damaged("name");
  return {
    mailbox: getU32(stored, 1),
    specialUse: SPECIAL_USES[stored[5]! - 1] ?? null,
    subscribed: stored[6] === 1,
    last: getU32(stored, 7),
  };
}

export function encodeTreeHead(head: TreeHead): Uint8Array {
  const bytes = new Uint8Array(23);
  bytes[0] = FORM;
  // One more than the highest number there can be, when none is left.
  putU48(bytes, 1, head.mailboxNext);
  putU32(bytes, 7, head.epochNext);
  putU32(bytes, 11, head.retired);
  putU32(bytes, 15, head.names);
  putU32(bytes, 19, head.former);
  return bytes;
}

export function decodeTreeHead(stored: Uint8Array): TreeHead {
  if (stored.length !== 23 || stored[0] !== FORM) throw damaged("tree");
  return {
    mailboxNext: getU48(stored, 1),
    epochNext: getU32(stored, 7),
    retired: getU32(stored, 11),
    names: getU32(stored, 15),
    former: getU32(stored, 19),
  };
}

/** Names and their rows in one account, as they are committed; those that every account has before anything is written. */
export class TreeRows {
  readonly #head: TreeHead | null;
  constructor(private readonly index: IndexEnv, private readonly account: string) {
    const stored = index.get(treeKey(account, ""));
    this.#head = stored === undefined ? null : decodeTreeHead(stored);
  }
  /** Whether anything of the tree was written. */
  get written(): boolean {
    return this.#head !== null;
  }
  head(epoch: number): TreeHead {
    if (this.#head !== null) return this.#head;
    const [last] = this.index.range({ ...mailOf(this.account), limit: 1, reverse: true });
    const highest = last === undefined ? 0 : readMailKey(last.key).mailbox;
    return {
      mailboxNext: Math.max(MADE_MAILBOX_MIN, highest + 1),
      epochNext: epoch + 1,
      retired: 0,
      names: FIXED_MAILBOXES.length,
      former: 0,
    };
  }
  get(name: MailboxName): TreeRow | null {
    if (this.#head === null) return fixedRow(name);
    const stored = this.index.get(treeKey(this.account, name));
    return stored === undefined ? null : decodeTreeRow(stored);
  }
  /** Rows of the names below a name. */
  below(name: MailboxName): [MailboxName, TreeRow][] {
    return this.#head === null ? [] : this.#range(treeBelow(this.account, name));
  }
  /** Mailboxes and subscriptions by the octets of their names. */
  nodes(): MailboxNode[] {
    return this.#all()
      .filter(([, { mailbox, subscribed }]) => mailbox > 0 || subscribed)
      .map(([name, row]) => nodeOf(this.account, name, row));
  }
  /** The mailbox or subscription of this name. */
  node(name: MailboxName): MailboxNode | null {
    const row = this.get(name);
    return row === null || (row.mailbox === 0 && !row.subscribed) ? null : nodeOf(this.account, name, row);
  }
  #all(): [MailboxName, TreeRow][] {
    if (this.#head !== null) return this.#range(treeNames(this.account));
    const names = FIXED_MAILBOXES.map(({ name }) => name).sort();
    return names.map((name) => [name, fixedRow(name)!]);
  }
  #range(range: KeyRange): [MailboxName, TreeRow][] {
    return this.index.range({ ...range, limit: Infinity }).map(({ key, value }) => [
      readTreeName(key) as MailboxName,
      decodeTreeRow(value),
    ]);
  }
}

/** The row of a name that every account has. */
export function fixedRow(name: MailboxName): TreeRow | null {
  const fixed = FIXED_MAILBOXES.find((each) => each.name === name);
  return fixed === undefined
    ? null
    : { mailbox: fixed.mailbox, specialUse: fixed.specialUse, subscribed: true, last: 0 };
}

function nodeOf(account: string, name: MailboxName, { mailbox, specialUse, subscribed }: TreeRow): MailboxNode {
  return { mailbox, name, objectId: mailbox === 0 ? "" : mailboxObjectId(account, mailbox), specialUse, subscribed };
}
