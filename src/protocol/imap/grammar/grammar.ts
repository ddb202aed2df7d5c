import { assert } from "../../../base/assert.ts";
import type { AppendCommand, ImapCommand, ImapVerb } from "./ast.ts";
import type { FramedCommand } from "../frame/frame.ts";
import { readGetMetadata, readGetQuota, readIdentified, readSetAcl, readSetMetadata, readSetQuota } from "./access.ts";
import { readAuthenticate, readCompress, readId, readLogin } from "./any_commands.ts";
import { type MessagesBefore, readAppend, readOn, readReplace } from "./append.ts";
import { readMailbox } from "./arguments.ts";
import { readList, readLsub } from "./list.ts";
import { readCreate, readEnable, readRename, readSelect, readStatus } from "./mailbox_commands.ts";
import { readNotify } from "./notify.ts";
import { type GrammarMode, type ParseProblem, Reader } from "./reader.ts";
import { readCancelUpdate, readEsearch, readSearch, readSort, readThread } from "./search_commands.ts";
import { readCopy, readExpunge, readFetch, readStore, readUidBatches } from "./selected_commands.ts";
import { readGenUrlAuth, readResetKey, readUrlFetch } from "./url.ts";
import { readTag } from "../frame/tag.ts";

/** A command, or why it is none. `verb`: as far as it is known, with "UID " before it. */
export type ParsedCommand =
  | { readonly type: "command"; readonly tag: string; readonly command: ImapCommand }
  | {
    readonly type: "bad";
    readonly tag: string | null;
    readonly verb: string | null;
    readonly problem: ParseProblem;
  };

export type { MessagesBefore };

type CommandReader = (reader: Reader) => ImapCommand;

/** One reader for each verb, to begin right behind it. */
const READERS: Readonly<Record<ImapVerb, CommandReader>> = {
  CAPABILITY: plain("CAPABILITY"),
  NOOP: plain("NOOP"),
  LOGOUT: plain("LOGOUT"),
  UNAUTHENTICATE: plain("UNAUTHENTICATE"),
  ID: readId,
  COMPRESS: readCompress,
  STARTTLS: plain("STARTTLS"),
  AUTHENTICATE: readAuthenticate,
  LOGIN: readLogin,
  ENABLE: readEnable,
  NAMESPACE: plain("NAMESPACE"),
  IDLE: plain("IDLE"),
  SELECT: (reader) => readSelect(reader, "SELECT"),
  EXAMINE: (reader) => readSelect(reader, "EXAMINE"),
  CREATE: readCreate,
  DELETE: named("DELETE"),
  RENAME: readRename,
  SUBSCRIBE: named("SUBSCRIBE"),
  UNSUBSCRIBE: named("UNSUBSCRIBE"),
  LIST: readList,
  LSUB: readLsub,
  STATUS: readStatus,
  APPEND: readAppend,
  REPLACE: (reader) => readReplace(reader, false),
  CHECK: plain("CHECK"),
  CLOSE: plain("CLOSE"),
  UNSELECT: plain("UNSELECT"),
  EXPUNGE: (reader) => readExpunge(reader, false),
  FETCH: (reader) => readFetch(reader, false),
  STORE: (reader) => readStore(reader, false),
  UIDBATCHES: readUidBatches,
  COPY: (reader) => readCopy(reader, "COPY", false),
  MOVE: (reader) => readCopy(reader, "MOVE", false),
  SEARCH: (reader) => readSearch(reader, false),
  ESEARCH: readEsearch,
  SORT: (reader) => readSort(reader, false),
  THREAD: (reader) => readThread(reader, false),
  CANCELUPDATE: readCancelUpdate,
  GETQUOTA: readGetQuota,
  GETQUOTAROOT: named("GETQUOTAROOT"),
  SETQUOTA: readSetQuota,
  SETACL: readSetAcl,
  DELETEACL: (reader) => ({ verb: "DELETEACL", ...readIdentified(reader) }),
  LISTRIGHTS: (reader) => ({ verb: "LISTRIGHTS", ...readIdentified(reader) }),
  GETACL: named("GETACL"),
  MYRIGHTS: named("MYRIGHTS"),
  GETMETADATA: readGetMetadata,
  SETMETADATA: readSetMetadata,
  NOTIFY: readNotify,
  GENURLAUTH: readGenUrlAuth,
  URLFETCH: readUrlFetch,
  RESETKEY: readResetKey,
};

