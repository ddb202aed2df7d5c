import type { RoutableAccount } from "./route_types.ts";

/** The oldest enabled account of each domain: it gets the mail that a domain must take (RFC 5321 §4.5.1). */
export class OldestAccounts<A extends RoutableAccount> {
  readonly #byDomain = new Map<string, A>();
  constructor(private readonly all: ReadonlyMap<string, A>) {}

  get(domain: string): A | null {
    return this.#byDomain.get(domain) ?? null;
  }
  /** After an account was put into `all`. */
  changed(account: A): void {
    const domain = domainPart(account.address);
    const oldest = this.#byDomain.get(domain);
    if (oldest?.address === account.address) this.#search(domain);
    else if (!account.disabled && (oldest === undefined || isOlder(account, oldest))) {
      this.#byDomain.set(domain, account);
    }
  }
  /** After the account was taken out of `all`. */
  removed(address: string): void {
    const domain = domainPart(address);
    if (this.#byDomain.get(domain)?.address === address) this.#search(domain);
  }
  #search(domain: string): void {
    this.#byDomain.delete(domain);
    const suffix = `@${domain}`;
    for (const account of this.all.values()) {
      if (account.disabled || !account.address.endsWith(suffix)) continue;
      const oldest = this.#byDomain.get(domain);
      if (oldest === undefined || isOlder(account, oldest)) this.#byDomain.set(domain, account);
    }
  }
}

function isOlder(a: RoutableAccount, b: RoutableAccount): boolean {
  return a.createdAt === b.createdAt ? a.address < b.address : a.createdAt < b.createdAt;
}

/** The domain of a canonical `local@domain`: a local part may hold `@`, a domain cannot. */
export function domainPart(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}
