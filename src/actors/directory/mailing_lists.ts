import { Failure } from "../../base/mod.ts";
import type {
  DirectoryProtocol,
  ListMember,
  ListReply,
  ListSettings,
  MailingList,
  SigningDomain,
} from "../../messages/mod.ts";
import { signerFor } from "../../policy/domains.ts";
import { isListLocal, LIST_LOCAL_BYTES_MAX, listAddresses } from "../../policy/list/name.ts";
import type { DirectoryRow } from "../../storage/directory_store.ts";
import type { DirectoryBook } from "./book.ts";
import { freeAddress } from "./edit_accounts.ts";
import { existingDomain } from "./edit_domains.ts";
import { listPage, PAGE_MAX } from "./lists.ts";
import { canonicalAddress, writtenAddress } from "./names.ts";

/** Lists of one server. */
export const LISTS_MAX = 10_000;
/** Members of one list. */
export const MEMBERS_MAX = 100_000;
/** Owners, and moderators, of one list. */
export const PEOPLE_MAX = 20;
/** UTF-16 units of a title and of a subject's prefix: each fits into a line of a header. */
const TITLE_CHARS_MAX = 100;
const PREFIX_CHARS_MAX = 40;
const URL_CHARS_MAX = 500;

/** Days with a bounce after which a member is suspended, and the pause without one that forgets them, in days. */
export const BOUNCE_DAYS_MAX = 5;
export const BOUNCE_PAUSE_DAYS = 14;
const DAY_MS = 86_400_000;

/** Members removed in one commit. */
const REMOVED_PER_COMMIT = 200;

type Request<K extends keyof DirectoryProtocol> = DirectoryProtocol[K]["request"];

const DEFAULTS: ListSettings = {
  title: "",
  post: "members",
  others: "refuse",
  join: "open",
  replyTo: "author",
  subjectPrefix: "",
  bytesMax: 1024 * 1024,
  verp: false,
  unsubscribeUrl: null,
  archiveUrl: null,
};

/** Adds a list; its four addresses must be free. Throws Failure `invalid`, `not_found` or `exists`. */
export function addList(book: DirectoryBook, request: Request<"directory.listAdd">, createdAt: string): MailingList {
  const address = canonicalAddress(request.address).text;
  if (!isListLocal(address.slice(0, address.lastIndexOf("@")))) {
    const form = `1 to ${LIST_LOCAL_BYTES_MAX} letters, digits, dots, dashes`;
    throw new Failure("invalid", `${address} cannot be a list: its name is ${form}, and no role of another list`);
  }
  for (const each of listAddresses(address)) freeAddress(book, each);
  if (book.lists.size >= LISTS_MAX) throw new Failure("refused", `there are ${LISTS_MAX} lists already`);
  const owners = people(request.owners, "owner");
  const moderators = people(request.moderators ?? [], "moderator");
  const list: MailingList = { ...DEFAULTS, ...settingsOf(request), address, owners, moderators, createdAt };
  checked(list);
  forgetMembers(book, address); // A removal that was cut short may have left some.
  book.commit([{ kind: "list", key: address, record: list }]);
  return list;
}

/** Changes what the request names. Throws Failure `invalid` or `not_found`. */
export function updateList(book: DirectoryBook, request: Request<"directory.listUpdate">): MailingList {
  const before = existingList(book, request.address);
  const list: MailingList = {
    ...before,
    ...settingsOf(request),
    owners: request.owners === undefined ? before.owners : people(request.owners, "owner"),
    moderators: request.moderators === undefined ? before.moderators : people(request.moderators, "moderator"),
  };
  checked(list);
  book.commit([{ kind: "list", key: list.address, record: list }]);
  return list;
}

/** Removes a list and its members. */
export function removeList(book: DirectoryBook, text: string): MailingList {
  const list = existingList(book, text);
  book.commit([{ kind: "list", key: list.address, record: null }]);
  forgetMembers(book, list.address);
  return list;
}

