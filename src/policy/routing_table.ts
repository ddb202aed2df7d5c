import { unreachable } from "../base/mod.ts";
import { type Address, canonicalLocal, type DomainName, formatAddress } from "../mail/mod.ts";
import { realDomain, signerFor, type SigningSelectors } from "./domains.ts";
import { Expansion } from "./expansion.ts";
import { listName } from "./list/name.ts";
import { domainPart, OldestAccounts } from "./oldest_accounts.ts";
import type {
  RoutableAccount,
  RoutableAlias,
  RoutableDomain,
  RoutableList,
  Route,
  RoutingChange,
  RoutingSnapshot,
} from "./route_types.ts";

/** Local parts that every domain takes mail for: postmaster by RFC 5321 §4.5.1, abuse by RFC 2142 §4. */
const ROLES: ReadonlySet<string> = new Set(["postmaster", "abuse"]);

/** Answers that are remembered until the next change, and how many mailboxes and addresses one of them may lead to. */
const REMEMBERED_MAX = 1_000;
const REMEMBERED_TARGETS_MAX = 10;

/** A replica of the directory that answers where a recipient goes: a handful of map look-ups, never an await. */
export class RoutingTable<A extends RoutableAccount> {
  #version: number;
  readonly #domains = new Map<string, RoutableDomain>();
  readonly #accounts = new Map<string, A>();
  readonly #aliases = new Map<string, RoutableAlias>();
  readonly #lists = new Map<string, RoutableList>();
  readonly #oldest = new OldestAccounts(this.#accounts);
  #firstDomain: RoutableDomain | null = null;
  /** Each mail asks several times for the same addresses. */
  readonly #remembered = new Map<string, Route<A>>();

  constructor(snapshot: RoutingSnapshot<A>) {
    this.#version = snapshot.version;
    for (const domain of snapshot.domains) this.#domains.set(domain.name, domain);
    for (const alias of snapshot.aliases) this.#aliases.set(alias.address, alias);
    for (const list of snapshot.lists ?? []) this.#lists.set(list.address, list);
    for (const account of snapshot.accounts) {
      this.#accounts.set(account.address, account);
      this.#oldest.changed(account);
    }
    this.#firstDomain = this.#oldestDomain();
  }

  get version(): number {
    return this.#version;
  }

