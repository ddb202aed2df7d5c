import type { MailboxName } from "../../../mail/mailbox_name.ts";
import type { MailboxFilter, NotifyCommand, NotifyEvent } from "./ast.ts";
import { LIST_ELEMENTS_MAX } from "./syntax_limits.ts";
import { readMailbox } from "./arguments.ts";
import { readFetchList } from "./fetch.ts";
import type { Reader } from "./reader.ts";

const SPACE = 0x20;
const OPEN_PARENTHESIS = 0x28;

const FILTERS: ReadonlyMap<string, MailboxFilter["filter"]> = new Map(
  ([
    "selected",
    "selected-delayed",
    "inboxes",
    "personal",
    "subscribed",
    "subtree",
    "subtree-one",
    "mailboxes",
  ] as const)
    .map((filter) => [filter.toUpperCase(), filter]),
);

type PlainEvent = Exclude<NotifyEvent["event"], "MessageNew" | "unknown">;

const EVENTS: ReadonlyMap<string, PlainEvent | "MessageNew"> = new Map(
  ([
    "MessageNew",
    "MessageExpunge",
    "FlagChange",
    "AnnotationChange",
    "MailboxName",
    "SubscriptionChange",
    "MailboxMetadataChange",
    "ServerMetadataChange",
  ] as const).map((event) => [event.toUpperCase(), event]),
);

/** notify = "NOTIFY" SP (notify-set / notify-none) (RFC 5465 §8) */
export function readNotify(reader: Reader): NotifyCommand {
  reader.space();
  if (reader.takeWord("NONE")) return { verb: "NOTIFY", groups: null, status: false };
  if (!reader.takeWord("SET")) reader.fail("NOTIFY takes SET or NONE");
  const status = reader.takeWord(" STATUS");
  const groups: NonNullable<NotifyCommand["groups"]>[number][] = [];
  while (reader.take(SPACE)) {
    groups.push(readGroup(reader));
    reader.bounded(groups.length, LIST_ELEMENTS_MAX, "groups of events");
  }
  if (groups.length === 0) reader.fail("Missing the events");
  return { verb: "NOTIFY", groups, status };
}

/** event-group = "(" filter-mailboxes SP events ")" */
function readGroup(reader: Reader): NonNullable<NotifyCommand["groups"]>[number] {
  reader.open();
  const mailboxes = readMailboxFilter(reader);
  reader.space();
  const events = reader.takeWord("NONE") ? [] : readEvents(reader);
  reader.close();
  return { mailboxes, events };
}

/** "(" event *(SP event) ")"; the examples of RFC 5465 have them without parentheses, and clients do as they do. */
function readEvents(reader: Reader): NotifyEvent[] {
  const limits = { max: LIST_ELEMENTS_MAX, what: "events" };
  if (reader.atOpen) return reader.list(() => readEvent(reader), limits);
  const events: NotifyEvent[] = [];
  do {
    events.push(readEvent(reader));
    reader.bounded(events.length, limits.max, limits.what);
  } while (reader.take(SPACE));
  return events;
}

/** filter-mailboxes */
export function readMailboxFilter(reader: Reader): MailboxFilter {
  const filter = FILTERS.get(reader.word("which mailboxes"));
  switch (filter) {
    case undefined:
      reader.fail("Unknown choice of mailboxes");
      return { filter: "personal" };
    case "subtree":
    case "subtree-one":
    case "mailboxes":
      reader.space();
      return { filter, mailboxes: readMailboxes(reader) };
    default:
      return { filter };
  }
}

/** one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")" */
function readMailboxes(reader: Reader): MailboxName[] {
  const named = reader.atOpen
    ? reader.list(() => readMailbox(reader), { max: LIST_ELEMENTS_MAX, what: "mailboxes" })
    : [readMailbox(reader)];
  return named.filter((name) => name !== null);
}

/** event */
function readEvent(reader: Reader): NotifyEvent {
  const name = reader.atom("an event");
  const event = EVENTS.get(name.toUpperCase());
  if (event === undefined) return { event: "unknown", name };
  if (event !== "MessageNew") return { event };
  const withItems = reader.peek() === SPACE && reader.text.charCodeAt(reader.at + 1) === OPEN_PARENTHESIS;
  return { event, items: withItems ? (reader.space(), readFetchList(reader)) : [] };
}
