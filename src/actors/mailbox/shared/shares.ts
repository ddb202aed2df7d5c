import type { AccountId } from "../../../mail/account.ts";
import type { ShardStore } from "../../../storage/mod.ts";
import { readAcl } from "./acl_rows.ts";

/** An account that shares mailboxes. */
export interface Sharer {
  readonly owner: AccountId;
  readonly address: string;
  /** Mailboxes with an access list; some may be gone. */
  readonly mailboxes: ReadonlySet<number>;
}

interface Known extends Sharer {
  readonly mailboxes: Set<number>;
}

/** Which accounts of a domain share mailboxes: found in the store when it is first needed, and kept in step from then on. */
export class Shares {
  #owners: Map<AccountId, Known> | null = null;
  readonly #addresses = new Map<string, AccountId>();
  #last: Promise<unknown> = Promise.resolve();
  constructor(private readonly shard: Pick<ShardStore, "shared" | "acl">, private readonly domain: string) {}

  /** Whether an address is of this domain: nothing is shared beyond it. */
  covers(address: string): boolean {
    return address.endsWith(`@${this.domain}`);
  }
  all(): Iterable<Sharer> {
    return this.#known().values();
  }
  ownerOf(address: string): AccountId | null {
    this.#known();
    return this.#addresses.get(address) ?? null;
  }
  /** The address of an account that shares mailboxes; null when it shares none. */
  addressOf(owner: AccountId): string | null {
    return this.#known().get(owner)?.address ?? null;
  }
  has(owner: AccountId, mailbox: number): boolean {
    return this.#known().get(owner)?.mailboxes.has(mailbox) === true;
  }
  /** The mailbox has an access list from now on. */
  note(owner: AccountId, mailbox: number, address: string): void {
    const owners = this.#known();
    const known = owners.get(owner) ?? { owner, address, mailboxes: new Set() };
    owners.set(owner, known);
    this.#addresses.set(address, owner);
    known.mailboxes.add(mailbox);
  }
  /** The mailbox has none any more; without a mailbox, the account is gone. */
  forget(owner: AccountId, mailbox: number | null = null): void {
    const known = this.#known().get(owner);
    if (known === undefined) return;
    if (mailbox !== null) known.mailboxes.delete(mailbox);
    if (mailbox !== null && known.mailboxes.size > 0) return;
    this.#owners!.delete(owner);
    this.#addresses.delete(known.address);
  }
  /** Changes of access lists build on what they find: one after the other, and each finds what those before have left. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => {});
    return done;
  }

  #known(): Map<AccountId, Known> {
    if (this.#owners !== null) return this.#owners;
    this.#owners = new Map();
    const foreign = new Set<AccountId>();
    for (const { account, mailbox } of this.shard.shared()) {
      const known = this.#owners.get(account);
      if (known !== undefined) known.mailboxes.add(mailbox);
      else if (!foreign.has(account)) {
        // The owner's own entry stands with the others: of the shard's domains it names one.
        const own = readAcl(this.shard.acl(account, mailbox)).find(({ who }) => who === account);
        if (own !== undefined && this.covers(own.identifier)) this.note(account, mailbox, own.identifier);
        else foreign.add(account);
      }
    }
    return this.#owners;
  }
}
