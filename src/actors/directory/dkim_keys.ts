import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { Failure } from "../../base/mod.ts";
import type {
  DirectoryChange,
  DkimKeyRecord,
  DomainRecord,
  ListReply,
  ListRequest,
  SigningKey,
} from "../../messages/mod.ts";
import { keyRecordName, keyRecordText, publicTextOf, SIGNING_BITS_MIN } from "../../policy/dkim/mod.ts";
import type { DirectoryBook, DkimKeyChange } from "./book.ts";
import { dkimKeyName, type DkimKeyRow, signingSelectors } from "./dkim_key_rows.ts";
import { existingDomain } from "./edit_domains.ts";
import { PAGE_MAX } from "./lists.ts";

/** Keys of one domain: some rotations whose old keys nobody has removed. */
export const DKIM_KEYS_MAX = 20;

/** The worker that signs: nobody else is given a secret key. */
export const SIGNING_WORKER = "policy";

/** Pairs made on one day that can be told from each other: `20260131`, `20260131b` … */
const PAIR_LETTERS = ["", ..."bcdefghijklmnopqrstuvwxyz"];

/** Secret keys of both kinds, in PEM. */
export interface DkimPair {
  readonly rsa: string;
  readonly ed25519: string;
}

/** What people may see of a key. */
export function shownDkimKey({ pem, ...row }: DkimKeyRow): DkimKeyRecord {
  const shown = { ...row, publicKey: publicTextOf(pem) };
  return { ...shown, record: { name: keyRecordName(row), text: keyRecordText(shown) } };
}

const generate = promisify(generateKeyPair);

/** Makes keys of both kinds, on a thread of the runtime: RSA takes a third of a second. */
export async function makeDkimPair(): Promise<DkimPair> {
  const [rsa, ed25519] = await Promise.all([
    generate("rsa", { modulusLength: SIGNING_BITS_MIN }),
    generate("ed25519"),
  ]);
  return { rsa: pemOf(rsa), ed25519: pemOf(ed25519) };
}

function pemOf({ privateKey }: { readonly privateKey: { export(options: object): string | Uint8Array } }): string {
  return String(privateKey.export({ type: "pkcs8", format: "pem" }));
}

/** The domain, if it may get new keys. Throws Failure `invalid`, `not_found`, `exists` or `refused`. */
export function rotatingDomain(book: DirectoryBook, text: string): DomainRecord {
  const domain = existingDomain(book, text);
  const keys = book.dkimKeys(domain.name);
  const next = keys.find(({ state }) => state === "next");
  if (next !== undefined) {
    throw new Failure("exists", `key ${next.selector} of ${domain.name} waits to be activated: do that, or remove it`);
  }
  if (keys.length + 2 > DKIM_KEYS_MAX) {
    throw new Failure("refused", `${domain.name} has ${keys.length} keys: remove those that are retired first`);
  }
  return domain;
}

/** Keeps the pair that is to sign next. Throws as `rotatingDomain`. */
export function addNextPair(book: DirectoryBook, text: string, { pair, now }: {
  readonly pair: DkimPair;
  /** RFC 3339. */
  readonly now: string;
}): readonly DkimKeyRow[] {
  const { name: domain } = rotatingDomain(book, text);
  const day = now.slice(0, 10).replaceAll("-", "");
  const taken = new Set(book.dkimKeys(domain).map(({ selector }) => selector));
  const letter = PAIR_LETTERS.find((letter) => !taken.has(`${day}${letter}-rsa`) && !taken.has(`${day}${letter}-ed`));
  if (letter === undefined) throw new Failure("refused", `${domain} has been given too many keys today`);
  const row = { domain, state: "next", createdAt: now, since: now } as const;
  const rows: DkimKeyRow[] = [
    { ...row, selector: `${day}${letter}-ed`, algorithm: "ed25519-sha256", pem: pair.ed25519 },
    { ...row, selector: `${day}${letter}-rsa`, algorithm: "rsa-sha256", pem: pair.rsa },
  ];
  book.changeDkimKeys(rows.map((row) => ({ domain, selector: row.selector, row })));
  return rows;
}

/** The next keys become active, the active ones are retired. Throws Failure `invalid` or `not_found`. */
export function activateNext(
  book: DirectoryBook,
  text: string,
  now: string,
): { readonly changes: readonly DirectoryChange[]; readonly value: readonly DkimKeyRow[] } {
  const domain = existingDomain(book, text);
  const keys = book.dkimKeys(domain.name);
  if (!keys.some(({ state }) => state === "next")) {
    throw new Failure("not_found", `${domain.name} has no keys that wait to be activated: rotate first`);
  }
  const after = keys.map((row): DkimKeyRow => {
    if (row.state === "retired") return row;
    return { ...row, state: row.state === "next" ? "active" : "retired", since: now };
  });
  return { changes: commit(book, domain, after), value: after };
}

/** Takes a key away, at once. Throws Failure `invalid` or `not_found`. */
export function removeDkimKey(
  book: DirectoryBook,
  { domain: text, selector }: { readonly domain: string; readonly selector: string },
): { readonly changes: readonly DirectoryChange[]; readonly value: DkimKeyRow } {
  const domain = existingDomain(book, text);
  const keys = book.dkimKeys(domain.name);
  const row = keys.find((key) => key.selector === selector);
  if (row === undefined) {
    throw new Failure("not_found", `${domain.name} has no key ${JSON.stringify(selector.slice(0, 80))}`);
  }
  const gone = { domain: domain.name, selector, row: null };
  if (row.state !== "active") {
    book.changeDkimKeys([gone]);
    return { changes: [], value: row };
  }
  return { changes: commit(book, domain, keys.filter((key) => key !== row), [gone]), value: row };
}

/** The secrets of these selectors that there are. */
export function signingKeys(book: DirectoryBook, domain: string, selectors: readonly string[]): readonly SigningKey[] {
  return book.dkimKeys(domain).filter(({ selector }) => selectors.includes(selector))
    .map(({ selector, pem }) => ({ domain, selector, pem }));
}

/** One page of keys, by domain and selector; a cursor is `domain/selector`. */
export function listDkimKeys(book: DirectoryBook, request: ListRequest): ListReply<DkimKeyRecord> {
  const limit = Math.max(1, Math.min(PAGE_MAX, Math.trunc(request.limit)));
  const after = request.after ?? "";
  const [start] = after.split("/", 1);
  const page: DkimKeyRecord[] = [];
  const only = request.domain === null ? null : existingDomain(book, request.domain).name;
  const domains = only !== null ? [only] : book.dkimDomains().filter((domain) => domain >= start!);
  for (const domain of domains) {
    for (const row of book.dkimKeys(domain)) {
      if (domain === start && dkimKeyName(domain, row.selector) <= after) continue;
      const last = page.at(-1);
      if (page.length === limit) return { records: page, next: dkimKeyName(last!.domain, last!.selector) };
      page.push(shownDkimKey(row));
    }
  }
  return { records: page, next: null };
}

/** Keeps what has changed and announces which selectors sign. */
function commit(
  book: DirectoryBook,
  domain: DomainRecord,
  after: readonly DkimKeyRow[],
  gone: readonly DkimKeyChange[] = [],
): readonly DirectoryChange[] {
  const changes = [{ kind: "domain", key: domain.name, record: signingSelectors(domain, after) }] as const;
  const rows = after.map((row) => ({ domain: domain.name, selector: row.selector, row }));
  book.commit(changes, [], [...rows, ...gone]);
  return changes;
}
