import { ARCHIVE_ID, DRAFTS_ID, INBOX_ID, JUNK_ID, SENT_ID, TRASH_ID } from "../../mail/account.ts";
import { INBOX_NAME, type MailboxName, type SpecialUse } from "../../mail/mailbox_name.ts";

/** The mailboxes that every account has, subscribed, before anything of its tree is written. */
export const FIXED_MAILBOXES: readonly {
  readonly mailbox: number;
  readonly name: MailboxName;
  readonly specialUse: SpecialUse | null;
}[] = [
  { mailbox: INBOX_ID, name: INBOX_NAME, specialUse: null },
  { mailbox: SENT_ID, name: "Sent" as MailboxName, specialUse: "sent" },
  { mailbox: DRAFTS_ID, name: "Drafts" as MailboxName, specialUse: "drafts" },
  { mailbox: TRASH_ID, name: "Trash" as MailboxName, specialUse: "trash" },
  { mailbox: JUNK_ID, name: "Junk" as MailboxName, specialUse: "junk" },
  { mailbox: ARCHIVE_ID, name: "Archive" as MailboxName, specialUse: "archive" },
];

/** The least number of a mailbox that somebody made. */
export const MADE_MAILBOX_MIN = FIXED_MAILBOXES.length + 1;

/**
 * MAILBOXID (RFC 8474 §4): letters, digits, "-" and "_", at most 255; it begins with a letter. Made of what never changes and
 * is never used again, so that the mailboxes that every account has need no row for it.
 */
export function mailboxObjectId(account: string, mailbox: number): string {
  const escaped = account.replace(/[^0-9A-Za-z-]/g, (char) => `_${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `M${mailbox}-${escaped}`;
}
