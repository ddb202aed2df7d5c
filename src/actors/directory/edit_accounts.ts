import { Failure } from "../../base/mod.ts";
import type { AccountId, Quota } from "../../mail/mod.ts";
import type { AccountRecord, AliasRecord, DirectoryProtocol } from "../../messages/mod.ts";
import { listName } from "../../policy/list/name.ts";
import type { DirectoryBook, Secrets } from "./book.ts";
import { realDomain } from "./edit_domains.ts";
import { type CanonicalAddress, canonicalAddress, writtenAddress } from "./names.ts";

/** Accounts of one server. */
export const ACCOUNTS_MAX = 200_000;
/** Aliases of one server. */
export const ALIASES_MAX = 200_000;
/** Targets of one alias: more could never be delivered to (see the routing table's limit). */
export const TARGETS_MAX = 1_000;

type Request<K extends keyof DirectoryProtocol> = DirectoryProtocol[K]["request"];

/** A free address in a domain of ours. Throws Failure `invalid`, `not_found` or `exists`. */
export function freeAddress(book: DirectoryBook, text: string): CanonicalAddress {
  const address = canonicalAddress(text);
  realDomain(book, address.domain);
  if (book.accounts.has(address.text)) throw new Failure("exists", `${address.text} is an account already`);
  if (book.aliases.has(address.text)) throw new Failure("exists", `${address.text} is an alias already`);
  const list = listOf(book, address.text);
  if (list !== null) throw new Failure("exists", `${address.text} belongs to the list ${list}`);
  return address;
}

/** The list that an address in canonical form is one of, or null. */
function listOf(book: DirectoryBook, address: string): string | null {
  const at = address.lastIndexOf("@");
  const named = listName(address.slice(0, at));
  const list = named.local + address.slice(at);
  // `cats+x` may be anybody's; what begins with `cats-bounces+` leads back to members.
  if (named.role === "post" && named.detail !== "") return null;
  return book.lists.has(list) ? list : null;
}

/** Adds an account whose password has been hashed. */
export function addAccount(
  book: DirectoryBook,
  request: Partial<Quota> & { address: string; secrets: Secrets; id: AccountId; createdAt: string },
): AccountRecord {
  const { secrets, id, createdAt } = request;
  const address = freeAddress(book, request.address).text;
  if (book.accounts.size >= ACCOUNTS_MAX) throw new Failure("refused", `there are ${ACCOUNTS_MAX} accounts already`);
  const record: AccountRecord = { id, address, disabled: false, quotaBytes: 0, ...checkedLimits(request), createdAt };
  book.commit([{ kind: "account", key: address, record }], [{ account: id, secrets }]);
  return record;
}

/** Changes what the request names; `secrets` are a new password's. Throws Failure `invalid` or `not_found`. */
export function updateAccount(
  book: DirectoryBook,
  request: Omit<Request<"directory.accountUpdate">, "password">,
  secrets: Secrets | null,
): AccountRecord {
  const before = existingAccount(book, request.address);
  const record: AccountRecord = {
    ...before,
    disabled: request.disabled ?? before.disabled,
    ...checkedLimits(request),
  };
  const credentials = secrets === null ? [] : [{ account: record.id, secrets }];
  book.commit([{ kind: "account", key: record.address, record }], credentials);
  return record;
}

/** Removes an account and its passwords; aliases that name it stay and lead nowhere. */
export function removeAccount(book: DirectoryBook, text: string): AccountRecord {
  const record = existingAccount(book, text);
  book.commit([{ kind: "account", key: record.address, record: null }], [{ account: record.id, secrets: null }]);
  return record;
}

/** The account of that address. Throws Failure `invalid` or `not_found`. */
export function existingAccount(book: DirectoryBook, text: string): AccountRecord {
  const address = canonicalAddress(text).text;
  const account = book.accounts.get(address);
  if (account === undefined) throw new Failure("not_found", `there is no account ${address}`);
  return account;
}

/**
 * Adds an alias. Targets here may be added later, targets elsewhere are forwarded to; a circle of aliases is refused where it
 * matters, at RCPT.
 */
export function addAlias(
  book: DirectoryBook,
  request: Request<"directory.aliasAdd">,
  createdAt: string,
): AliasRecord {
  const address = freeAddress(book, request.address);
  if (book.aliases.size >= ALIASES_MAX) throw new Failure("refused", `there are ${ALIASES_MAX} aliases already`);
  if (request.targets.length === 0) throw new Failure("invalid", "an alias needs a target");
  if (request.targets.length > TARGETS_MAX) throw new Failure("invalid", `an alias has at most ${TARGETS_MAX} targets`);
  const targets = [...new Set(request.targets.map((target) => aliasTarget(book, target)))];
  const record: AliasRecord = { address: address.text, targets, createdAt };
  book.commit([{ kind: "alias", key: record.address, record }]);
  return record;
}

/** Removes an alias and answers its canonical address. Throws Failure `invalid` or `not_found`. */
export function removeAlias(book: DirectoryBook, text: string): string {
  const address = canonicalAddress(text).text;
  if (!book.aliases.has(address)) throw new Failure("not_found", `there is no alias ${address}`);
  book.commit([{ kind: "alias", key: address, record: null }]);
  return address;
}

function aliasTarget(book: DirectoryBook, text: string): string {
  const target = canonicalAddress(text);
  // Only the server of a domain knows what the case of its local parts means (RFC 5321 §2.4).
  return book.domains.has(target.domain) ? target.text : writtenAddress(text);
}

/** The limits that a request names. */
function checkedLimits({ quotaBytes, quotaMessages }: Partial<Quota>): Partial<Quota> {
  return {
    ...(quotaBytes === undefined ? {} : { quotaBytes: checkedLimit(quotaBytes, "bytes") }),
    ...(quotaMessages === undefined ? {} : { quotaMessages: checkedLimit(quotaMessages, "messages") }),
  };
}

function checkedLimit(limit: number, unit: string): number {
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new Failure("invalid", `a quota is a whole number of ${unit}, 0 for none`);
}
