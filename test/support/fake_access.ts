import { isWithin } from "../../src/mail/annotation.ts";
import type { MailboxAsks } from "../../src/mail/mailbox_ask.ts";
import type { AclListed, AclSet, AnnotationsSet } from "../../src/mail/mailbox_entry.ts";
import { isOthers } from "../../src/mail/other_users.ts";
import { joinRights, NO_RIGHTS, type Rights, withoutRights } from "../../src/mail/rights.ts";

type Request<N extends keyof MailboxAsks> = MailboxAsks[N]["request"];

/** Access lists and annotations of the fake's mailboxes. The user is anna; there is nobody called nobody. */
export function listAcl(name: string, acl: ReadonlyMap<string, Rights>): AclListed {
  return { type: "acl", owner: isOthers(name) ? name.split("/")[1]! : null, entries: [...acl] };
}

export function changeAcl(
  acl: Map<string, Rights>,
  { identifier, how, rights }: Pick<Request<"mailbox.setAcl">, "identifier" | "how" | "rights">,
): AclSet {
  if (identifier.replace("-", "").startsWith("anna@")) return { type: "owner" };
  if (identifier.startsWith("nobody@")) return { type: "unknown" };
  const before = acl.get(identifier) ?? NO_RIGHTS;
  const after = { add: joinRights(before, rights), remove: withoutRights(before, rights), replace: rights }[how];
  if (after === NO_RIGHTS) acl.delete(identifier);
  else acl.set(identifier, after);
  return { type: "done" };
}

type Held = Map<string, Uint8Array>;

export function annotationsIn(
  held: Held,
  { entries, depth }: Pick<Request<"mailbox.metadata">, "entries" | "depth">,
): [string, Uint8Array | null][] {
  if (depth === "0") return entries.map((entry) => [entry, held.get(entry) ?? null]);
  return [...held].filter(([entry]) => entries.some((asked) => isWithin(entry, asked, depth)));
}

export function annotate(
  held: Held,
  { name, values }: Pick<Request<"mailbox.setMetadata">, "name" | "values">,
): AnnotationsSet {
  if (isOthers(name) && values.some(({ entry }) => entry.startsWith("/private"))) return { type: "noPrivate" };
  if (values.length > 10) return { type: "tooMany" };
  for (const { entry, value } of values) {
    if (value === null) held.delete(entry);
    else held.set(entry, value);
  }
  return { type: "done" };
}
