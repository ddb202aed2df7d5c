import type { ResyncFrom } from "../../../mail/mailbox_view.ts";
import { SPECIAL_USES, type SpecialUse } from "../../../mail/mailbox_name.ts";
import type { MailboxArgument, MailboxCommand, StatusItem } from "./ast.ts";
import { LIST_ELEMENTS_MAX, RESYNC_MATCHES_MAX } from "./syntax_limits.ts";
import { readMailbox, readMailboxText, readPairs, toMailbox } from "./arguments.ts";
import { readModifiers, readModSeq } from "./modifiers.ts";
import type { Reader } from "./reader.ts";

const SPACE = 0x20;
const BACKSLASH = 0x5c;

const STATUS_ITEMS: ReadonlySet<string> = new Set<StatusItem>([
  "MESSAGES",
  "RECENT",
  "UIDNEXT",
  "UIDVALIDITY",
  "UNSEEN",
  "DELETED",
  "SIZE",
  "HIGHESTMODSEQ",
  "MAILBOXID",
  "APPENDLIMIT",
  "DELETED-STORAGE",
]);

/** enable = "ENABLE" 1*(SP capability) */
export function readEnable(reader: Reader): MailboxCommand {
  const capabilities: string[] = [];
  do {
    reader.space();
    capabilities.push(reader.word("a capability"));
    reader.bounded(capabilities.length, LIST_ELEMENTS_MAX, "capabilities");
  } while (reader.peek() === SPACE);
  return { verb: "ENABLE", capabilities };
}

/** select = "SELECT" SP mailbox [select-params] */
export function readSelect(reader: Reader, verb: "SELECT" | "EXAMINE"): MailboxCommand {
  reader.space();
  const mailbox = readMailbox(reader);
  let condstore = false;
  let annotate = false;
  let qresync: ResyncFrom | null = null;
  if (reader.take(SPACE)) {
    readModifiers(reader, {
      CONDSTORE: () => condstore = true,
      QRESYNC: () => qresync = readResync(reader),
      ANNOTATE: () => annotate = true,
    });
  }
  return { verb, mailbox, condstore, qresync, ...(annotate ? { annotate } : {}) };
}

/** SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")" (RFC 7162 §7) */
function readResync(reader: Reader): ResyncFrom {
  reader.space();
  reader.open();
  const uidValidity = reader.nzNumber("UIDVALIDITY");
  const modSeq = readModSeq(reader, false);
  let known: readonly number[] | null = null;
  let match: ResyncFrom["match"] = null;
  if (reader.take(SPACE)) {
    if (!reader.atOpen) {
      known = readPairs(reader, false);
      if (reader.take(SPACE)) match = readMatch(reader);
    } else match = readMatch(reader);
  }
  reader.close();
  return { uidValidity, modSeq, known, match };
}

/** seq-match-data = "(" known-sequence-set SP known-uid-set ")": as many numbers as UIDs, both rising. */
function readMatch(reader: Reader): ResyncFrom["match"] {
  reader.open();
  const sequence = readRising(reader);
  reader.space();
  const uids = readRising(reader);
  reader.close();
  if (sequence.length !== uids.length) reader.fail("Not as many numbers as UIDs");
  return { sequence, uids };
}

/** A set as its numbers, counted before it is spread out (ATTACKS I10). */
function readRising(reader: Reader): number[] {
  const pairs = readPairs(reader, false);
  const numbers: number[] = [];
  let count = 0;
  for (let i = 0; i < pairs.length; i += 2) count += Math.abs(pairs[i + 1]! - pairs[i]!) + 1;
  reader.bounded(count, RESYNC_MATCHES_MAX, "messages to compare");
  for (let i = 0; i < pairs.length && !reader.failed; i += 2) {
    for (let value = pairs[i]!; value <= pairs[i + 1]!; value++) {
      if (numbers.length > 0 && value <= numbers.at(-1)!) reader.fail("Messages to compare are not in order");
      numbers.push(value);
    }
  }
  return numbers;
}

/** create = "CREATE" SP mailbox [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"] (RFC 6154 §6) */
export function readCreate(reader: Reader): MailboxCommand {
  reader.space();
  const mailbox = readNewMailbox(reader);
  let specialUses: readonly (SpecialUse | null)[] = [];
  if (reader.take(SPACE)) {
    readModifiers(reader, {
      USE: () => {
        reader.space();
        specialUses = reader.list(() => readUse(reader), { max: LIST_ELEMENTS_MAX, what: "uses", empty: true });
      },
    });
  }
  return { verb: "CREATE", mailbox, specialUses };
}

/** A name with a separator at its end declares that names will lie below it: it is made without (RFC 9051 §6.3.4). */
function readNewMailbox(reader: Reader): MailboxArgument {
  const text = readMailboxText(reader);
  return toMailbox(reader, text.endsWith("/") ? text.slice(0, -1) : text);
}

/** use-attr = "\" atom */
function readUse(reader: Reader): SpecialUse | null {
  if (!reader.take(BACKSLASH)) reader.fail("Missing a special use");
  const name = reader.atom("a special use").toLowerCase();
  return SPECIAL_USES.find((use) => use === name) ?? null;
}

/** rename = "RENAME" SP mailbox SP mailbox */
export function readRename(reader: Reader): MailboxCommand {
  reader.space();
  const from = readMailbox(reader);
  reader.space();
  return { verb: "RENAME", from, to: readNewMailbox(reader) };
}

/** status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")" */
export function readStatus(reader: Reader): MailboxCommand {
  reader.space();
  const mailbox = readMailbox(reader);
  reader.space();
  return { verb: "STATUS", mailbox, items: readStatusItems(reader) };
}

/** "(" status-att *(SP status-att) ")", each once. */
export function readStatusItems(reader: Reader): StatusItem[] {
  const item = () => {
    const name = reader.word("a status item");
    if (!STATUS_ITEMS.has(name)) reader.fail("Unknown status item");
    return name as StatusItem;
  };
  const items = reader.list(item, { max: LIST_ELEMENTS_MAX, what: "status items" });
  return [...new Set(items)];
}
