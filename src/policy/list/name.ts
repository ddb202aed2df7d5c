/** What the names of a list are for; RFC 2142 §6 has `-request`, the others are what list users know. */
const SUFFIXES = ["request", "owner", "bounces"] as const;

/** What a local part says: the list's own, and what for. */
export interface ListName {
  readonly local: string;
  readonly role: "post" | (typeof SUFFIXES)[number];
  /** What stands behind the `+`; empty: nothing. */
  readonly detail: string;
}

/** Longest local part of a list, in octets: `-bounces+` and a reverse-path that is signed fit behind it. */
export const LIST_LOCAL_BYTES_MAX = 40;

/** The local part, in canonical form, taken apart: `cats-bounces+x` is the list `cats`. A detail is behind the first `+`. */
export function listName(local: string): ListName {
  const plus = local.indexOf("+");
  const name = plus > 0 ? local.slice(0, plus) : local;
  const detail = plus > 0 ? local.slice(plus + 1) : "";
  const dash = name.lastIndexOf("-");
  const role = dash > 0 ? SUFFIXES.find((suffix) => suffix === name.slice(dash + 1)) : undefined;
  return role === undefined ? { local: name, role: "post", detail } : { local: name.slice(0, dash), role, detail };
}

/** Whether a list may be called so: plain ASCII in lower case, without a detail, and no name that another list would have. */
export function isListLocal(local: string): boolean {
  if (local.length > LIST_LOCAL_BYTES_MAX || !/^[a-z0-9][a-z0-9._-]*$/.test(local) || local.endsWith("-")) return false;
  return listName(local).role === "post";
}

/** Every address of a list, its own first. */
export function listAddresses(address: string): string[] {
  const at = address.lastIndexOf("@");
  return [address, ...SUFFIXES.map((suffix) => `${address.slice(0, at)}-${suffix}${address.slice(at)}`)];
}

/** The list's own address with a detail. */
export function detailed(address: string, detail: string): string {
  const at = address.lastIndexOf("@");
  return `${address.slice(0, at)}+${detail}${address.slice(at)}`;
}

/** The list's address with a role and, where given, a detail. */
export function roleAddress(address: string, role: (typeof SUFFIXES)[number], detail = ""): string {
  const at = address.lastIndexOf("@");
  return `${address.slice(0, at)}-${role}${detail === "" ? "" : `+${detail}`}${address.slice(at)}`;
}
