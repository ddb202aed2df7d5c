import type { AppendCommand, ImapCommand, ImapVerb } from "./ast.ts";
import type { FramedCommand } from "../frame/frame.ts";
import { readGetMetadata, readGetQuota, readIdentified, readSetAcl, readSetMetadata, readSetQuota } from "./access.ts";
import { readAuthenticate, readCompress, readId, readLogin } from "./any_commands.ts";
import { endsInMessage, readAppend, readMoreMessages, readReplace } from "./append.ts";
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
 * command = tag SP (command-any / …) (RFC 9051 §9), of a `command` frame or, for APPEND and REPLACE, a `literal` frame. Linear in
 * the length of the command; never throws.
 */
export function parseCommand(command: FramedCommand, mode: GrammarMode): ParsedCommand {
  const tag = readTag(command.text);
  const reader = new Reader(command, mode);
  if (tag === null) return bad(null, null, "badTag", "Missing or invalid tag");
  // Somebody tricked a browser into talking to us.
  if (FOREIGN.test(command.text)) return bad(tag, null, "foreign", "This is not a web server");
  reader.at = tag.length;
  reader.space();
  const first = reader.word("a command");
  const uid = first === "UID";
  if (uid) reader.space();
  const name = uid ? reader.word("a command") : first;
  const table: Readonly<Record<string, CommandReader>> = uid ? UID_READERS : READERS;
  const verb = uid ? `UID ${name}` : name;
  if (reader.problem !== null) return { type: "bad", tag, verb: null, problem: reader.problem };
  if (!Object.hasOwn(table, name)) return bad(tag, null, "unknownCommand", "Unknown command");
  const read = table[name]!(reader);
  reader.end();
  if (reader.problem !== null) return { type: "bad", tag, verb, problem: reader.problem };
  return { type: "command", tag, command: read };
}

/** An APPEND up to the announcement of a message, and what was read of it. */
export interface ReadBefore {
  readonly text: string;
  readonly literals: number;
  readonly tag: string;
  readonly command: AppendCommand;
}

/** What can be read on from when more of the command has come; null when it has to be read from its beginning. */
export function readBefore({ text, literals }: FramedCommand, parsed: ParsedCommand): ReadBefore | null {
  if (parsed.type !== "command" || parsed.command.verb !== "APPEND" || !endsInMessage(parsed.command)) return null;
  const { tag, command } = parsed;
  return { text, literals: literals.length + 1, tag, command };
}

/** The same as `parseCommand`, of a command whose beginning was read before: each message of a long one is read once. */
export function parseFurther(command: FramedCommand, mode: GrammarMode, before: ReadBefore | null): ParsedCommand {
  if (before === null || !command.text.startsWith(before.text)) return parseCommand(command, mode);
  const { tag, text, literals, command: read } = before;
  if (command.text.length === text.length) return { type: "command", tag, command: read };
  const reader = new Reader(command, mode);
  reader.resume(text.length, literals);
  const more = readMoreMessages(reader, read);
  if (reader.problem !== null) return { type: "bad", tag, verb: read.verb, problem: reader.problem };
  return { type: "command", tag, command: more };
}

function bad(tag: string | null, verb: string | null, kind: ParseProblem["kind"], text: string): ParsedCommand {
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
