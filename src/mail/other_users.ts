import { MAILBOX_SEPARATOR, type MailboxName, parseMailboxName } from "./mailbox_name.ts";

/** What lies below is other accounts' of the domain (RFC 2342 §5): `Other Users/<address>/<mailbox>`. Nobody owns a mailbox there. */
export const OTHER_USERS = "Other Users" as MailboxName;

/** Whether a name lies in the namespace of other users, or is its root. */
export function isOthers(name: string): boolean {
  return name === OTHER_USERS || name.startsWith(OTHER_USERS + MAILBOX_SEPARATOR);
}

/** How others see a mailbox of an account; null when no mailbox may be called so. */
export function othersName(address: string, name: MailboxName): MailboxName | null {
  return parseMailboxName([OTHER_USERS, address, name].join(MAILBOX_SEPARATOR));
}

/** Ways to read a name as an address and a mailbox of it, shortest address first: an address may hold the separator. */
export function* readOthersName(
  name: MailboxName,
): Generator<{ readonly address: string; readonly name: MailboxName }> {
  const rest = name.slice(OTHER_USERS.length + MAILBOX_SEPARATOR.length);
  for (let at = rest.indexOf(MAILBOX_SEPARATOR); at > 0; at = rest.indexOf(MAILBOX_SEPARATOR, at + 1)) {
    const own = parseMailboxName(rest.slice(at + 1));
    const address = rest.slice(0, at);
    // A domain has no separator.
    if (own !== null && /.@[^/@]+$/.test(address)) yield { address, name: own };
  }
}
