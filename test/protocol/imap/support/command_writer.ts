import { Flag } from "../../../../src/mail/mod.ts";
import type { FetchItem, ImapCommand, SearchKey } from "../../../../src/protocol/imap/mod.ts";
import { formatSequenceSet } from "../../../../src/protocol/imap/mod.ts";
import { writeAstring, writeBytes, writeMailbox, writeString } from "../../../../src/protocol/imap/write/write.ts";
import type { MessageAnnotationChange } from "../../../../src/mail/message_annotation.ts";
import type { MessageFlags, MessageSet } from "../../../../src/mail/mod.ts";

/** How a client writes: whether UTF-8 is enabled, whether it waits for "+". */
export interface WriterStyle {
  readonly utf8: boolean;
  readonly synchronizing: boolean;
}

const FLAGS = [["\\Seen", Flag.seen], ["\\Answered", Flag.answered], ["\\Flagged", Flag.flagged], [
  "\\Deleted",
  Flag.deleted,
], ["\\Draft", Flag.draft]] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * A command as a client sends it, without tag and last CRLF, one character for each byte. Messages of APPEND are made of the letter
 * x. For commands whose names are sound.
 */
export function writeCommand(command: ImapCommand, style: WriterStyle): string {
  const wire = new Writer(style).command(command);
  return style.synchronizing ? wire : wire.replace(/(\{[0-9]+)\}\r\n/g, "$1+}\r\n");
}

class Writer {
  readonly #utf8: boolean;

  constructor({ utf8 }: WriterStyle) {
    this.#utf8 = utf8;
  }

  command(command: ImapCommand): string {
    const uid = "uid" in command && command.uid ? "UID " : "";
    const { verb } = command;
    switch (verb) {
      case "LOGIN":
        return `LOGIN ${this.#astring(command.user)} ${this.#astring(command.password)}`;
      case "ID": {
        const fields = command.fields?.map(([name, value]) => {
          return `${this.#string(name)} ${value === null ? "NIL" : this.#string(value)}`;
        });
        return `ID ${fields === undefined ? "NIL" : `(${fields.join(" ")})`}`;
      }
      case "SELECT":
      case "EXAMINE":
        return this.#select(command);
      case "CREATE": {
        const uses = command.specialUses.map((use) => `\\${use}`);
        return `CREATE ${this.#mailbox(command.mailbox)}${uses.length === 0 ? "" : ` (USE (${uses.join(" ")}))`}`;
      }
      case "UIDBATCHES": {
        const { size, range } = command;
        return `UIDBATCHES ${size}${range === null ? "" : ` ${range.first}:${range.last}`}`;
      }
      case "DELETE":
      case "GETACL":
      case "GETQUOTAROOT":
        return `${verb} ${this.#mailbox(command.mailbox)}`;
      case "RENAME":
        return `RENAME ${this.#mailbox(command.from)} ${this.#mailbox(command.to)}`;
      case "STATUS":
        return `STATUS ${this.#mailbox(command.mailbox)} (${command.items.join(" ")})`;
      case "APPEND":
        return `APPEND ${this.#mailbox(command.mailbox)}${
          command.messages.map((message) => this.#message(message)).join("")
        }`;
      case "FETCH": {
        const modifiers = [
          ...(command.changedSince === null ? [] : [`CHANGEDSINCE ${command.changedSince}`]),
          ...(command.vanished ? ["VANISHED"] : []),
          ...(command.partial === null ? [] : [`PARTIAL ${command.partial.first}:${command.partial.last}`]),
        ];
        const items = command.items.map((item) => this.#item(item)).join(" ");
        return `${uid}FETCH ${set(command.set)} (${items})${modifiers.length === 0 ? "" : ` (${modifiers.join(" ")})`}`;
      }
      case "STORE": {
        const sign = { add: "+", remove: "-", replace: "" }[command.how];
        const since = command.unchangedSince === null ? "" : ` (UNCHANGEDSINCE ${command.unchangedSince})`;
        if (command.annotations !== undefined) {
          return `${uid}STORE ${set(command.set)}${since} ${this.#annotations(command.annotations)}`;
        }
        return `${uid}STORE ${set(command.set)}${since} ${sign}FLAGS${command.silent ? ".SILENT" : ""} ${
          flags(command.flags)
        }`;
      }
      case "COPY":
      case "MOVE":
        return `${uid}${verb} ${set(command.set)} ${this.#mailbox(command.mailbox)}`;
      case "SEARCH": {
        const { charset, keys } = command.criteria;
        const named = charset === null ? "" : `CHARSET ${charset} `;
        return `${uid}SEARCH ${named}${keys.map((key) => this.#key(key)).join(" ")}`;
      }
      case "SETMETADATA": {
        const values = command.values.map(({ entry, value }) => `${this.#astring(entry)} ${writeBytes(value)}`);
        return `SETMETADATA ${this.#mailbox(command.mailbox)} (${values.join(" ")})`;
      }
      default:
        return verb;
    }
  }

  #select(command: Extract<ImapCommand, { readonly verb: "SELECT" | "EXAMINE" }>): string {
    const parameters = command.condstore ? ["CONDSTORE"] : [];
    if (command.qresync !== null) {
      const { uidValidity, modSeq, known, match } = command.qresync;
      const list = match === null ? "" : ` (${match.sequence.join(",")} ${match.uids.join(",")})`;
      parameters.push(
        `QRESYNC (${uidValidity} ${modSeq}${known === null ? "" : ` ${formatSequenceSet(known)}`}${list})`,
      );
    }
    const list = parameters.length === 0 ? "" : ` (${parameters.join(" ")})`;
    return `${command.verb} ${this.#mailbox(command.mailbox)}${list}`;
  }

