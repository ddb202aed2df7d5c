import { canonicalLocal, formatAddress, parseMailbox } from "../../mail/mod.ts";
import type { Grantee } from "../../mail/mailbox_entry.ts";
import type { DomainName } from "../../mail/domain.ts";
import type { MailboxName } from "../../mail/mailbox_name.ts";
import { isOthers, readOthersName } from "../../mail/other_users.ts";
import { limitsOf, type Quota } from "../../mail/quota.ts";
import type { AccountRecord } from "../../messages/mod.ts";
import { domainOfAccount } from "../mailbox_refs.ts";
import type { Routes } from "./services.ts";

/** Limits under which nothing fits: of an account that is disabled, or not known here. */
const NOTHING_FITS: Quota = { quotaBytes: 1 };

/** The limits of the account to which a mailbox of this name belongs, as `account` sees it. */
export function quotaOf(name: MailboxName, account: AccountRecord, routes: Routes): Quota {
  if (!isOthers(name)) return limitsOf(account);
  for (const { address } of readOthersName(name)) {
    const owner = accountOf(address, account, routes);
    if (owner?.address === address) return limitsOf(owner);
  }
  return NOTHING_FITS;
}

/**
 * Whom an identifier of an access list names (RFC 4314 §2): the account of the same domain that has the address. Where mail for an
 * address goes by an alias or the domain's catch-all says nothing of who was meant.
 */
export function granteeOf(identifier: string, account: AccountRecord, routes: Routes): Grantee | null {
  const found = accountOf(identifier.startsWith("-") ? identifier.slice(1) : identifier, account, routes);
  return found === null ? null : { id: found.id, address: found.address };
}

function accountOf(text: string, asker: AccountRecord, routes: Routes): AccountRecord | null {
  const found = accountNamed(text, routes);
  return found !== null && domainOfAccount(found) === domainOfAccount(asker) ? found : null;
}

/**
 * The domain of whom a URL names as its owner, when it is one of ours: its actor is asked whether or not there is such an account,
 * so that the time it takes tells nobody.
 */
export function domainNamed(text: string, routes: Routes): DomainName | null {
  const account = accountNamed(text, routes);
  if (account !== null) return domainOfAccount(account);
  const address = parseMailbox(text, { utf8: true });
  const verdict = address?.domain == null ? null : routes.resolve(address)?.type ?? null;
  return verdict === null || verdict === "relayDenied" ? null : address!.domain;
}

/** The account of this address, of any domain here; not by an alias or a catch-all. Null when there is none, or it is disabled. */
export function accountNamed(text: string, routes: Routes): AccountRecord | null {
  const address = parseMailbox(text, { utf8: true });
  const route = address?.domain == null ? null : routes.resolve(address);
  if (address === null || route?.type !== "local") return null;
  const canonical = formatAddress({ ...address, local: canonicalLocal(address.local) });
  return route.accounts.find((account) => account.address === canonical) ?? null;
}
