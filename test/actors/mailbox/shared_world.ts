import type { AccountId } from "../../../src/mail/account.ts";
import type { AclSet, MailboxEntry } from "../../../src/mail/mailbox_entry.ts";
import { type MailboxName, parseMailboxName } from "../../../src/mail/mailbox_name.ts";
import { parseRights, type Rights } from "../../../src/mail/rights.ts";
import { JOHN, type MailboxWorld, MARY } from "./support.ts";

export const FRED = "fred1" as AccountId;

/** Accounts of the domain by their addresses; john's mailboxes are those that are shared. */
export const ADDRESSES: ReadonlyMap<AccountId, string> = new Map([
  [JOHN, "john@smith.test"],
  [MARY, "mary@smith.test"],
  [FRED, "fred@smith.test"],
]);

export function named(text: string): MailboxName {
  return parseMailboxName(text)!;
}

export function rights(text: string): Rights {
  return parseRights(text)!;
}

/** How others see a mailbox of john. */
export function johns(name: string): MailboxName {
  return named(`Other Users/john@smith.test/${name}`);
}

/** SETACL as a front puts it: the identifier is looked up among the accounts of the domain. */
export function setAcl(
  { mailbox }: MailboxWorld,
  identifier: string,
  letters: string,
  { as = JOHN, name = named("INBOX"), how = "replace" as "add" | "remove" | "replace" } = {},
): Promise<AclSet> {
  const sought = identifier.replace(/^-/, "");
  const [id, address] = [...ADDRESSES].find(([, address]) => address === sought) ?? [];
  return mailbox.ask("mailbox.setAcl", {
    account: as,
    name,
    identifier,
    how,
    rights: rights(letters),
    address: ADDRESSES.get(as)!,
    grantee: id === undefined ? null : { id, address: address! },
  });
}

/** Names that an account is shown below that of other users; those without a mailbox in brackets. */
export async function othersOf({ mailbox }: MailboxWorld, account: AccountId): Promise<string[]> {
  const { entries } = await mailbox.ask("mailbox.tree", { account, status: false });
  const others = entries.filter(({ name }) => name.startsWith("Other Users"));
  return others.map((entry) => shown(entry));
}

function shown({ mailbox, name, rights, subscribed }: MailboxEntry): string {
  return mailbox === 0
    ? `(${name})${subscribed ? " subscribed" : ""}`
    : `${name} ${rights ?? ""}${subscribed ? " subscribed" : ""}`;
}
