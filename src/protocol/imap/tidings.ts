import { asFailure } from "../../base/failure.ts";
import type { MailboxEntry } from "../../mail/mailbox_entry.ts";
import type { Tidings, WatchedName } from "../../mail/watch.ts";
import type { MailboxName } from "../../mail/mailbox_name.ts";
import type { WatchEvent } from "../../mail/watch.ts";
import type { StatusItem } from "./grammar/ast.ts";
import { ask, leave, type Program } from "./effects.ts";
import { tellNews } from "./news.ts";
import { endWatch, overflow } from "./notices.ts";
import { type ImapState, type Scene, speaksUtf8, tellsModSeq, tellsSelected } from "./state.ts";
import { statusLine } from "./write/status_line.ts";
import { mailboxText, specialUseAttribute } from "./write/texts.ts";
import { writeMetadataNames } from "./write/write_access.ts";

/** Whether something is to be told though no command asks for it: in IDLE, and between commands once NOTIFY allows it. */
export function hasUnasked(state: ImapState, idling: boolean): boolean {
  const { selected, notify } = state;
  if (notify === null) return idling && selected?.stirred === true;
  return !notify.held && (notify.stirred || (selected?.stirred === true && tellsSelected(state)));
}

/** Tells what happened in the selected mailbox, if the client wants it, and in those that it watches. */
export function* tellAll(scene: Scene, expunges: boolean): Program<void> {
  const { state } = scene;
  if (tellsSelected(state)) yield* tellNews(scene, expunges);
  if (state.notify?.stirred === true) yield* tellTidings(scene);
}

/** The same between commands (RFC 5465 §3.1): news that cannot be had now waits for the next command, or for more. */
export function* tellUnasked(scene: Scene): Program<void> {
  const { state, output } = scene;
  const { selected } = state;
  try {
    // RFC 5465 §6.1.2: where sequence numbers are used they stay until a command lets them change.
    if (selected?.stirred === true && tellsSelected(state)) {
      yield* tellNews(scene, state.notify?.selected?.delayed !== true);
    }
    if (state.notify?.stirred === true) yield* tellTidings(scene);
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    // Views end with the worker that keeps them, and no command may come that would learn it.
    if (failure.kind === "down") state.viewLost = true;
    if (selected !== null) selected.stirred = true;
    if (state.notify !== null) state.notify.held = true;
  }
  if (state.viewLost) yield* leave("The mailbox has to be opened again", "UNAVAILABLE");
  if (output.isFull) yield* output.drain();
}

/** Tells what happened in mailboxes that are watched (RFC 5465 §5): names first, so that a new one is known before its messages. */
export function* tellTidings(scene: Scene): Program<void> {
  const { state, output } = scene;
  for (let more = true; more;) {
    const { notify } = state;
    if (notify === null || notify.watch === 0) return;
    notify.stirred = false;
    const tidings = yield* tidingsOf(notify.watch);
    if (tidings === null || tidings.overflow) {
      // What cannot be asked for is not told later as if nothing had been missed.
      return overflow(scene);
    }
    for (const name of tidings.names) yield* output.send(nameLine(name, scene));
    for (const { name, entries } of tidings.metadata) {
      yield* output.send(writeMetadataNames(name, entries, speaksUtf8(state)));
    }
    for (const { entry, events } of tidings.mailboxes) {
      yield* output.send(yield* stateLine(entry, events, scene, false));
    }
    more = tidings.more;
  }
}

/** Null: they cannot be had, and the watch is over, for the owner too, if it knows of it. */
function* tidingsOf(watch: number): Program<Tidings | null> {
  try {
    return yield* ask("mailbox.tidings", { watch });
  } catch (error) {
    if (asFailure(error) === null) throw error;
  }
  yield* endWatch(watch);
  return null;
}

/** STATUS of a mailbox that is watched: with what RFC 5465 §3.1 asks for when a watch begins (`first`), and §5.1 to §5.3 later. */
export function* stateLine(
  entry: MailboxEntry,
  events: readonly WatchEvent[],
  scene: Scene,
  first: boolean,
): Program<string> {
  const flags = events.includes("flags");
  const changes = flags || events.includes("annotations");
  const items: StatusItem[] = ["MESSAGES", "UIDNEXT"];
  if (first || changes) items.push("UIDVALIDITY");
  if (flags) items.push("UNSEEN");
  if ((first && changes) || tellsModSeq(scene.state)) items.push("HIGHESTMODSEQ");
  return yield* statusLine(entry, items, scene);
}

/** LIST of a name that may be looked up, and not be watched (RFC 5465 §3.1). */
export function noAccessLine(name: MailboxName, scene: Scene): string {
  return `* LIST (\\NoAccess) "/" ${mailboxText(name, scene)}\r\n`;
}

/** LIST of a name that something happened to (RFC 5465 §5.4, §5.5). */
function nameLine({ entry, hasChildren, oldName, noAccess }: WatchedName, scene: Scene): string {
  const attributes: string[] = [];
  if (noAccess) attributes.push("\\NoAccess");
  else if (entry.mailbox === 0) attributes.push("\\NonExistent");
  if (entry.subscribed) attributes.push("\\Subscribed");
  if (hasChildren) attributes.push("\\HasChildren");
  else if (entry.mailbox > 0) attributes.push("\\HasNoChildren");
  if (entry.specialUse !== null) attributes.push(specialUseAttribute(entry.specialUse));
  const before = oldName === null ? "" : ` ("OLDNAME" (${mailboxText(oldName, scene)}))`;
  return `* LIST (${attributes.join(" ")}) "/" ${mailboxText(entry.name, scene)}${before}\r\n`;
}
