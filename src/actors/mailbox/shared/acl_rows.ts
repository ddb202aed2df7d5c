import type { AccountId } from "../../../mail/account.ts";
import { ANYONE, joinRights, NO_RIGHTS, parseRights, type Rights, withoutRights } from "../../../mail/rights.ts";

/** One entry of an access list. An account is known by its id: who gets an old address later gets nothing with it. */
export interface AclRow {
  /** "-" and whom it names, or without "-": an address, or "anyone". */
  readonly identifier: string;
  /** Null: anyone. */
  readonly who: AccountId | null;
  readonly rights: Rights;
}

/** Sign of an entry that takes rights away (RFC 4314 §2). */
const NEGATIVE = "-";

/** Entries as the store keeps them: the rights, and whose they are. */
export function readAcl(stored: readonly (readonly [identifier: string, value: string])[]): AclRow[] {
  return stored.map(([identifier, value]) => {
    const [letters = "", who] = value.split(" ");
    return { identifier, who: who === undefined ? null : who as AccountId, rights: parseRights(letters) ?? NO_RIGHTS };
  });
}

/** The value the store keeps of an entry; null, which removes it, when it has no rights. */
export function aclValue({ who, rights }: Pick<AclRow, "who" | "rights">): string | null {
  if (rights === NO_RIGHTS) return null;
  return who === null ? rights : `${rights} ${who}`;
}

/** What an account that is not the owner may do: all it is given by any entry, without what any takes away (RFC 4314 §2). */
export function rightsAmong(rows: readonly AclRow[], account: AccountId): Rights {
  let given = NO_RIGHTS;
  let taken = NO_RIGHTS;
  for (const { identifier, who, rights } of rows) {
    if (who !== null && who !== account) continue;
    if (identifier.startsWith(NEGATIVE)) taken = joinRights(taken, rights);
    else given = joinRights(given, rights);
  }
  return withoutRights(given, taken);
}

/** Whom an identifier names, and whether it takes away; "anyone" in any case. */
export function readIdentifier(identifier: string): { readonly sign: "" | "-"; readonly name: string } {
  const sign = identifier.startsWith(NEGATIVE) ? NEGATIVE : "";
  const name = identifier.slice(sign.length);
  return { sign, name: name.toLowerCase() === ANYONE ? ANYONE : name };
}
