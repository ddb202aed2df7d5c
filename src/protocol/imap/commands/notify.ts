import type { WatchedMailbox } from "../../../mail/watch.ts";
import { WATCH_NAMES_MAX, type WatchEvent, type WatchGroup } from "../../../mail/watch.ts";
import type { NotifyEvent } from "../grammar/ast.ts";
import { type Command, type Given, LOGGED_IN } from "../command.ts";
import { bad, type Completion, no, ok } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { tellNews } from "../news.ts";
import { endWatch } from "../notices.ts";
import { badEventCode } from "../write/response_code.ts";
import { noNotices, type NotifySelected, type Scene } from "../state.ts";
import { noAccessLine, stateLine, tellTidings } from "../tidings.ts";

/** NOTIFY (RFC 5465): from then on the client is told what it asked for, also between commands. */
export const notify: Command<"NOTIFY"> = {
  verb: "NOTIFY",
  phases: LOGGED_IN,
  news: "none",
  brings: ["NOTIFY"],
  *run({ groups, status }, scene) {
    if (groups === null) {
      yield* endOldWatch(scene);
      scene.state.notify = noNotices();
      return ok();
    }
    const wish = wishOf(groups);
    return "type" in wish ? wish : yield* set(wish, status, scene);
  },
};

type Groups = NonNullable<Given<"NOTIFY">["groups"]>;

/** What a client wants to be told. */
interface Wish {
  /** Of the selected mailbox; null: nothing. */
  readonly selected: NotifySelected | null;
  readonly others: readonly WatchGroup[];
}

/** The new events stand only when all went well (RFC 5465 §3.1: they replace the old ones as a whole). */
function* set({ selected, others }: Wish, status: boolean, scene: Scene): Program<Completion> {
  const { state, output } = scene;
  // RFC 5465 §3.1: an implicit NOOP; and what was watched until now is told to its end.
  if (state.selected !== null) yield* tellNews(scene, true);
  if (state.notify !== null && state.notify.watch > 0) yield* tellTidings(scene);
  const isWatching = others.some(({ events }) => events.length > 0);
  const opened = isWatching ? yield* ask("mailbox.watch", { groups: others, status }) : null;
  if (opened?.type === "tooMany") return no("Too many sessions watch already", "NOTIFICATIONOVERFLOW");
  yield* endOldWatch(scene);
  if (selected?.items.some(({ item }) => item === "MODSEQ") === true) state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
  // What comes between the two answers is told by a first question.
  state.notify = { selected, watch: opened?.watch ?? 0, stirred: opened !== null, held: false, own: [] };
  for (const each of opened?.mailboxes ?? []) yield* output.send(yield* firstLine(each, scene));
  return ok();
}

function* firstLine({ entry, events }: WatchedMailbox, scene: Scene): Program<string> {
  return entry.status === undefined ? noAccessLine(entry.name, scene) : yield* stateLine(entry, events, scene, true);
}

function* endOldWatch({ state }: Scene): Program<void> {
  const { notify: before } = state;
  if (before === null || before.watch === 0) return;
  state.notify = { ...before, watch: 0 };
  yield* endWatch(before.watch);
}

/** Events that can be told (RFC 5465 §5); all of them are named where one was asked for that cannot. */
const EVENTS: ReadonlyMap<NotifyEvent["event"], WatchEvent> = new Map([
  ["MessageNew", "messages"],
  ["MessageExpunge", "messages"],
  ["FlagChange", "flags"],
  ["AnnotationChange", "annotations"],
  ["MailboxName", "names"],
  ["SubscriptionChange", "subscriptions"],
  ["MailboxMetadataChange", "metadata"],
  ["ServerMetadataChange", "accountMetadata"],
]);

/** What the groups come to, or why they are refused: first by NO for what is not known here (RFC 5465 §3.1), then by BAD. */
function wishOf(groups: Groups): Wish | Completion {
  if (groups.some(({ events }) => events.some(({ event }) => !EVENTS.has(event)))) {
    return no("Not every event can be told", badEventCode([...EVENTS.keys()]));
  }
  let selected: NotifySelected | null = null;
  let selectors = 0;
  const others: WatchGroup[] = [];
  for (const { mailboxes, events } of groups) {
    const problem = problemOf(events);
    if (problem !== null) return bad(problem);
    if (mailboxes.filter === "selected" || mailboxes.filter === "selected-delayed") {
      if (++selectors > 1) return bad("Only one choice of the selected mailbox"); // RFC 5465 §6.1.
      if (!events.every(isOfMessages)) return bad("Only events of messages go with the selected mailbox");
      selected = selectedOf(mailboxes.filter === "selected-delayed", events);
      continue;
    }
    if (mailboxes.filter === "subtree-one") return bad("Not a choice of mailboxes for NOTIFY"); // It is of RFC 7377 alone.
    if (itemsOf(events).length > 0) return bad("Data items go with the selected mailbox only"); // RFC 5465 §8.
    const names = "mailboxes" in mailboxes ? mailboxes.mailboxes : [];
    others.push({ filter: mailboxes.filter, names, events: watchedOf(events) });
  }
  const named = others.reduce((count, { names }) => count + names.length, 0);
  if (named > WATCH_NAMES_MAX) return no("Too many mailboxes by name", "NOTIFICATIONOVERFLOW");
  return { selected, others };
}

const CHANGES: readonly NotifyEvent["event"][] = ["FlagChange", "AnnotationChange"];

/** RFC 5465 §5: new messages and removals go together, and changes of messages go with both. */
function problemOf(events: readonly NotifyEvent[]): string | null {
  const has = (name: NotifyEvent["event"]) => events.some(({ event }) => event === name);
  if (has("MessageNew") !== has("MessageExpunge")) return "MessageNew and MessageExpunge go together";
  const lonely = has("MessageNew") ? undefined : CHANGES.find(has);
  return lonely === undefined ? null : `${lonely} needs MessageNew and MessageExpunge`;
}

function isOfMessages({ event }: NotifyEvent): boolean {
  return event === "MessageNew" || event === "MessageExpunge" || CHANGES.includes(event);
}

function selectedOf(delayed: boolean, events: readonly NotifyEvent[]): NotifySelected | null {
  if (events.length === 0) return null;
  const [flags, annotations] = CHANGES.map((name) => events.some(({ event }) => event === name)) as [boolean, boolean];
  return { delayed, flags, annotations, items: itemsOf(events) };
}

function itemsOf(events: readonly NotifyEvent[]): NotifySelected["items"] {
  return events.flatMap((event) => event.event === "MessageNew" ? event.items : []);
}

function watchedOf(events: readonly NotifyEvent[]): WatchEvent[] {
  return [...new Set(events.map(({ event }) => EVENTS.get(event)!))];
}
