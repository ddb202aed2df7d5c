import type { ListCommand, ListReturn, ListSelection } from "./ast.ts";
import { decodeModifiedUtf7 } from "../write/mailbox_name_codec.ts";
import { LIST_ELEMENTS_MAX, LIST_PATTERN_CHARACTERS_MAX, LIST_PATTERNS_MAX } from "./syntax_limits.ts";
import { readEntry } from "./access.ts";
import { checkedText, readMailboxText } from "./arguments.ts";
import { endOfPattern } from "./characters.ts";
import { readStatusItems } from "./mailbox_commands.ts";
import { readModifiers } from "./modifiers.ts";
import type { Reader } from "./reader.ts";

/** list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts] */
export function readList(reader: Reader): ListCommand {
  reader.space();
  let extended = reader.atOpen;
  const selection = extended ? readSelection(reader) : NO_SELECTION;
  if (extended) reader.space();
  const reference = decodePattern(reader, readMailboxText(reader));
  reader.space();
  extended ||= reader.atOpen;
  const patterns = reader.atOpen
    ? reader.list(() => readPattern(reader), { max: LIST_PATTERNS_MAX, what: "patterns" })
    : [readPattern(reader)];
  const returns = reader.takeWord(" RETURN ") ? readReturn(reader) : null;
  return {
    verb: "LIST",
    reference: reference ?? "",
    // What no name can be decoded from matches no mailbox.
    patterns: reference === null ? [] : patterns.filter((pattern) => pattern !== null),
    selection,
    returns: returns ?? NO_RETURN,
    extended: extended || returns !== null,
  };
}

/** lsub = "LSUB" SP mailbox SP list-mailbox (RFC 3501 §9) */
export function readLsub(reader: Reader): ListCommand {
  reader.space();
  const reference = decodePattern(reader, readMailboxText(reader));
  reader.space();
  const pattern = readPattern(reader);
  // What no name can be decoded from matches no mailbox: "//" is a name of none.
  if (reference === null || pattern === null) return { verb: "LSUB", reference: "", pattern: "//" };
  return { verb: "LSUB", reference, pattern };
}

const NO_SELECTION: ListSelection = { subscribed: false, remote: false, recursiveMatch: false, specialUse: false };

/** list-select-opts; RECURSIVEMATCH stands only beside another that selects (RFC 5258 §6). */
function readSelection(reader: Reader): ListSelection {
  const selection: { -readonly [K in keyof ListSelection]: ListSelection[K] } = { ...NO_SELECTION };
  if (reader.takeWord("()")) return selection;
  readModifiers(reader, {
    "SUBSCRIBED": () => selection.subscribed = true,
    "REMOTE": () => selection.remote = true,
    "RECURSIVEMATCH": () => selection.recursiveMatch = true,
    "SPECIAL-USE": () => selection.specialUse = true,
  });
  if (selection.recursiveMatch && !selection.subscribed && !selection.specialUse) {
    reader.fail("RECURSIVEMATCH stands only beside another selection");
  }
  return selection;
}

const NO_RETURN: ListReturn = {
  subscribed: false,
  children: false,
  specialUse: false,
  myRights: false,
  status: [],
  metadata: [],
};

/** "(" [return-option *(SP return-option)] ")" */
function readReturn(reader: Reader): ListReturn {
  const returns: { -readonly [K in keyof ListReturn]: ListReturn[K] } = { ...NO_RETURN };
  if (reader.takeWord("()")) return returns;
  readModifiers(reader, {
    "SUBSCRIBED": () => returns.subscribed = true,
    "CHILDREN": () => returns.children = true,
    "SPECIAL-USE": () => returns.specialUse = true,
    "MYRIGHTS": () => returns.myRights = true,
    "STATUS": () => {
      reader.space();
      returns.status = readStatusItems(reader);
    },
    "METADATA": () => {
      reader.space();
      returns.metadata = reader.list(() => readEntry(reader), { max: LIST_ELEMENTS_MAX, what: "entries" });
    },
  });
  return returns;
}

/** list-mailbox = 1*list-char / string */
function readPattern(reader: Reader): string | null {
  const end = endOfPattern(reader.text, reader.at);
  const text = end > reader.at ? reader.cut(end) : checkedText(reader, reader.string("a pattern"));
  if (text.length > LIST_PATTERN_CHARACTERS_MAX) reader.fail("A pattern is too long", "limit");
  return decodePattern(reader, text);
}

/** Wildcards stand for themselves in both ways to write names. */
function decodePattern(reader: Reader, text: string): string | null {
  return reader.utf8 ? text : decodeModifiedUtf7(text);
}
