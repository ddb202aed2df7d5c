import { Failure } from "../../base/mod.ts";
import type { DirectoryChange, DirectoryProtocol, DomainRecord } from "../../messages/mod.ts";
import type { DirectoryBook } from "./book.ts";
import { canonicalAddress, domainName } from "./names.ts";

/** Domains of one server. */
export const DOMAINS_MAX = 100_000;

/** Separates the detail of `user+detail` in a new domain. */
const DETAIL_SEPARATOR = "+";

type Request<K extends keyof DirectoryProtocol> = DirectoryProtocol[K]["request"];

/** Adds a domain. Throws Failure `invalid`, `exists` or `not_found`. */
export function addDomain(
  book: DirectoryBook,
  request: Request<"directory.domainAdd">,
  createdAt: string,
): DomainRecord {
  const name = domainName(request.name);
  if (book.domains.has(name)) throw new Failure("exists", `domain ${name} exists already`);
  if (book.domains.size >= DOMAINS_MAX) throw new Failure("refused", `there are ${DOMAINS_MAX} domains already`);
  const aliasOf = request.aliasOf === undefined ? null : realDomain(book, request.aliasOf).name;
  if (aliasOf !== null && request.catchAll !== undefined) {
    throw new Failure("invalid", "a domain that is another name of one has no catch-all of its own");
  }
  const catchAll = request.catchAll === undefined ? null : catchAllAddress(book, request.catchAll, name);
  const record: DomainRecord = {
    name,
    disabled: false,
    catchAll,
    aliasOf,
    detailSeparator: DETAIL_SEPARATOR,
    createdAt,
  };
  book.commit([{ kind: "domain", key: name, record }]);
  return record;
}

/** Disables, enables or sets the catch-all (null: none). Throws Failure `invalid` or `not_found`. */
export function updateDomain(book: DirectoryBook, request: Request<"directory.domainUpdate">): DomainRecord {
  const before = existingDomain(book, request.name);
  if (before.aliasOf !== null && typeof request.catchAll === "string") {
    throw new Failure("invalid", `${before.name} is another name of ${before.aliasOf}: set the catch-all there`);
  }
  const record: DomainRecord = {
    ...before,
    disabled: request.disabled ?? before.disabled,
    catchAll: typeof request.catchAll === "string"
      ? catchAllAddress(book, request.catchAll, before.name)
      : request.catchAll === null
      ? null
      : before.catchAll,
  };
  book.commit([{ kind: "domain", key: record.name, record }]);
  return record;
}

/** Removes a domain and its aliases. Throws Failure `refused` while accounts or other names depend on it. */
export function removeDomain(book: DirectoryBook, text: string): readonly DirectoryChange[] {
  const { name } = existingDomain(book, text);
  const suffix = `@${name}`;
  const accounts = countWhere(book.accounts.keys(), (address) => address.endsWith(suffix));
  if (accounts > 0) throw new Failure("refused", `domain ${name} still has ${accounts} accounts: remove them first`);
  const lists = countWhere(book.lists.keys(), (address) => address.endsWith(suffix));
  if (lists > 0) throw new Failure("refused", `domain ${name} still has ${lists} lists: remove them first`);
  for (const other of book.domains.values()) {
    if (other.aliasOf === name) {
      throw new Failure("refused", `${other.name} is another name of ${name}: remove it first`);
    }
    if (other.name !== name && other.catchAll?.endsWith(suffix) === true) {
      throw new Failure("refused", `the catch-all of ${other.name} is ${other.catchAll}: change it first`);
    }
  }
  const changes: DirectoryChange[] = [{ kind: "domain", key: name, record: null }];
  for (const address of book.aliases.keys()) {
    if (address.endsWith(suffix)) changes.push({ kind: "alias", key: address, record: null });
  }
  book.commit(changes);
  return changes;
}

/** The domain of that name. Throws Failure `invalid` or `not_found`. */
export function existingDomain(book: DirectoryBook, text: string): DomainRecord {
  const name = domainName(text);
  const domain = book.domains.get(name);
  if (domain === undefined) throw new Failure("not_found", `there is no domain ${name}`);
  return domain;
}

/** A domain with users of its own. Throws Failure `invalid` for one that is only another name. */
export function realDomain(book: DirectoryBook, text: string): DomainRecord {
  const domain = existingDomain(book, text);
  if (domain.aliasOf === null) return domain;
  throw new Failure("invalid", `${domain.name} is only another name of ${domain.aliasOf}: use that one`);
}

/** The account may be added later; the domain must be ours, so that a catch-all is never a way out. */
function catchAllAddress(book: DirectoryBook, text: string, own: string): string {
  const address = canonicalAddress(text);
  if (address.domain !== own) realDomain(book, address.domain);
  return address.text;
}

function countWhere<T>(items: Iterable<T>, matches: (item: T) => boolean): number {
  let count = 0;
  for (const item of items) if (matches(item)) count++;
  return count;
}