/** The list of that address. Throws Failure `invalid` or `not_found`. */
export function existingList(book: DirectoryBook, text: string): MailingList {
  const address = canonicalAddress(text).text;
  const list = book.lists.get(address);
  if (list === undefined) throw new Failure("not_found", `there is no list ${address}`);
  return list;
}

/** One page of lists, by address. */
export function listPageOf(book: DirectoryBook, request: Request<"directory.listList">): ListReply<MailingList> {
  const domain = request.domain === null ? null : existingDomain(book, request.domain).name;
  return listPage({ ...request, domain }, { names: book.names.list, records: book.lists });
}

/** How many members a list has. */
export function sizeOf(book: DirectoryBook, list: string): number {
  const members = book.row("listSize", list)?.["members"];
  return typeof members === "number" ? members : 0;
}

/** Whose keys sign the mail of a list: those of its domain. */
export function signerOf(book: DirectoryBook, { address }: MailingList): SigningDomain | null {
  return signerFor(address.slice(address.lastIndexOf("@") + 1), book.domains);
}

/** Adds a member, or sets how he gets mail: whatever came back before is forgotten. */
export function putMember(book: DirectoryBook, request: Request<"directory.memberPut">, now: string): ListMember {
  const { address: list } = existingList(book, request.list);
  const before = memberOf(book, list, request.address);
  const address = before?.address ?? writtenAddress(request.address);
  if (address.includes("@[")) throw new Failure("invalid", "a member's address needs a domain name");
  const size = sizeOf(book, list);
  if (before === null && size >= MEMBERS_MAX) {
    throw new Failure("refused", `${list} has ${MEMBERS_MAX} members already`);
  }
  if (canonicalAddress(address).text === list) throw new Failure("invalid", "a list cannot be a member of itself");
  const joinedAt = before?.joinedAt ?? now;
  const member: ListMember = {
    address,
    mode: request.mode,
    joinedAt,
    bounceDays: 0,
    lastBounce: null,
    suspendedAt: null,
  };
  write(book, list, member, before === null ? size + 1 : size);
  return member;
}

/** Throws Failure `not_found` when he is no member. */
export function removeMember(book: DirectoryBook, request: Request<"directory.memberRemove">): ListMember {
  const { address: list } = existingList(book, request.list);
  const member = memberOf(book, list, request.address);
  if (member === null) throw new Failure("not_found", `${request.address} is no member of ${list}`);
  book.changeRows([
    { table: "listMember", key: memberKey(list, member.address), row: null },
    { table: "listSize", key: list, row: { members: Math.max(0, sizeOf(book, list) - 1) } },
  ]);
  return member;
}

/** The member with that address, however it is written, or null. */
export function memberOf(book: DirectoryBook, list: string, address: string): ListMember | null {
  const row = book.row("listMember", memberKey(existingList(book, list).address, address));
  return row === null ? null : memberIn(row);
}

/** One page of members, by address. */
export function membersOf(book: DirectoryBook, request: Request<"directory.memberPage">): ListReply<ListMember> {
  const { address } = existingList(book, request.list);
  const limit = Math.min(PAGE_MAX, request.limit);
  const after = request.after === null ? null : memberKey(address, request.after);
  const rows = book.page("listMember", { prefix: memberPrefix(address), after, limit: limit + 1 });
  const records = rows.slice(0, limit).map(memberIn);
  const last = records.at(-1);
  return { records, next: rows.length <= limit || last === undefined ? null : canonicalAddress(last.address).text };
}

