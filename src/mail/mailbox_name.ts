/** The name of a mailbox in canonical form: Unicode NFC, levels parted by "/", INBOX in capitals. Made only by `parseMailboxName`. */
export type MailboxName = string & { readonly __mailboxName: unique symbol };

/** The hierarchy separator (RFC 9051 §5.1.1). */
export const MAILBOX_SEPARATOR = "/";
/** Levels of a name; deeper trees serve nobody and make LIST slow. */
export const MAILBOX_LEVELS_MAX = 50;
/** Octets of a name in UTF-8. */
export const MAILBOX_NAME_BYTES_MAX = 400;

/** What a mailbox is for (RFC 6154 §2, RFC 8457). */
export type SpecialUse = "all" | "archive" | "drafts" | "flagged" | "important" | "junk" | "sent" | "trash";

/** In the order they are listed. */
export const SPECIAL_USES: readonly SpecialUse[] = [
  "all",
  "archive",
  "drafts",
  "flagged",
  "important",
  "junk",
  "sent",
  "trash",
];

export const INBOX_NAME = "INBOX" as MailboxName;

const encoder = new TextEncoder();

/**
 * The mailbox that a Unicode text names, or null when no mailbox may be called so (RFC 9051 §5.1): no empty levels, no
 * controls, no line separators, not `.` or `..` as a level, nothing of "*" and "%". INBOX is the same in any case, also as
 * the first of several levels.
 */
export function parseMailboxName(text: string): MailboxName | null {
  if (text === INBOX_NAME) return INBOX_NAME;
  if (text.length === 0 || text.length > MAILBOX_NAME_BYTES_MAX || !text.isWellFormed()) return null;
  const levels = text.normalize("NFC").split(MAILBOX_SEPARATOR);
  if (levels.length > MAILBOX_LEVELS_MAX || !levels.every(isLevel)) return null;
  if (levels[0]!.toUpperCase() === INBOX_NAME) levels[0] = INBOX_NAME;
  const name = levels.join(MAILBOX_SEPARATOR);
  return encoder.encode(name).length > MAILBOX_NAME_BYTES_MAX ? null : name as MailboxName;
}

/** The names above a name, the highest first. */
export function parentsOf(name: MailboxName): MailboxName[] {
  const parents: MailboxName[] = [];
  for (let at = name.indexOf(MAILBOX_SEPARATOR); at > 0; at = name.indexOf(MAILBOX_SEPARATOR, at + 1)) {
    parents.push(name.slice(0, at) as MailboxName);
  }
  return parents;
}

/** Whether `name` lies below `parent`, at any depth. */
export function isBelow(name: MailboxName, parent: MailboxName): boolean {
  return name.startsWith(parent + MAILBOX_SEPARATOR);
}

function isLevel(level: string): boolean {
  if (level === "" || level === "." || level === "..") return false;
  for (let i = 0; i < level.length; i++) {
    const code = level.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029) return false;
    if (code === ASTERISK || code === PERCENT) return false;
  }
  return true;
}

const ASTERISK = 0x2a;
const PERCENT = 0x25;
