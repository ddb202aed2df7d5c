import { assert } from "../base/mod.ts";
import type { DomainName } from "../mail/domain.ts";
import { shardOfDomain } from "../mail/placement.ts";
import type { AccountRecord, MailboxProtocol } from "../messages/mod.ts";
import type { ActorSystem, Ref } from "../runtime/types.ts";

/** How shards are dealt out to the mailbox workers of a node. */
export interface Placement {
  /** Fixed when the data directory is made. */
  readonly shardCount: number;
  readonly mailboxWorkers: number;
}

const PREFIX = "domain/";

/** Name of a domain's mailbox actor. */
export function mailboxActorName(domain: DomainName): string {
  return PREFIX + domain;
}

/** The prefix under which a mailbox worker starts its actors on demand. */
export const MAILBOX_ACTOR_PREFIX = PREFIX;

/** Which mailbox worker owns a shard. */
export function workerOfShard(shard: number, placement: Placement): string {
  return `mailbox-${shard % placement.mailboxWorkers}`;
}

/** The shards that one mailbox worker owns. */
export function shardsOfWorker(worker: number, placement: Placement): number[] {
  return Array.from({ length: placement.shardCount }, (_, shard) => shard)
    .filter((shard) => shard % placement.mailboxWorkers === worker);
}

/** The domain part of a canonical `local@domain`. */
export function domainOfAccount(account: Pick<AccountRecord, "address">): DomainName {
  const at = account.address.lastIndexOf("@");
  assert(at > 0, "an account's address has a domain");
  return account.address.slice(at + 1) as DomainName;
}

/** Finds the mailbox actor of a domain; refs are kept, as every mail asks for one. */
export class MailboxRefs {
  readonly #refs = new Map<DomainName, Ref<MailboxProtocol>>();
  constructor(private readonly system: ActorSystem, private readonly placement: Placement) {}

  forDomain(domain: DomainName): Ref<MailboxProtocol> {
    let ref = this.#refs.get(domain);
    if (ref === undefined) {
      const worker = workerOfShard(shardOfDomain(domain, this.placement.shardCount), this.placement);
      ref = this.system.ref<MailboxProtocol>({ node: this.system.node, worker, actor: mailboxActorName(domain) });
      this.#refs.set(domain, ref);
    }
    return ref;
  }

  forAccount(account: Pick<AccountRecord, "address">): Ref<MailboxProtocol> {
    return this.forDomain(domainOfAccount(account));
  }
}