/** Counts a day on which mail to a member came back; too many within a short time suspend him. */
export function memberBounced(
  book: DirectoryBook,
  request: Request<"directory.memberBounced">,
  now: string,
): { member: ListMember | null; suspended: boolean } {
  const { address: list } = existingList(book, request.list);
  const before = memberOf(book, list, request.address);
  const today = now.slice(0, 10);
  if (before === null || before.suspendedAt !== null || before.lastBounce === today) {
    return { member: before, suspended: false };
  }
  const pauseMs = before.lastBounce === null ? Infinity : Date.parse(today) - Date.parse(before.lastBounce);
  const bounceDays = pauseMs > BOUNCE_PAUSE_DAYS * DAY_MS ? 1 : before.bounceDays + 1;
  const suspended = bounceDays >= BOUNCE_DAYS_MAX;
  const member: ListMember = { ...before, bounceDays, lastBounce: today, suspendedAt: suspended ? now : null };
  write(book, list, member, sizeOf(book, list));
  return { member, suspended };
}

function write(book: DirectoryBook, list: string, member: ListMember, members: number): void {
  book.changeRows([
    { table: "listMember", key: memberKey(list, member.address), row: { ...member } },
    { table: "listSize", key: list, row: { members } },
  ]);
}

function forgetMembers(book: DirectoryBook, list: string): void {
  const prefix = memberPrefix(list);
  for (;;) {
    const rows = book.page("listMember", { prefix, after: null, limit: REMOVED_PER_COMMIT });
    const writes = rows.map((row) => ({
      table: "listMember" as const,
      key: memberKey(list, memberIn(row).address),
      row: null,
    }));
    const isLast = rows.length < REMOVED_PER_COMMIT;
    const size = { table: "listSize" as const, key: list, row: null };
    if (rows.length > 0 || book.row("listSize", list) !== null) book.changeRows(isLast ? [...writes, size] : writes);
    if (isLast || book.isRehearsing) return;
  }
}

function memberPrefix(list: string): string {
  return `${list} `; // A list's address holds no blank.
}

/** A member's address in one form for all ways to write it. */
function memberKey(list: string, address: string): string {
  return memberPrefix(list) + canonicalAddress(address).text;
}

function memberIn(row: DirectoryRow): ListMember {
  if (typeof row["address"] !== "string") throw new Failure("corrupt", "a member of a list has no address");
  return row as unknown as ListMember;
}

function people(addresses: readonly string[], what: string): string[] {
  if (what === "owner" && addresses.length === 0) throw new Failure("invalid", "a list needs an owner");
  if (addresses.length > PEOPLE_MAX) throw new Failure("invalid", `a list has at most ${PEOPLE_MAX} ${what}s`);
  return [...new Set(addresses.map((address) => canonicalAddress(address).text))];
}

/** The settings that a request names. */
function settingsOf(request: Partial<ListSettings>): Partial<ListSettings> {
  const names = Object.keys(DEFAULTS) as (keyof ListSettings)[];
  return Object.fromEntries(names.filter((name) => request[name] !== undefined).map((name) => [name, request[name]]));
}

/** What a header is made of must not end its line. */
function checked({ title, subjectPrefix, bytesMax, archiveUrl, unsubscribeUrl, verp }: MailingList): void {
  oneLine(title, "a title", TITLE_CHARS_MAX);
  oneLine(subjectPrefix, "a subject's prefix", PREFIX_CHARS_MAX);
  if (!Number.isSafeInteger(bytesMax) || bytesMax < 0) throw new Failure("invalid", "bytesMax is a number of bytes");
  for (const url of [archiveUrl, unsubscribeUrl]) {
    if (url !== null && (url.length > URL_CHARS_MAX || !/^https:\/\/[!-;=?-~]+$/.test(url))) {
      throw new Failure("invalid", "archive and unsubscribing are https addresses");
    }
  }
  if (unsubscribeUrl !== null && !verp) {
    throw new Failure("invalid", "an address to unsubscribe at needs verp: it is each member's own");
  }
}

function oneLine(text: string, what: string, charsMax: number): void {
  if (text.length > charsMax || !/^[ -~]*$/.test(text)) {
    throw new Failure("invalid", `${what} is one line of ASCII, ${charsMax} characters at most`);
  }
}
