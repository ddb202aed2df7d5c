import { asFailure } from "../../../base/failure.ts";
import type { MailboxEntry } from "../../../mail/mailbox_entry.ts";
import { INBOX_NAME, isBelow, MAILBOX_SEPARATOR, type MailboxName } from "../../../mail/mailbox_name.ts";
import { isOthers } from "../../../mail/other_users.ts";
import type { MailboxFilter } from "../grammar/ast.ts";
import { type Completion, no, ok } from "../completion.ts";
import { allowed, ask, type Program } from "../effects.ts";
import { type ReadySearch, readySearch, RETURN_ALL, searchIn, type SearchRequest } from "./search.ts";
import type { Scene, Selected } from "../state.ts";
import { noteUpdates } from "./updates.ts";

/** A search in several mailboxes. */
export interface MultiSearchRequest extends Omit<SearchRequest, "uid"> {
  readonly sources: readonly MailboxFilter[];
}

/** Mailboxes of one search (RFC 7377 §2.4). */
const SEARCHED_MAILBOXES_MAX = 1_000;
/** Names of mailboxes that are asked for at once. */
const NAMES_AT_ONCE = 500;

/** Searches one mailbox after the other (RFC 7377 §2). Which mailbox is selected stays as it is. */
export function* multiSearch(
  { sources, ...given }: MultiSearchRequest,
  scene: Scene,
): Program<Completion> {
  const { selected } = scene.state;
  const request: SearchRequest = { ...given, returns: given.returns ?? RETURN_ALL, uid: true };
  const ready = yield* readySearch(request, scene);
  if (ready.type === "refused") return ready.completion;
  const names = yield* namesOf(sources, selected);
  if (names.size > SEARCHED_MAILBOXES_MAX) return no("Too many mailboxes", "LIMIT");
  // RFC 7377 §2.2: changes are told of the selected mailbox alone.
  const update = request.returns?.update != null;
  if (update && (selected === null || !names.has(selected.name))) {
    noteUpdates({ tag: request.tag, uid: true, named: null, items: [], kept: false }, scene);
  }
  for (const name of names) {
    const completion = name === selected?.name
      ? yield* searchSelected(selected, { request, ready, update }, scene)
      : yield* searchOther(name, { request, ready }, scene);
    if (completion.type !== "ok") return completion;
  }
  return ok();
}

interface Search {
  readonly request: SearchRequest;
  readonly ready: ReadySearch;
}

function* searchSelected(
  { view, name, uidValidity }: Selected,
  { request, ready, update }: Search & { readonly update: boolean },
  scene: Scene,
): Program<Completion> {
  return yield* searchIn({ view, update, named: { mailbox: name, uidValidity } }, request, ready, scene);
}

/** What is gone meanwhile, or may not be read any more, is passed over: nothing is told of it (RFC 7377 §2.2). */
function* searchOther(mailbox: MailboxName, { request, ready }: Search, scene: Scene): Program<Completion> {
  const opened = yield* allowed(ask("mailbox.open", { name: mailbox, readOnly: true, since: null }));
  if (opened?.type !== "opened") return ok();
  const { view, status: { uidValidity } } = opened;
  try {
    return yield* searchIn({ view, update: false, named: { mailbox, uidValidity } }, request, ready, scene);
  } catch (error) {
    if (asFailure(error)?.kind !== "not_found") throw error;
    return ok();
  } finally {
    yield* ask("mailbox.close", { view });
  }
}

/** The names of all mailboxes that are meant, each once, in the order of the sources. */
function* namesOf(sources: readonly MailboxFilter[], selected: Selected | null): Program<Set<MailboxName>> {
  const names = new Set<MailboxName>();
  const isListed = ({ filter }: MailboxFilter) => filter !== "selected" && filter !== "mailboxes";
  const tree = sources.some(isListed) ? (yield* ask("mailbox.tree", { status: true })).entries : [];
  for (const source of sources) {
    if (source.filter === "selected") {
      if (selected !== null) names.add(selected.name);
    } else if (source.filter === "mailboxes") {
      for (const name of yield* readable(source.mailboxes)) names.add(name);
    } else {
      for (const entry of tree) if (isMeant(entry, source) && hasMessages(entry)) names.add(entry.name);
    }
  }
  return names;
}

/** Of mailboxes that are named those that may be read (RFC 7377 §2.2): they need not be visible otherwise. */
function* readable(asked: readonly MailboxName[]): Program<MailboxName[]> {
  const found: MailboxName[] = [];
  for (let at = 0; at < asked.length; at += NAMES_AT_ONCE) {
    const names = asked.slice(at, at + NAMES_AT_ONCE);
    const { entries } = yield* ask("mailbox.statusOf", { names });
    entries.forEach((entry, i) => entry !== null && hasMessages(entry) && found.push(names[i]!));
  }
  return found;
}

/** A status is told of mailboxes that may be read; in one without messages none is found. */
function hasMessages({ mailbox, status }: MailboxEntry): boolean {
  return mailbox > 0 && (status?.messages ?? 0) > 0;
}

/** Which mailboxes a source means (RFC 5465 §6, RFC 7377 §2.2). */
function isMeant({ name, subscribed, specialUse }: MailboxEntry, source: MailboxFilter): boolean {
  switch (source.filter) {
    case "inboxes": // Where mail is delivered to.
      return name === INBOX_NAME || specialUse === "junk";
    case "personal":
      return !isOthers(name);
    case "subscribed":
      return subscribed;
    case "subtree":
      return source.mailboxes.some((root) => name === root || isBelow(name, root));
    case "subtree-one":
      return source.mailboxes.some((root) =>
        name === root || (isBelow(name, root) && !name.slice(root.length + 1).includes(MAILBOX_SEPARATOR))
      );
    default:
      return false;
  }
}
