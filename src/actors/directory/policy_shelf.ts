import { Failure } from "../../base/mod.ts";
import type { KeptMtaStsPolicy } from "../../messages/mod.ts";
import type { DirectoryRow, DirectoryStore, DirectoryWrite } from "../../storage/directory_store.ts";

/** How much is kept. */
export interface ShelfLimits {
  readonly domainsMax: number;
  /** Texts of all policies together, in UTF-16 units; their bytes, as they are ASCII. */
  readonly charsMax: number;
}

/** As much as a delivery worker remembers. */
export const SHELF_LIMITS: ShelfLimits = { domainsMax: 10_000, charsMax: 16 * 1024 * 1024 };

/** Policies of one page, and the texts of a page after which it ends, in UTF-16 units. */
const PAGE_POLICIES = 100;
const PAGE_CHARS = 1024 * 1024;

/** What is known of a policy without looking at the disk. */
type Entry = Pick<KeptMtaStsPolicy, "fetchedAtMs" | "endsAtMs"> & { readonly chars: number };

/** MTA-STS policies on the disk; what they say is not read here. */
export class PolicyShelf {
  /** Fetched longest ago first. */
  readonly #entries = new Map<string, Entry>();
  #chars = 0;
  #version: number;

  /** Throws the store's Failure. */
  constructor(private readonly store: DirectoryStore, private readonly limits: ShelfLimits = SHELF_LIMITS) {
    this.#version = store.version();
    const kept = store.all("stsPolicy").map(policyOf).sort((a, b) => a.fetchedAtMs - b.fetchedAtMs);
    for (const policy of kept) this.#add(policy);
  }

  /** Keeps what is newer than what is there, and drops what is over, or too much. Durable when it returns; throws the store's Failure. */
  keep(policies: readonly KeptMtaStsPolicy[], nowMs: number): void {
    const writes = new Map<string, DirectoryWrite>();
    for (const policy of policies) {
      const { domain, fetchedAtMs, endsAtMs } = policy;
      if (endsAtMs <= nowMs || (this.#entries.get(domain)?.fetchedAtMs ?? -1) >= fetchedAtMs) continue;
      this.#remove(domain);
      this.#add(policy);
      writes.set(domain, { table: "stsPolicy", key: domain, row: { ...policy } });
    }
    for (const [domain, { endsAtMs }] of this.#entries) {
      const fits = this.#entries.size <= this.limits.domainsMax && this.#chars <= this.limits.charsMax;
      if (fits && endsAtMs > nowMs) continue;
      this.#remove(domain);
      writes.set(domain, { table: "stsPolicy", key: domain, row: null });
    }
    if (writes.size === 0) return;
    this.store.commit(this.#version + 1, [...writes.values()]);
    this.#version++;
  }

  /** The next policies behind a domain that are not over. */
  page(after: string | null, nowMs: number): { policies: KeptMtaStsPolicy[]; next: string | null } {
    const policies: KeptMtaStsPolicy[] = [];
    const rows = this.store.page("stsPolicy", { prefix: "", after, limit: PAGE_POLICIES });
    let chars = 0;
    let last: string | null = null;
    for (const policy of rows.map(policyOf)) {
      if (chars > PAGE_CHARS) return { policies, next: last };
      last = policy.domain;
      chars += policy.text.length;
      if (policy.endsAtMs > nowMs) policies.push(policy);
    }
    return { policies, next: rows.length < PAGE_POLICIES ? null : last };
  }

  #add({ domain, fetchedAtMs, endsAtMs, text }: KeptMtaStsPolicy): void {
    this.#entries.set(domain, { fetchedAtMs, endsAtMs, chars: text.length });
    this.#chars += text.length;
  }

  #remove(domain: string): void {
    this.#chars -= this.#entries.get(domain)?.chars ?? 0;
    this.#entries.delete(domain);
  }
}

function policyOf({ domain, id, fetchedAtMs, endsAtMs, text }: DirectoryRow): KeptMtaStsPolicy {
  const texts = typeof domain === "string" && typeof id === "string" && typeof text === "string";
  if (texts && typeof fetchedAtMs === "number" && typeof endsAtMs === "number") {
    return { domain, id, fetchedAtMs, endsAtMs, text };
  }
  throw new Failure("corrupt", "a record of an MTA-STS policy is malformed");
}
