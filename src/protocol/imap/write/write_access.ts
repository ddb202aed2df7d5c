import { writeAstring, writeBytes, writeMailbox, writeString } from "./write.ts";

/** ACL = "ACL" SP mailbox *(SP identifier SP rights) (RFC 4314 §3.6) */
export function writeAcl(
  mailbox: string,
  entries: Iterable<readonly [identifier: string, rights: string]>,
  utf8: boolean,
): string {
  let line = `* ACL ${writeMailbox(mailbox, utf8)}`;
  for (const [identifier, rights] of entries) {
    line += ` ${writeAstring(identifier, utf8)} ${writeAstring(rights, utf8)}`;
  }
  return `${line}\r\n`;
}

/** LISTRIGHTS: rights that always go, then groups that go together (RFC 4314 §3.7). */
export function writeListRights(
  mailbox: string,
  { identifier, always, groups }: {
    readonly identifier: string;
    readonly always: string;
    readonly groups: readonly string[];
  },
  utf8: boolean,
): string {
  const rights = [always, ...groups].map((group) => writeAstring(group, utf8)).join(" ");
  return `* LISTRIGHTS ${writeMailbox(mailbox, utf8)} ${writeAstring(identifier, utf8)} ${rights}\r\n`;
}

/** MYRIGHTS (RFC 4314 §3.8) */
export function writeMyRights(mailbox: string, rights: string, utf8: boolean): string {
  return `* MYRIGHTS ${writeMailbox(mailbox, utf8)} ${writeAstring(rights, utf8)}\r\n`;
}

/** What is used of a resource. STORAGE counts in units of 1,024 octets (RFC 9208 §5.1). */
export interface QuotaResource {
  readonly name: string;
  readonly usage: number;
  readonly limit: number;
}

/** QUOTA (RFC 9208 §4.2.1): "()" without resources. */
export function writeQuota(root: string, resources: readonly QuotaResource[], utf8: boolean): string {
  const list = resources.map(({ name, usage, limit }) => `${name} ${usage} ${limit}`).join(" ");
  return `* QUOTA ${writeString(root, utf8)} (${list})\r\n`;
}

/** QUOTAROOT (RFC 9208 §4.2.2) */
export function writeQuotaRoot(mailbox: string, roots: readonly string[], utf8: boolean): string {
  return `* QUOTAROOT ${writeMailbox(mailbox, utf8)}${roots.map((root) => ` ${writeString(root, utf8)}`).join("")}\r\n`;
}

/** METADATA with values, in answer to GETMETADATA (RFC 5464 §4.4.1); `mailbox` "" is the server. */
export function writeMetadata(
  mailbox: string,
  values: Iterable<readonly [entry: string, value: Uint8Array | null]>,
  utf8: boolean,
): string {
  let list = "";
  for (const [entry, value] of values) {
    list += `${list === "" ? "" : " "}${writeAstring(entry, utf8)} ${writeBytes(value)}`;
  }
  return `* METADATA ${writeMailbox(mailbox, utf8)} (${list})\r\n`;
}

/** METADATA without values, told unasked: what changed (RFC 5464 §4.4.2). */
export function writeMetadataNames(mailbox: string, entries: Iterable<string>, utf8: boolean): string {
  const names = [...entries].map((entry) => ` ${writeAstring(entry, utf8)}`).join("");
  return `* METADATA ${writeMailbox(mailbox, utf8)}${names}\r\n`;
}

/** A namespace: what its names begin with, and how their levels are parted. */
export interface Namespace {
  readonly prefix: string;
  readonly separator: string;
}

/** NAMESPACE: personal, of other users, shared (RFC 9051 §7.3.3). Prefixes are mailbox names. */
export function writeNamespace(
  { personal, others, shared }: Readonly<Record<"personal" | "others" | "shared", readonly Namespace[]>>,
  utf8: boolean,
): string {
  const group = (list: readonly Namespace[]) =>
    list.length === 0
      ? "NIL"
      : `(${list.map(({ prefix, separator }) => `(${quoted(prefix, utf8)} ${quoted(separator, utf8)})`).join("")})`;
  return `* NAMESPACE ${group(personal)} ${group(others)} ${group(shared)}\r\n`;
}

/** A prefix is a string, never an atom. */
function quoted(text: string, utf8: boolean): string {
  const wire = writeMailbox(text, utf8);
  return wire.startsWith('"') || wire.startsWith("{") ? wire : `"${wire}"`;
}
