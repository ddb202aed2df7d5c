import type { AccountId } from "../../../mail/account.ts";
import type { MailboxNode, ShardStore } from "../../../storage/mod.ts";

/** Names that all atlases together keep; beyond it the oldest goes, and is read again when it is needed. 100 MB at worst. */
const NAMES_MAX = 500_000;

/** The mailboxes of an account by number: the store knows them by name, and tells changes by number. */
export interface Atlas {
  readonly nodes: ReadonlyMap<number, MailboxNode>;
  readonly subscribed: ReadonlySet<string>;
  /** The highest number; one above it is of a mailbox made since. */
  readonly highest: number;
}

/** Atlases of the accounts whose mailboxes are watched: one for all who watch. */
export class Atlases {
  readonly #atlases = new Map<AccountId, Atlas>();
  #names = 0;

  constructor(private readonly shard: Pick<ShardStore, "mailboxes">, private readonly namesMax = NAMES_MAX) {}

  of(account: AccountId): Atlas {
    const known = this.#atlases.get(account);
    if (known !== undefined) return known;
    const atlas = atlasOf(this.shard.mailboxes(account));
    this.#atlases.set(account, atlas);
    this.#names += atlas.nodes.size;
    for (const [oldest] of this.#atlases) {
      if (this.#names <= this.namesMax || oldest === account) break;
      this.forget(oldest);
    }
    return atlas;
  }

  /** The mailbox of a number, or null when it is gone. Numbers rise and are never used again. */
  node(account: AccountId, mailbox: number): MailboxNode | null {
    if (mailbox > this.of(account).highest) this.forget(account);
    return this.of(account).nodes.get(mailbox) ?? null;
  }

  /** Something happened to the account's names or subscriptions. */
  forget(account: AccountId): void {
    this.#names -= this.#atlases.get(account)?.nodes.size ?? 0;
    this.#atlases.delete(account);
  }

  /** Nobody watches any more. */
  clear(): void {
    this.#atlases.clear();
    this.#names = 0;
  }
}

function atlasOf(list: readonly MailboxNode[]): Atlas {
  const nodes = new Map<number, MailboxNode>();
  const subscribed = new Set<string>();
  let highest = 0;
  for (const node of list) {
    if (node.mailbox > 0) nodes.set(node.mailbox, node);
    if (node.subscribed) subscribed.add(node.name);
    highest = Math.max(highest, node.mailbox);
  }
  return { nodes, subscribed, highest };
}
