/** What routing needs to know of a domain. */
export interface RoutableDomain {
  /** As A-labels, lower case. */
  readonly name: string;
  readonly disabled: boolean;
  /** `local@domain` that takes mail for unknown local parts; null: they are refused. */
  readonly catchAll: string | null;
  /** This domain is another name of that one; null: it has its own users. */
  readonly aliasOf: string | null;
  /** Separates the detail of `user+detail`; null switches details off. */
  readonly detailSeparator: string | null;
  /** Selectors of the keys that sign its mail; absent: none does. */
  readonly dkim?: readonly string[];
  /** RFC 3339. */
  readonly createdAt: string;
}

/** What routing needs to know of an account. */
export interface RoutableAccount {
  readonly id: string;
  /** Canonical `local@domain`. */
  readonly address: string;
  readonly disabled: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** What routing needs to know of an alias. */
export interface RoutableAlias {
  readonly address: string;
  readonly targets: readonly string[];
}

/** What routing needs to know of a list. */
export interface RoutableList {
  readonly address: string;
  /** Where mail to `list-owner@` goes. */
  readonly owners: readonly string[];
  readonly verp: boolean;
}

/** An address of a list, and what it is for: posts, commands, or mail that came back. */
export interface RoutedList {
  readonly list: string;
  readonly role: "post" | "request" | "bounces";
  /** Canonical, detail included. */
  readonly address: string;
  readonly verp: boolean;
}

/** The whole directory, as of one version. */
export interface RoutingSnapshot<A extends RoutableAccount> {
  readonly version: number;
  readonly domains: readonly RoutableDomain[];
  readonly accounts: readonly A[];
  readonly aliases: readonly RoutableAlias[];
  /** None unless given. */
  readonly lists?: readonly RoutableList[];
}

/** A record that is new or changed, or the key of one that is gone. */
export type RoutingChange<A extends RoutableAccount> =
  | { readonly kind: "domain"; readonly key: string; readonly record: RoutableDomain | null }
  | { readonly kind: "account"; readonly key: string; readonly record: A | null }
  | { readonly kind: "alias"; readonly key: string; readonly record: RoutableAlias | null }
  | { readonly kind: "list"; readonly key: string; readonly record: RoutableList | null };

/**
 * Where one recipient goes. `steps` tells how it was found out, one short sentence each. A local one may, through aliases, lead
 * to addresses on other servers too (`forwards`), or only there, or to `lists`.
 */
export type Route<A extends RoutableAccount> =
  | {
    readonly type: "local";
    readonly accounts: readonly A[];
    readonly forwards: readonly string[];
    readonly lists: readonly RoutedList[];
    readonly steps: readonly string[];
  }
  | { readonly type: RefusedRoute; readonly steps: readonly string[] };

/** Why a recipient is refused: not our domain; no such user; account or domain disabled; aliases without end. */
export type RefusedRoute = "relayDenied" | "unknownUser" | "disabled" | "loop";