/** What may stand behind "UID" (RFC 9051 §6.4.9, RFC 5256, 8508); ESEARCH does in an example of RFC 7377 §2, without need. */
const UID_READERS: Readonly<Record<string, CommandReader>> = {
  FETCH: (reader) => readFetch(reader, true),
  STORE: (reader) => readStore(reader, true),
  COPY: (reader) => readCopy(reader, "COPY", true),
  MOVE: (reader) => readCopy(reader, "MOVE", true),
  SEARCH: (reader) => readSearch(reader, true),
  ESEARCH: readEsearch,
  SORT: (reader) => readSort(reader, true),
  THREAD: (reader) => readThread(reader, true),
  EXPUNGE: (reader) => readExpunge(reader, true),
  REPLACE: (reader) => readReplace(reader, true),
};

const FOREIGN = /^(GET|POST|HEAD|PUT|DELETE|OPTIONS|CONNECT|TRACE|PATCH) \S+ HTTP\/[0-9.]{1,5}$/i;

/**
 * command = tag SP (command-any / …) (RFC 9051 §9), of a `command` frame or, for APPEND and REPLACE, the first `literal` frame of a
 * command. Linear in the length of the command; never throws.
 */
export function parseCommand(command: FramedCommand, mode: GrammarMode): ParsedCommand {
  const reader = new Reader(command, mode);
  const begun = readVerb(reader);
  if (begun.type === "bad") return begun;
  const read = begun.read(reader);
  return ended(reader, begun, read);
}

/** What a `literal` frame comes to, and what the next one of its command goes on from. */
export type Announced =
  | { readonly parsed: Extract<ParsedCommand, { readonly type: "bad" }>; readonly before: null }
  | { readonly parsed: Extract<ParsedCommand, { readonly type: "command" }>; readonly before: MessagesBefore };

/**
 * A `literal` frame: the first of its command, or one that goes on from what this answered for the frame before. Of one that goes on,
 * the messages are those that it holds something of.
 */
export function parseAnnounced(frame: FramedCommand, mode: GrammarMode, before: MessagesBefore | null): Announced {
  if (before !== null) {
    const reader = new Reader(frame, mode);
    const { command, count } = readOn(reader, before);
    return announced(ended(reader, before, command), before.verb, count);
  }
  const parsed = parseCommand(frame, mode);
  if (parsed.type === "bad") return { parsed, before: null };
  const { command } = parsed;
  assert(command.verb === "APPEND" || command.verb === "REPLACE", "only these have messages");
  return announced(
    parsed,
    command.verb === "REPLACE" && command.uid ? `UID ${command.verb}` : command.verb,
    command.messages.length,
  );
}

function announced(parsed: ParsedCommand, verb: string, count: number): Announced {
  if (parsed.type === "bad") return { parsed, before: null };
  const command = parsed.command as AppendCommand;
  return {
    parsed,
    before: { tag: parsed.tag, verb, command: { ...command, messages: command.messages.slice(-1) }, count },
  };
}

type Bad = Extract<ParsedCommand, { readonly type: "bad" }>;

interface Verb {
  readonly type: "verb";
  readonly tag: string;
  readonly verb: string;
  readonly read: CommandReader;
}

function readVerb(reader: Reader): Verb | Bad {
  const tag = readTag(reader.text);
  if (tag === null) return bad(null, null, "badTag", "Missing or invalid tag");
  // Somebody tricked a browser into talking to us.
  if (FOREIGN.test(reader.text)) return bad(tag, null, "foreign", "This is not a web server");
  reader.at = tag.length;
  reader.space();
  const first = reader.word("a command");
  const uid = first === "UID";
  if (uid) reader.space();
  const name = uid ? reader.word("a command") : first;
  const table: Readonly<Record<string, CommandReader>> = uid ? UID_READERS : READERS;
  if (reader.problem !== null) return { type: "bad", tag, verb: null, problem: reader.problem };
  if (!Object.hasOwn(table, name)) return bad(tag, null, "unknownCommand", "Unknown command");
  return { type: "verb", tag, verb: uid ? `UID ${name}` : name, read: table[name]! };
}

function ended(
  reader: Reader,
  { tag, verb }: { readonly tag: string; readonly verb: string },
  command: ImapCommand,
): ParsedCommand {
  reader.end();
  if (reader.problem !== null) return { type: "bad", tag, verb, problem: reader.problem };
  return { type: "command", tag, command };
}

function bad(tag: string | null, verb: string | null, kind: ParseProblem["kind"], text: string): Bad {
  return { type: "bad", tag, verb, problem: { kind, text } };
}

function plain(
  verb:
    | "CAPABILITY"
    | "NOOP"
    | "LOGOUT"
    | "UNAUTHENTICATE"
    | "STARTTLS"
    | "NAMESPACE"
    | "IDLE"
    | "CHECK"
    | "CLOSE"
    | "UNSELECT",
): CommandReader {
  return () => ({ verb });
}

function named(verb: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE" | "GETQUOTAROOT" | "GETACL" | "MYRIGHTS"): CommandReader {
  return (reader) => {
    reader.space();
    return { verb, mailbox: readMailbox(reader) };
  };
}
