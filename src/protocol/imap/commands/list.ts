import type { MailboxEntry } from "../../../mail/mailbox_entry.ts";
import { type MailboxName, parentsOf } from "../../../mail/mailbox_name.ts";
import { ALL_RIGHTS, formatRights } from "../../../mail/rights.ts";
import { type Command, type Given, LOGGED_IN } from "../command.ts";
import { bad, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { listMatcher } from "../list_match.ts";
import { isRevision2, type Scene, speaksUtf8 } from "../state.ts";
import { statusLine } from "../write/status_line.ts";
import { mailboxText, specialUseAttribute } from "../write/texts.ts";
import { writeMyRights } from "../write/write_access.ts";
import { namesOf, tellMetadata } from "./metadata.ts";

/** LIST (RFC 9051 §6.3.9, RFC 5258) with STATUS (RFC 5819), special uses (RFC 6154), children (RFC 3348), rights (RFC 8440) and annotations (RFC 9590). */
export const list: Command<"LIST"> = {
  verb: "LIST",
  phases: LOGGED_IN,
  news: "all",
  brings: ["LIST-EXTENDED", "LIST-STATUS", "LIST-MYRIGHTS", "LIST-METADATA", "SPECIAL-USE", "CHILDREN"],
  *run(given, scene) {
    const { selection, returns, patterns } = given;
    if (selection.recursiveMatch && !selection.subscribed && !selection.specialUse) {
      return bad("RECURSIVEMATCH needs another option"); // RFC 9051 §6.3.9.1.
    }
    const annotations = namesOf(returns.metadata);
    if (annotations === null) return bad("Entries begin with /private or /shared");
    // RFC 9051 §6.3.9: an empty pattern asks for the separator.
    if (patterns.length === 1 && patterns[0] === "") {
      scene.output.push('* LIST (\\Noselect) "/" ""\r\n');
      return ok();
    }
    const recent = returns.status.includes("RECENT") ? { recent: true } : {};
    const { entries } = yield* ask("mailbox.tree", { status: returns.status.length > 0, ...recent });
    if (returns.status.includes("HIGHESTMODSEQ")) scene.state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
    const told: MailboxName[] = [];
    for (const line of listLines(entries, given, { ...scene, told })) {
      yield* scene.output.send(typeof line === "string" ? line : yield* statusLine(line, returns.status, scene));
    }
    if (annotations.length > 0) yield* tellMetadata(told, annotations, scene);
    return ok();
  },
};

type Lister = Pick<Given<"LIST">, "reference" | "patterns" | "selection" | "returns" | "extended">;

/** Notes each mailbox that was told of for itself. */
type Telling = Scene & { readonly told: MailboxName[] };

/** The lines of an answer, in the order of the tree; an entry stands for the line of its status. */
function* listLines(entries: readonly MailboxEntry[], given: Lister, scene: Telling): Generator<string | MailboxEntry> {
  const matches = listMatcher(given.reference, given.patterns);
  const meets = criteria(given.selection);
  const parents = parentsAmong(entries, ({ mailbox }) => mailbox > 0);
  const { recursiveMatch } = given.selection;
  const utf8 = speaksUtf8(scene.state);
  const above = recursiveMatch ? parentsAmong(entries, meets) : NOBODY;
  // RFC 9051 §6.3.9.3: names that do not meet the criteria are told of because of children that are not.
  const aboveUntold = recursiveMatch ? parentsAmong(entries, (entry) => meets(entry) && !matches(entry.name)) : NOBODY;
  const extra = recursiveMatch ? missingNames(aboveUntold, entries) : [];
  for (const entry of [...entries, ...extra]) {
    const { name } = entry;
    const met = meets(entry) && (entry.mailbox > 0 || given.selection.subscribed || parents.has(name));
    if (!(met || aboveUntold.has(name)) || !matches(name)) continue;
    const attributes = attributesOf(entry, parents.has(name), given, scene);
    const childInfo = above.has(name) ? ` ("CHILDINFO" (${criteriaNames(given.selection)}))` : "";
    yield `* LIST (${attributes}) "/" ${mailboxText(name, scene)}${childInfo}\r\n`;
    // RFC 8440 §4, RFC 9590: not of names that are there for their children only, nor of such as have no mailbox.
    if (met && entry.mailbox > 0) {
      scene.told.push(name);
      if (given.returns.myRights) yield writeMyRights(name, formatRights(entry.rights ?? ALL_RIGHTS), utf8);
    }
    if (given.returns.status.length > 0 && entry.status !== undefined) yield entry;
  }
}

const NOBODY: ReadonlySet<string> = new Set();

function criteria({ subscribed, specialUse }: Lister["selection"]): (entry: MailboxEntry) => boolean {
  return (entry) => (!subscribed || entry.subscribed) && (!specialUse || entry.specialUse !== null);
}

/** RFC 6154 §5.2 adds no name of its own to CHILDINFO's; a client that asks by special uses is told of those. */
function criteriaNames({ subscribed, specialUse }: Lister["selection"]): string {
  return [...(subscribed ? ['"SUBSCRIBED"'] : []), ...(specialUse ? ['"SPECIAL-USE"'] : [])].join(" ");
}

/** Every name above one of the entries that fit. */
export function parentsAmong(
  entries: readonly MailboxEntry[],
  fits: (entry: MailboxEntry) => boolean,
): ReadonlySet<string> {
  const parents = new Set<string>();
  for (const entry of entries) {
    if (fits(entry)) { for (const parent of parentsOf(entry.name)) parents.add(parent); }
  }
  return parents;
}

/** Entries for names above others that the tree does not have. */
function missingNames(names: ReadonlySet<string>, entries: readonly MailboxEntry[]): MailboxEntry[] {
  const known = new Set<string>(entries.map(({ name }) => name));
  return [...names].filter((name) => !known.has(name)).map((name) => ({
    mailbox: 0,
    name: name as MailboxName,
    objectId: "",
    specialUse: null,
    subscribed: false,
  }));
}

function attributesOf(entry: MailboxEntry, hasChildren: boolean, given: Lister, { state }: Scene): string {
  const { selection, returns, extended } = given;
  const attributes: string[] = [];
  // RFC 3501 knows \Noselect only; RFC 9051 §7.3.1 has the stronger word.
  if (entry.mailbox === 0) attributes.push(extended || isRevision2(state) ? "\\NonExistent" : "\\Noselect");
  if (entry.subscribed && (selection.subscribed || returns.subscribed)) attributes.push("\\Subscribed");
  attributes.push(hasChildren ? "\\HasChildren" : "\\HasNoChildren");
  if (entry.specialUse !== null) attributes.push(specialUseAttribute(entry.specialUse));
  return attributes.join(" ");
}
