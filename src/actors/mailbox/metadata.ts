import { utf8 } from "../../base/mod.ts";
import { isWithin, scopeOf, SPECIAL_USE_ENTRY, specialUseValue } from "../../mail/annotation.ts";
import type { AccountId } from "../../mail/account.ts";
import type { Annotations, AnnotationsSet } from "../../mail/mailbox_entry.ts";
import type { MailboxName } from "../../mail/mailbox_name.ts";
import { hasAnyRight } from "../../mail/rights.ts";
import { annotationsChanged } from "./name_news.ts";
import { type Place, placeOf, wanting } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** Where annotations of the account itself are kept: what IMAP calls those of the server. */
const OF_ACCOUNT = 0;

/** GETMETADATA (RFC 5464 §4.2), and what LIST tells of it (RFC 9590). */
export function metadata(
  state: State,
  { account, names, entries, depth }: Asked<"mailbox.metadata">,
  reply: Answer<"mailbox.metadata">,
): void {
  const found = names.map((name): Annotations => {
    const held = heldBy(state, account, name);
    if (typeof held === "string") return { type: held };
    return { type: "found", values: chosen(held, entries, depth) };
  });
  reply.ok({ found });
}

type Held = ReadonlyMap<string, Uint8Array>;

/** All annotations an account may see of a mailbox, or of itself. RFC 5464 §3.3: l and one of r, s, w, i, p. */
function heldBy(state: State, account: AccountId, name: MailboxName | ""): Held | "missing" | "denied" {
  const { shard } = state;
  if (name === "") return new Map(shard.metadata(account, OF_ACCOUNT));
  const place = placeOf(state, account, name);
  if (place === null || !place.rights.includes("l")) return "missing";
  if (!hasAnyRight(place.rights, "rswip")) return "denied";
  const { owner, node } = place;
  const values = shard.metadata(owner, node.mailbox);
  if (owner !== account) return new Map(values.filter(([entry]) => scopeOf(entry) === "shared"));
  return node.specialUse === null
    ? new Map(values)
    : new Map([...values, [SPECIAL_USE_ENTRY, utf8(specialUseValue(node.specialUse))]]);
}

function chosen(held: Held, entries: readonly string[], depth: "0" | "1" | "infinity"): [string, Uint8Array | null][] {
  const values = new Map<string, Uint8Array | null>();
  for (const asked of entries) {
    if (depth === "0") values.set(asked, held.get(asked) ?? null);
    else for (const [entry, value] of held) if (isWithin(entry, asked, depth)) values.set(entry, value);
  }
  return [...values];
}

/** SETMETADATA (RFC 5464 §4.3). */
export function setMetadata(
  state: State,
  { account, name, values, by }: Asked<"mailbox.setMetadata">,
  reply: Answer<"mailbox.setMetadata">,
): void {
  const place = name === "" ? null : placeOf(state, account, name);
  if (name !== "" && (place === null || !place.rights.includes("l"))) return reply.ok({ type: "missing" });
  const problem = problemOf(values, account, place);
  if (problem !== null) return reply.ok(problem);
  const pairs = values.map(({ entry, value }) => [entry, value] as const);
  const set = place === null
    ? state.shard.setMetadata(account, OF_ACCOUNT, pairs)
    : state.shard.setMetadata(place.owner, place.node.mailbox, pairs);
  const told = set.then((outcome) => {
    if (outcome.type === "limit") return { type: "tooMany" as const };
    const of = place ?? { owner: account, node: null };
    if (outcome.type === "done") annotationsChanged(state, of, values.map(({ entry }) => entry), by);
    return outcome;
  });
  answerLater(state, told, reply);
}

type Values = Asked<"mailbox.setMetadata">["values"];

/** Throws Failure `refused` when a right is wanting. */
function problemOf(values: Values, account: AccountId, place: Place | null): AnnotationsSet | null {
  const scopes = new Set(values.map(({ entry }) => scopeOf(entry)));
  if (place !== null && place.owner !== account) {
    if (scopes.has("private")) return { type: "noPrivate" };
    // RFC 5464 §3.3 asks for any right of those that use the mailbox; what all see is for those that may write.
    if (!place.rights.includes("w")) throw wanting();
  }
  // What is said of the server to everybody is not a user's to say.
  if (place === null && scopes.has("shared")) throw wanting();
  return values.some(({ entry }) => entry === SPECIAL_USE_ENTRY) ? { type: "cannot" } : null;
}
