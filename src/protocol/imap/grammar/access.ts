import type { AccessCommand, MailboxArgument } from "./ast.ts";
import { ENTRY_CHARACTERS_MAX, LIST_ELEMENTS_MAX } from "./syntax_limits.ts";
import { readMailbox, readMailboxText, toMailbox } from "./arguments.ts";
import { readModifiers } from "./modifiers.ts";
import type { Reader } from "./reader.ts";

/** getquota = "GETQUOTA" SP quota-root-name (RFC 9208 §7) */
export function readGetQuota(reader: Reader): AccessCommand {
  reader.space();
  return { verb: "GETQUOTA", root: reader.astring("a quota root") };
}

/** setquota = "SETQUOTA" SP quota-root-name SP "(" [resource-name SP resource-limit *(SP …)] ")" (RFC 9208 §7) */
export function readSetQuota(reader: Reader): AccessCommand {
  reader.space();
  const root = reader.astring("a quota root");
  reader.space();
  const limit = () => {
    const resource = reader.word("a resource");
    reader.space();
    return { resource, limit: reader.number64("The limit") };
  };
  return {
    verb: "SETQUOTA",
    root,
    limits: reader.list(limit, { max: LIST_ELEMENTS_MAX, what: "limits", empty: true }),
  };
}

/** setacl = "SETACL" SP mailbox SP identifier SP mod-rights (RFC 4314 §7) */
export function readSetAcl(reader: Reader): AccessCommand {
  const { mailbox, identifier } = readIdentified(reader);
  reader.space();
  const text = reader.astring("rights");
  const how = text[0] === "+" ? "add" : text[0] === "-" ? "remove" : "replace";
  const rights = how === "replace" ? text : text.slice(1);
  // RFC 4314 §3.1: rights are lower case letters and digits.
  if (!/^[a-z0-9]*$/.test(rights)) reader.fail("Not rights");
  return { verb: "SETACL", mailbox, identifier, how, rights };
}

/** SP mailbox SP identifier, of DELETEACL, LISTRIGHTS and SETACL. */
export function readIdentified(reader: Reader): { readonly mailbox: MailboxArgument; readonly identifier: string } {
  reader.space();
  const mailbox = readMailbox(reader);
  reader.space();
  return { mailbox, identifier: reader.astring("an identifier") };
}

/**
 * getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries (RFC 5464 §5); the examples there have the options behind
 * the mailbox, and clients do as they do.
 */
export function readGetMetadata(reader: Reader): AccessCommand {
  reader.space();
  const options = { maxSizeBytes: null as number | null, depth: "0" as "0" | "1" | "infinity" };
  if (reader.atOpen) readMetadataOptions(reader, options);
  const mailbox = readAnnotated(reader);
  reader.space();
  // Entries begin with a slash, or are strings.
  if (/^\([A-Za-z]/.test(reader.text.slice(reader.at, reader.at + 2))) readMetadataOptions(reader, options);
  const entries = reader.atOpen
    ? reader.list(() => readEntry(reader), { max: LIST_ELEMENTS_MAX, what: "entries" })
    : [readEntry(reader)];
  return { verb: "GETMETADATA", mailbox, entries, ...options };
}

/** getmetadata-options, and the space behind them. */
function readMetadataOptions(
  reader: Reader,
  options: { maxSizeBytes: number | null; depth: "0" | "1" | "infinity" },
): void {
  readModifiers(reader, {
    MAXSIZE: () => {
      reader.space();
      options.maxSizeBytes = reader.number("The size");
    },
    DEPTH: () => {
      reader.space();
      options.depth = readDepth(reader);
    },
  });
  reader.space();
}

function readDepth(reader: Reader): "0" | "1" | "infinity" {
  const depth = reader.atom("a depth").toLowerCase();
  if (depth === "0" || depth === "1" || depth === "infinity") return depth;
  reader.fail("Unknown depth");
  return "0";
}

/** setmetadata = "SETMETADATA" SP mailbox SP "(" entry SP value *(SP entry SP value) ")" (RFC 5464 §5) */
export function readSetMetadata(reader: Reader): AccessCommand {
  reader.space();
  const mailbox = readAnnotated(reader);
  reader.space();
  const pair = () => {
    const entry = readEntry(reader);
    reader.space();
    return { entry, value: reader.nstringBytes("a value") };
  };
  return { verb: "SETMETADATA", mailbox, values: reader.list(pair, { max: LIST_ELEMENTS_MAX, what: "entries" }) };
}

/** A mailbox, or "" for the server. */
function readAnnotated(reader: Reader): MailboxArgument | "" {
  const text = readMailboxText(reader);
  return text === "" ? "" : toMailbox(reader, text);
}

/** entry = astring: a path of ASCII without wildcards, empty steps or a slash at its end (RFC 5464 §3.2). */
export function readEntry(reader: Reader): string {
  const entry = reader.astring("an entry");
  if (reader.failed) return "";
  const sound = /^[\x20-\x7e]+$/.test(entry) && entry[0] === "/" && !entry.endsWith("/") && !entry.includes("//") &&
    !/[*%]/.test(entry);
  if (!sound) reader.fail("Not the name of an entry");
  if (entry.length > ENTRY_CHARACTERS_MAX) reader.fail("The name of an entry is too long", "limit");
  return entry;
}