  /** Applies the changes of the version after ours. False when versions lie between: a new snapshot is needed. */
  applyChanges(version: number, changes: readonly RoutingChange<A>[]): boolean {
    if (version <= this.#version) return true; // Told twice: the snapshot had it already.
    if (version !== this.#version + 1) return false;
    for (const change of changes) this.#apply(change);
    this.#remembered.clear();
    this.#version = version;
    return true;
  }

  #apply(change: RoutingChange<A>): void {
    switch (change.kind) {
      case "domain":
        put(this.#domains, change.key, change.record);
        this.#firstDomain = this.#oldestDomain();
        return;
      case "alias":
        return put(this.#aliases, change.key, change.record);
      case "list":
        return put(this.#lists, change.key, change.record);
      case "account":
        put(this.#accounts, change.key, change.record);
        if (change.record === null) this.#oldest.removed(change.key);
        else this.#oldest.changed(change.record);
        return;
      default:
        return unreachable(change);
    }
  }

  /** Where mail for this recipient goes. */
  resolve(address: Address): Route<A> {
    const key = `${address.local}@${address.domain ?? ""}`;
    const remembered = address.literal === null ? this.#remembered.get(key) : undefined;
    if (remembered !== undefined) return remembered;
    const route = this.#resolve(address);
    if (address.literal === null && isShort(route)) {
      if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
      this.#remembered.set(key, route);
    }
    return route;
  }

  #resolve(address: Address): Route<A> {
    const found = new Expansion<A>();
    const local = canonicalLocal(address.local);
    if (address.literal !== null) {
      found.step(`[${address.literal}] is an address literal: mail is taken for domains by name only`);
      return refused("relayDenied", found);
    }
    const name = address.domain ?? this.#bareDomain(local, found);
    return name === null ? refused("relayDenied", found) : this.#resolveIn(name, local, found);
  }

  /** RFC 5321 §4.5.1: `<Postmaster>` without a domain is taken too; it is the oldest domain's. */
  #bareDomain(local: string, found: Expansion<A>): string | null {
    if (local === "postmaster" && this.#firstDomain !== null) {
      found.step(`postmaster without a domain is postmaster@${this.#firstDomain.name}`);
      return this.#firstDomain.name;
    }
    found.step("the address has no domain");
    return null;
  }

  /** Whose keys sign for this domain; null when nobody's do. */
  signer(name: string): SigningSelectors | null {
    return signerFor(name, this.#domains);
  }

  #resolveIn(name: string, local: string, found: Expansion<A>): Route<A> {
    const domain = realDomain(name, this.#domains, found);
    if (domain === null) return refused("relayDenied", found);
    if (domain.disabled) {
      found.step(`domain ${domain.name} is disabled`);
      return refused("disabled", found);
    }
    this.#follow(local, domain, found);
    return found.route();
  }

  /** Tries in order: the address itself, without its detail, the roles every domain has, the domain's catch-all. */
  #follow(local: string, domain: RoutableDomain, found: Expansion<A>): void {
    const whole = keyOf(local, domain);
    if (this.#exact(whole, found) || this.#list(local, domain, found)) return;
    const plain = withoutDetail(local, domain.detailSeparator);
    if (plain !== local) {
      found.step(`without its detail, ${whole} is ${keyOf(plain, domain)}`);
      if (this.#exact(keyOf(plain, domain), found)) return;
    }
    if (domain.catchAll !== null) {
      found.step(`${domain.name} sends mail for unknown users to ${domain.catchAll}`);
      return this.#through(`@${domain.name}`, [domain.catchAll], found);
    }
    if (ROLES.has(plain)) return this.#role(plain, domain, found);
    found.step(`${keyOf(plain, domain)} is neither an account nor an alias`);
  }

  #exact(key: string, found: Expansion<A>): boolean {
    const account = this.#accounts.get(key);
    if (account !== undefined) {
      found.deliverTo(account);
      return true;
    }
    const alias = this.#aliases.get(key);
    if (alias === undefined) return false;
    found.step(`${key} is an alias of ${namesOf(alias.targets)}`);
    this.#through(key, alias.targets, found);
    return true;
  }

  /** A list has names beside its own; the detail of those is its own affair. */
  #list(local: string, domain: RoutableDomain, found: Expansion<A>): boolean {
    if (this.#lists.size === 0) return false;
    const named = listName(local);
    const list = this.#lists.get(keyOf(named.local, domain));
    if (list === undefined) return false;
    const address = keyOf(local, domain);
    if (named.role === "owner") {
      found.step(`${address} stands for the owners of ${list.address}`);
      this.#through(address, list.owners, found);
    } else found.toList({ list: list.address, role: named.role, address, verp: list.verp });
    return true;
  }

  #through(key: string, targets: readonly string[], found: Expansion<A>): void {
    if (!found.enter(key)) return;
    for (const target of targets) {
      if (!found.visit()) break;
      this.#target(target, found);
    }
    found.leave(key);
  }

  #target(target: string, found: Expansion<A>): void {
    const name = domainPart(target);
    if (!this.#domains.has(name)) return found.forwardTo(target);
    const domain = realDomain(name, this.#domains, found);
    if (domain === null) return;
    if (domain.disabled) return found.disabled(`domain ${domain.name} is disabled`);
    this.#follow(localPart(target), domain, found);
  }

  #role(local: string, domain: RoutableDomain, found: Expansion<A>): void {
    const rule = `${local}@${domain.name} must take mail (${local === "abuse" ? "RFC 2142 §4" : "RFC 5321 §4.5.1"})`;
    const own = this.#oldest.get(domain.name);
    const first = own ?? (this.#firstDomain === null ? null : this.#oldest.get(this.#firstDomain.name));
    if (first === null) return found.disabled(`${rule}, but there is no account that could: later`);
    found.step(`${rule}: it goes to the oldest account of ${domainPart(first.address)}`);
    found.deliverTo(first);
  }

  /** The oldest domain that has users of its own: where mail goes that belongs to no domain in particular. */
  #oldestDomain(): RoutableDomain | null {
    let oldest: RoutableDomain | null = null;
    for (const domain of this.#domains.values()) {
      if (domain.disabled || domain.aliasOf !== null) continue;
      if (oldest === null || isOlder(domain, oldest)) oldest = domain;
    }
    return oldest;
  }
}

function isOlder(a: RoutableDomain, b: RoutableDomain): boolean {
  return a.createdAt === b.createdAt ? a.name < b.name : a.createdAt < b.createdAt;
}

/** An address as the directory keeps it: quoted where it must be. */
function keyOf(local: string, domain: RoutableDomain): string {
  return formatAddress({ local, domain: domain.name as DomainName, literal: null });
}

/** The local part of such a key, without quotes. */
function localPart(key: string): string {
  const written = key.slice(0, key.lastIndexOf("@"));
  return written.startsWith('"') ? written.slice(1, -1).replace(/\\(.)/gs, "$1") : written;
}

function put<T>(map: Map<string, T>, key: string, record: T | null): void {
  if (record === null) map.delete(key);
  else map.set(key, record);
}

function refused<A extends RoutableAccount>(type: "relayDenied" | "disabled", found: Expansion<A>): Route<A> {
  return { type, steps: found.route().steps };
}

function isShort<A extends RoutableAccount>(route: Route<A>): boolean {
  if (route.type !== "local") return true;
  return route.accounts.length + route.forwards.length + route.lists.length <= REMEMBERED_TARGETS_MAX;
}

function withoutDetail(local: string, separator: string | null): string {
  const at = separator === null ? -1 : local.indexOf(separator);
  return at > 0 ? local.slice(0, at) : local;
}

/** Names at most a few targets: an alias may have a thousand. */
function namesOf(targets: readonly string[]): string {
  const shown = targets.slice(0, 5).join(", ");
  return targets.length > 5 ? `${shown} and ${targets.length - 5} more` : shown;
}
