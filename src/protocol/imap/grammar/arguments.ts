import { Flag, type FlagBits } from "../../../mail/flag.ts";
import type { MessageFlags } from "../../../mail/mailbox_entry.ts";
import type { MessageSet } from "../../../mail/mailbox_view.ts";
import type { MailboxArgument } from "./ast.ts";
import { decodeMailboxName } from "../write/mailbox_name_codec.ts";
import { parseSequenceSet } from "../sequence_set.ts";
import { FLAGS_MAX, KEYWORD_CHARACTERS_MAX } from "./syntax_limits.ts";
import { endOfAtom } from "./characters.ts";
import type { Reader } from "./reader.ts";

const SPACE = 0x20;
const BACKSLASH = 0x5c;
const DOLLAR = 0x24;

const SYSTEM_FLAGS: ReadonlyMap<string, FlagBits> = new Map([
  ["SEEN", Flag.seen],
  ["ANSWERED", Flag.answered],
  ["FLAGGED", Flag.flagged],
  ["DELETED", Flag.deleted],
  ["DRAFT", Flag.draft],
]);

/** mailbox = "INBOX" / astring */
export function readMailbox(reader: Reader): MailboxArgument {
  return toMailbox(reader, readMailboxText(reader));
}

/** An astring that names a mailbox or a pattern of them, as it came. */
export function readMailboxText(reader: Reader): string {
  return checkedText(reader, reader.astring("a mailbox name"));
}

/** Before UTF-8 was enabled, names are ASCII (RFC 3501 §5.1). */
export function checkedText(reader: Reader, text: string): string {
  for (let i = 0; !reader.utf8 && i < text.length; i++) {
    if (text.charCodeAt(i) >= 0x80) reader.fail("A mailbox name holds 8-bit characters; enable UTF8=ACCEPT");
  }
  return text;
}

/** The mailbox that a text of the wire names. */
export function toMailbox(reader: Reader, text: string): MailboxArgument {
  return decodeMailboxName(text, reader.utf8);
}

/** sequence-set, or "$" for the result of the last search (RFC 5182 §2.1). */
export function readSet(reader: Reader, by: "sequence" | "uid"): MessageSet {
  if (reader.peek() === DOLLAR && endOfAtom(reader.text, reader.at) === reader.at + 1) {
    reader.take(DOLLAR);
    return { by: "saved" };
  }
  return { by, pairs: readPairs(reader) };
}

/** sequence-set as pairs; without `star`, "*" is not allowed in it. */
export function readPairs(reader: Reader, star = true): number[] {
  const pairs = parseSequenceSet(reader.cut(endOfSet(reader)), { star });
  if (pairs === null) reader.fail("Not a set of messages");
  return pairs ?? [];
}

function endOfSet(reader: Reader): number {
  let end = reader.at;
  for (; end < reader.text.length; end++) {
    const code = reader.text.charCodeAt(end);
    // Digits and ":", then "*" and ",".
    if (!(code >= 0x30 && code <= 0x3a) && code !== 0x2a && code !== 0x2c) break;
  }
  return end;
}

/** flag-list = "(" [flag *(SP flag)] ")" */
export function readFlagList(reader: Reader): MessageFlags {
  const flags = reader.list(() => readFlag(reader), { max: FLAGS_MAX, what: "flags", empty: true });
  return joinFlags(flags);
}

/** flag-list / (flag *(SP flag)) */
export function readFlags(reader: Reader): MessageFlags {
  if (reader.atOpen) return readFlagList(reader);
  const flags: (FlagBits | string)[] = [];
  do {
    flags.push(readFlag(reader));
    reader.bounded(flags.length, FLAGS_MAX, "flags");
  } while (reader.take(SPACE));
  return joinFlags(flags);
}

/** flag: a system flag as its bit, a keyword by its name. \Recent cannot be changed, and flag-extensions are not known. */
function readFlag(reader: Reader): FlagBits | string {
  if (!reader.take(BACKSLASH)) return readKeyword(reader);
  const bits = SYSTEM_FLAGS.get(reader.word("a flag"));
  if (bits === undefined) reader.fail("Unknown system flag");
  return bits ?? 0;
}

/** flag-keyword = atom */
export function readKeyword(reader: Reader): string {
  const keyword = reader.atom("a flag");
  if (keyword.length > KEYWORD_CHARACTERS_MAX) reader.fail("A keyword is too long", "limit");
  return keyword;
}

/** Keywords are the same in any case (RFC 9051 §2.3.2): of several spellings the first one stays. */
function joinFlags(list: readonly (FlagBits | string)[]): MessageFlags {
  let flags = 0;
  const keywords = new Map<string, string>();
  for (const flag of list) {
    if (typeof flag === "number") flags |= flag;
    else if (!keywords.has(flag.toLowerCase())) keywords.set(flag.toLowerCase(), flag);
  }
  return { flags, keywords: [...keywords.values()] };
}
