import type { CommandOf } from "./ast.ts";
import type { PartialRange } from "./ast_search.ts";
import { readAnnotationChanges } from "./annotations.ts";
import { readFlags, readMailbox, readSet } from "./arguments.ts";
import { readFetchItems } from "./fetch.ts";
import { readModifiers, readModSeq, readPartialRange } from "./modifiers.ts";
import type { Reader } from "./reader.ts";

const SPACE = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const COLON = 0x3a;

/** uid-expunge = "EXPUNGE" SP sequence-set; without UID there is no argument. */
export function readExpunge(reader: Reader, uid: boolean): CommandOf<"EXPUNGE"> {
  if (!uid) return { verb: "EXPUNGE", set: null };
  reader.space();
  return { verb: "EXPUNGE", set: readSet(reader, "uid") };
}

/** fetch = "FETCH" SP sequence-set SP (…) [fetch-modifiers] (RFC 4466 §3) */
export function readFetch(reader: Reader, uid: boolean): CommandOf<"FETCH"> {
  reader.space();
  const set = readSet(reader, by(uid));
  reader.space();
  const items = readFetchItems(reader);
  let changedSince: number | null = null;
  let vanished = false;
  let partial: PartialRange | null = null;
  if (reader.take(SPACE)) {
    readModifiers(reader, {
      CHANGEDSINCE: () => changedSince = readModSeq(reader, false),
      VANISHED: () => vanished = true,
      PARTIAL: () => partial = readPartialRange(reader),
    });
  }
  // RFC 7162 §3.2.6, RFC 9394 §3.4.
  if (vanished && (!uid || changedSince === null)) reader.fail("VANISHED needs UID FETCH with CHANGEDSINCE");
  if (partial !== null && !uid) reader.fail("PARTIAL needs UID FETCH");
  return { verb: "FETCH", uid, set, items, changedSince, vanished, partial };
}

/** store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags (RFC 4466 §3) */
export function readStore(reader: Reader, uid: boolean): CommandOf<"STORE"> {
  reader.space();
  const set = readSet(reader, by(uid));
  reader.space();
  let unchangedSince: number | null = null;
  if (reader.atOpen) {
    readModifiers(reader, { UNCHANGEDSINCE: () => unchangedSince = readModSeq(reader, true) });
    reader.space();
  }
  if (reader.takeWord("ANNOTATION ")) {
    const annotations = readAnnotationChanges(reader);
    const flags = { flags: 0, keywords: [] };
    return { verb: "STORE", uid, set, how: "replace", silent: true, flags, annotations, unchangedSince };
  }
  const how = reader.take(PLUS) ? "add" : reader.take(MINUS) ? "remove" : "replace";
  if (!reader.takeWord("FLAGS")) reader.fail("STORE changes FLAGS or ANNOTATION");
  const silent = reader.takeWord(".SILENT");
  reader.space();
  return { verb: "STORE", uid, set, how, silent, flags: readFlags(reader), unchangedSince };
}

/** copy = "COPY" SP sequence-set SP mailbox; move likewise (RFC 6851 §4). */
export function readCopy(reader: Reader, verb: "COPY" | "MOVE", uid: boolean): CommandOf<"COPY" | "MOVE"> {
  reader.space();
  const set = readSet(reader, by(uid));
  reader.space();
  return { verb, uid, set, mailbox: readMailbox(reader) };
}

/** message-batches = "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number] (RFC 10022 §4) */
export function readUidBatches(reader: Reader): CommandOf<"UIDBATCHES"> {
  reader.space();
  const size = reader.nzNumber("The size of a batch");
  if (!reader.take(SPACE)) return { verb: "UIDBATCHES", size, range: null };
  const first = reader.nzNumber("The first batch");
  if (!reader.take(COLON)) reader.fail("Missing the last batch");
  return { verb: "UIDBATCHES", size, range: { first, last: reader.nzNumber("The last batch") } };
}

function by(uid: boolean): "uid" | "sequence" {
  return uid ? "uid" : "sequence";
}