  #message(message: Extract<ImapCommand, { readonly verb: "APPEND" }>["messages"][number]): string {
    const listed = message.flags === 0 && message.keywords.length === 0 ? "" : ` ${flags(message)}`;
    const date = message.internalDateMs === null ? "" : ` "${dateTime(message.internalDateMs)}"`;
    const parts = message.parts.map((part) => {
      if (part.type === "url") return `URL ${this.#astring(part.url)}`;
      const literal = `${part.binary ? "~" : ""}{${part.bytes}}\r\n${"x".repeat(part.bytes)}`;
      return part.utf8 ? `UTF8 (${literal})` : message.catenate ? `TEXT ${literal}` : literal;
    });
    const annotations = message.annotations === undefined ? "" : ` ${this.#annotations(message.annotations)}`;
    return `${listed}${date}${annotations} ${message.catenate ? `CATENATE (${parts.join(" ")})` : parts[0]!}`;
  }

  #annotations(changes: readonly MessageAnnotationChange[]): string {
    const list = changes.map(({ entry, scope, value }) =>
      `${this.#astring(entry)} (value.${scope} ${writeBytes(value)})`
    );
    return `ANNOTATION (${list.join(" ")})`;
  }

  #item(item: FetchItem): string {
    const partial = "partial" in item && item.partial !== null ? `<${item.partial.offset}.${item.partial.length}>` : "";
    switch (item.item) {
      case "BODY[]": {
        const { part, text, fields } = item.section;
        const names = fields.length === 0 ? "" : ` (${fields.map((field) => this.#astring(field)).join(" ")})`;
        return `BODY${item.peek ? ".PEEK" : ""}[${
          [...part, ...(text === null ? [] : [text])].join(".")
        }${names}]${partial}`;
      }
      case "BINARY[]":
        return `BINARY${item.peek ? ".PEEK" : ""}[${item.part.join(".")}]${partial}`;
      case "BINARY.SIZE[]":
        return `BINARY.SIZE[${item.part.join(".")}]`;
      case "ANNOTATION": {
        const entries = item.entries.map((entry) => /[*%]/.test(entry) ? entry : this.#astring(entry)).join(" ");
        return `ANNOTATION ((${entries}) (${item.attributes.join(" ")}))`;
      }
      case "PREVIEW":
        return item.lazy ? "PREVIEW (LAZY)" : "PREVIEW";
      default:
        return item.item;
    }
  }

  #key(key: SearchKey): string {
    switch (key.key) {
      case "FLAG": {
        const name = FLAGS.find(([, bit]) => bit === key.flags)![0].slice(1);
        return key.set ? name : `UN${name}`;
      }
      case "KEYWORD":
        return `${key.set ? "" : "UN"}KEYWORD ${key.keyword}`;
      case "HEADER":
        return `HEADER ${this.#astring(key.field)} ${this.#astring(key.text)}`;
      case "BODY":
      case "TEXT":
        return `${key.key} ${this.#astring(key.text)}`;
      case "DATE":
        return `${{ internal: "", sent: "SENT", saved: "SAVED" }[key.of]}${key.than} ${date(key.dayMs)}`;
      case "LARGER":
      case "SMALLER":
        return `${key.key} ${key.bytes}`;
      case "YOUNGER":
      case "OLDER":
        return `${key.key} ${key.seconds}`;
      case "MODSEQ":
        return `MODSEQ ${key.atLeast}`;
      case "EMAILID":
      case "THREADID":
        return `${key.key} ${key.id}`;
      case "SET":
        return key.set.by === "uid" ? `UID ${set(key.set)}` : set(key.set);
      case "NOT":
      case "FUZZY":
        return `${key.key} ${this.#key(key.of)}`;
      case "OR":
        return `OR ${this.#key(key.of[0])} ${this.#key(key.of[1])}`;
      case "AND":
        return `(${key.of.map((of) => this.#key(of)).join(" ")})`;
      case "ANNOTATION": {
        const attribute = key.scopes.length === 2 ? "value" : `value.${key.scopes[0]}`;
        const value = key.text === null ? "NIL" : this.#string(key.text);
        return `ANNOTATION ${this.#astring(key.entry)} ${attribute} ${value}`;
      }
      case "FILTER":
        return `FILTER ${key.name}`;
      default:
        return key.key;
    }
  }

  #mailbox(name: string | null): string {
    return writeMailbox(name ?? "", this.#utf8);
  }

  #string(text: string): string {
    return writeString(text, this.#utf8);
  }

  #astring(text: string): string {
    return writeAstring(text, this.#utf8);
  }
}

function set(messages: MessageSet): string {
  return messages.by === "saved" ? "$" : formatSequenceSet(messages.pairs);
}

function flags({ flags, keywords }: MessageFlags): string {
  const system = FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  return `(${[...system, ...keywords].join(" ")})`;
}

function date(ms: number): string {
  const at = new Date(ms);
  return `${at.getUTCDate()}-${MONTHS[at.getUTCMonth()]}-${String(at.getUTCFullYear()).padStart(4, "0")}`;
}

function dateTime(ms: number): string {
  const at = new Date(ms);
  const time = at.toISOString().slice(11, 19);
  return `${date(ms).padStart(11)} ${time} +0000`;
}
