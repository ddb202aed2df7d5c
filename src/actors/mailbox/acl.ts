import { Failure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { AclSet } from "../../mail/mailbox_entry.ts";
import { ALL_RIGHTS, ANYONE, joinRights, NO_RIGHTS, type Rights, withoutRights } from "../../mail/rights.ts";
import { dropKeys } from "./access_keys.ts";
import { accessChanged } from "./name_news.ts";
import {
  type AclRow,
  aclValue,
  type Place,
  placeWith,
  readAcl,
  readIdentifier,
  rightsAmong,
  rightsIn,
} from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** GETACL and LISTRIGHTS (RFC 4314 §3.3, §3.4). */
export function acl(state: State, { account, name }: Asked<"mailbox.acl">, reply: Answer<"mailbox.acl">): void {
  const place = placeWith(state, account, name, "a");
  if (place === null) return reply.ok({ type: "missing" });
  const { owner, node } = place;
  const rows = readAcl(state.shard.acl(owner, node.mailbox));
  const others = rows.filter(({ who }) => who !== owner);
  reply.ok({
    type: "acl",
    owner: owner === account ? null : ownerAmong(rows, place),
    entries: others.map(({ identifier, rights }) => [identifier, rights] as const),
  });
}

/** SETACL and DELETEACL (RFC 4314 §3.1, §3.2). What an entry becomes is found in its turn, and so is whether it may. */
export function setAcl(state: State, request: Asked<"mailbox.setAcl">, reply: Answer<"mailbox.setAcl">): void {
  answerLater(state, state.shares.inTurn(() => changeAcl(state, request)), reply);
}

async function changeAcl(state: State, request: Asked<"mailbox.setAcl">): Promise<AclSet> {
  const { shard, shares } = state;
  const { account, name, how, rights } = request;
  const place = placeWith(state, account, name, "a");
  if (place === null) return { type: "missing" };
  const { owner, node: { mailbox } } = place;
  if (request.grantee?.id === owner) return { type: "owner" };
  const rows = readAcl(shard.acl(owner, mailbox));
  const named = entryOf(state, request, rows);
  if (named === null) return { type: "unknown" };
  const row = { ...named, rights: changed(named.rights, how, rights) };
  const address = owner === account ? request.address : ownerAmong(rows, place);
  const others = rows.filter(({ identifier, who }) => identifier !== row.identifier && who !== owner);
  const isShared = others.length > 0 || row.rights !== NO_RIGHTS;
  // The owner's entry tells whose list it is; where nothing is shared there is none.
  const own = isShared ? aclValue({ who: owner, rights: ALL_RIGHTS }) : null;
  const outcome = await shard.setAcl(owner, mailbox, [[address, own], [row.identifier, aclValue(row)]]);
  if (outcome.type !== "done") return outcome;
  if (isShared) shares.note(owner, mailbox, address);
  else shares.forget(owner, mailbox);
  rightsChanged(state, place);
  const before = (account: AccountId) => rightsAmong(rows, account);
  accessChanged(state, { account: owner, mailbox }, { address, before });
  await dropKeys(state, { account: owner, mailbox });
  return outcome;
}

/** The entry that a request is about, as it is now; null when it names nobody. */
function entryOf(
  { shares }: State,
  { identifier, grantee }: Asked<"mailbox.setAcl">,
  rows: readonly AclRow[],
): AclRow | null {
  const { sign, name } = readIdentifier(identifier);
  const is = (sought: string) => rows.find((row) => row.identifier === sign + sought);
  if (name === ANYONE) return is(ANYONE) ?? { identifier: sign + ANYONE, who: null, rights: NO_RIGHTS };
  // Of an account that is gone the entry can still be changed, or taken away.
  if (grantee === null) return is(name) ?? null;
  if (!shares.covers(grantee.address)) return null;
  const known = is(grantee.address);
  // Another account had that address before.
  return known?.who === grantee.id ? known : { identifier: sign + grantee.address, who: grantee.id, rights: NO_RIGHTS };
}

function changed(before: Rights, how: "add" | "remove" | "replace", rights: Rights): Rights {
  if (how === "replace") return rights;
  return how === "add" ? joinRights(before, rights) : withoutRights(before, rights);
}

/** The owner's address, as whoever shared the mailbox first has told it. */
function ownerAmong(rows: readonly AclRow[], { owner }: Place): string {
  const own = rows.find(({ who }) => who === owner);
  if (own === undefined) throw new Failure("corrupt", "an access list without its owner");
  return own.identifier;
}

/** Who has the mailbox open is told what he may do now; whoever may not read it any more has lost it. */
function rightsChanged(state: State, { owner, node: { mailbox } }: Place): void {
  for (const open of state.views.of(owner, mailbox)) {
    const rights = rightsIn(state, open.account, open.of);
    if (!rights.includes("r")) open.view.end();
    if (rights !== open.rights) state.views.stir(open);
  }
}

/** New mailboxes are shared as the one above them is (RFC 4314 §4 CREATE). */
export async function inheritAcl(
  { shard, shares }: State,
  { owner, parent, made }: {
    readonly owner: Place["owner"];
    readonly parent: number;
    readonly made: readonly number[];
  },
): Promise<void> {
  const rows = shard.acl(owner, parent);
  const own = readAcl(rows).find(({ who }) => who === owner);
  if (own === undefined) return;
  for (const mailbox of made) {
    const outcome = await shard.setAcl(owner, mailbox, rows);
    if (outcome.type === "done") shares.note(owner, mailbox, own.identifier);
  }
}
