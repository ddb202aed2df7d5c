import { Failure } from "../../../base/mod.ts";
import type { AccountId } from "../../../mail/account.ts";
import { type MailboxName, parentsOf } from "../../../mail/mailbox_name.ts";
import { isOthers, readOthersName } from "../../../mail/other_users.ts";
import { ALL_RIGHTS, hasRights, NO_RIGHTS, type Rights } from "../../../mail/rights.ts";
import type { MailboxNode, MailboxRef, ShardStore } from "../../../storage/mod.ts";
import type { OpenView, ViewBook } from "../view_book.ts";
import { readAcl, rightsAmong } from "./acl_rows.ts";
import type { Shares } from "./shares.ts";

/** What is asked of rights and names. */
interface Rooms {
  readonly shard: ShardStore;
  readonly shares: Shares;
}

/** A mailbox by the name an account sees it under, and what that account may do there. */
export interface Place {
  readonly owner: AccountId;
  readonly node: MailboxNode;
  readonly rights: Rights;
}

/** What an account may do in a mailbox now. */
export function rightsIn(
  { shard, shares }: Rooms,
  account: AccountId,
  { account: owner, mailbox }: MailboxRef,
): Rights {
  if (owner === account) return ALL_RIGHTS;
  if (!shares.has(owner, mailbox)) return NO_RIGHTS;
  return rightsAmong(readAcl(shard.acl(owner, mailbox)), account);
}

/** The mailbox of this name; null when there is none, or none for this account (ATTACKS I20). */
export function placeOf(state: Rooms, account: AccountId, name: MailboxName): Place | null {
  const { shard } = state;
  if (!isOthers(name)) {
    const node = shard.mailboxNamed(account, name);
    return node === null || node.mailbox === 0 ? null : { owner: account, node, rights: ALL_RIGHTS };
  }
  for (const { owner, name: own } of othersAt(state, account, name)) {
    const node = shard.mailboxNamed(owner, own);
    if (node === null || node.mailbox === 0) continue;
    const rights = rightsIn(state, account, { account: owner, mailbox: node.mailbox });
    if (rights !== NO_RIGHTS) return { owner, node, rights };
  }
  return null;
}

/**
 * The mailbox of this name, for something that needs rights. Throws Failure `refused` when one is wanting and the mailbox may be
 * looked up; who may not even do that is told that there is none.
 */
export function placeWith(state: Rooms, account: AccountId, name: MailboxName, wanted: string): Place | null {
  const place = placeOf(state, account, name);
  if (place === null || hasRights(place.rights, wanted)) return place;
  if (place.rights.includes("l")) throw wanting();
  return null;
}

/** Where a name would lie in the tree of its owner. */
export interface Spot {
  readonly owner: AccountId;
  readonly name: MailboxName;
}

/**
 * Where an account may make a mailbox of this name: its own tree, or below a mailbox of another account where it may create (RFC
 * 4314 §4 CREATE). Throws Failure `refused`, whether or not there is such an account.
 */
export function spotFor(state: Rooms, account: AccountId, name: MailboxName): Spot {
  if (!isOthers(name)) return { owner: account, name };
  for (const spot of othersAt(state, account, name)) {
    const parent = nearestParent(state, spot);
    if (parent === null) continue;
    const rights = rightsIn(state, account, { account: spot.owner, mailbox: parent.mailbox });
    if (rights.includes("k")) return spot;
  }
  throw wanting();
}

/** The lowest mailbox above a name that is there. */
export function nearestParent({ shard }: Pick<Rooms, "shard">, { owner, name }: Spot): MailboxNode | null {
  for (const parent of parentsOf(name).toReversed()) {
    const node = shard.mailboxNamed(owner, parent);
    if (node !== null && node.mailbox > 0) return node;
  }
  return null;
}

/**
 * The view, for something that needs rights in its mailbox. Throws Failure `refused` without them or, where it is changed, when
 * the view is read-only, and `not_found` when the view
 * is not there or its mailbox may not be read any more: rights are those of now, not those of SELECT (ATTACKS I19).
 */
export function viewWith(
  state: Rooms & { readonly views: ViewBook },
  { account, view }: { readonly account: AccountId; readonly view: number },
  { rights: wanted = "", writes = false }: { readonly rights?: string; readonly writes?: boolean } = {},
): { readonly open: OpenView; readonly rights: Rights } {
  const open = writes ? state.views.writable(account, view) : state.views.live(account, view);
  const rights = rightsIn(state, account, open.of);
  if (!rights.includes("r")) throw new Failure("not_found", "the mailbox of the view may not be read any more");
  if (!hasRights(rights, wanted)) throw wanting();
  return { open, rights };
}

/** Why something is not done for an account. */
export function wanting(): Failure {
  return new Failure("refused", "a right is wanting");
}

/** What a name below that of other users can mean: mailboxes of accounts that share any. */
function* othersAt({ shares }: Pick<Rooms, "shares">, account: AccountId, name: MailboxName): Generator<Spot> {
  for (const { address, name: own } of readOthersName(name)) {
    const owner = shares.ownerOf(address);
    if (owner !== null && owner !== account) yield { owner, name: own };
  }
}
