import type { IndexWanted } from "../../../mail/mailbox_view.ts";
import type { IndexText } from "../../../mime/mod.ts";
import { ALL_COLUMNS, FLAG_COLUMNS, RowColumn, type RowForm } from "../../../mail/row_columns.ts";
import type { FetchItem } from "../grammar/ast_fetch.ts";
import { isUidOnly, type Scene, tellsModSeq } from "../state.ts";

/** What one FETCH is to tell of each message. */
export interface FetchPlan {
  /** UID and MODSEQ among them where they are told unasked; none twice. */
  readonly items: readonly FetchItem[];
  /** What of the MIME index is needed. */
  readonly index: IndexWanted;
  /** Every item can be told of rows as columns, mostly (see `fetch_rows.ts`). */
  readonly plain: boolean;
  /** Every item is a UID or flags. */
  readonly flagsOnly: boolean;
  /** The columns of rows in which all that is wanted is. */
  readonly form: RowForm;
  /** So many bytes of the beginning of each message are read anyway. */
  readonly headBytes: number;
  /** All that is read of messages is of their own headers, which are read anyway where they are no longer than that. */
  readonly header: boolean;
  /** How many items are read from the message itself. */
  readonly sections: number;
  /** Something is read that marks a message as seen. */
  readonly setsSeen: boolean;
  /** Annotations are told (RFC 5257). */
  readonly annotations: boolean;
  /** The client wants to know of modification sequences. */
  readonly modSeq: boolean;
}

/** Works out what a FETCH needs, once for all messages. */
export function planFetch(
  given: { readonly uid: boolean; readonly items: readonly FetchItem[]; readonly changedSince: number | null },
  { state, limits }: Scene,
): FetchPlan {
  const asked = given.items.some(({ item }) => item === "MODSEQ");
  const modSeq = asked || given.changedSince !== null; // RFC 7162 §3.1.4.1.
  const items: FetchItem[] = [];
  // RFC 9051 §6.4.9; with QRESYNC each FETCH has the UID (RFC 7162 §3.2.4).
  // RFC 9586 §3.3: UIDFETCH begins with it.
  if ((given.uid || state.enabled.has("QRESYNC")) && !isUidOnly(state)) items.push({ item: "UID" });
  for (const item of given.items) {
    if (!items.some((known) => isSame(known, item))) items.push(item);
  }
  if (modSeq && !asked) items.push({ item: "MODSEQ" });
  const read = items.filter(readsMessage);
  const header = read.length > 0 && read.every(isHeader);
  const headBytes = read.length === 0 ? 0 : header ? limits.headerBytes : limits.headBytes;
  const plain = items.every((item) => isPlain(item) || (header && isPlainHeader(item)));
  const sees = items.some(setsSeen);
  const annotations = items.some(({ item }) => item === "ANNOTATION");
  return {
    ...{ items, index: indexOf(items, { plain, header }), plain, headBytes, header, sections: read.length },
    ...{ setsSeen: sees, annotations, modSeq, flagsOnly: items.every(isFlags), form: formOf(items) },
  };
}

/** MODSEQ goes with flags that were changed here, once the client knows of it (RFC 7162 §3.1.4.2). */
export function addsModSeq(plan: FetchPlan, { state }: Scene): boolean {
  return tellsModSeq(state) && !plan.items.some(({ item }) => item === "MODSEQ");
}

function isSame(one: FetchItem, other: FetchItem): boolean {
  return one.item === other.item && JSON.stringify(one) === JSON.stringify(other);
}

/** One text of the index alone, where nothing else is needed: the rest of it need not go from worker to worker. */
function indexOf(
  items: readonly FetchItem[],
  { plain, header }: { readonly plain: boolean; readonly header: boolean },
): IndexWanted {
  const needing = items.filter((item) => needsIndex(item) && !(header && isHeader(item)));
  const [first] = needing;
  if (first === undefined) return header ? "lacking" : "none";
  const apart = plain && !header && !items.some(isWhole);
  if (apart && needing.length === LISTED.size && needing.every(({ item }) => LISTED.has(item))) return "listed";
  const text = apart && needing.length === 1 ? INDEX_TEXTS.get(first.item) : undefined;
  return text ?? "all";
}

/** Items that are a text of the index, as it is. */
export const INDEX_TEXTS: ReadonlyMap<string, IndexText> = new Map([
  ["ENVELOPE", "envelope"],
  ["BODY", "body"],
  ["BODYSTRUCTURE", "bodyStructure"],
]);

const LISTED: ReadonlySet<string> = new Set(["ENVELOPE", "BODYSTRUCTURE"]);

/** Items that stand in the row itself, and the column that each needs, if it is not always there. */
const SHORT_ITEMS: ReadonlyMap<string, RowForm> = new Map([
  ["UID", FLAG_COLUMNS],
  ["FLAGS", FLAG_COLUMNS],
  ["MODSEQ", RowColumn.modSeq],
  ["RFC822.SIZE", RowColumn.size],
  ["INTERNALDATE", RowColumn.internalDateMs],
  ["SAVEDATE", RowColumn.saved],
  ["EMAILID", RowColumn.content],
]);

/** What else is told is read by way of all columns. */
function formOf(items: readonly FetchItem[]): RowForm {
  return items.reduce((form, { item }) => form | (SHORT_ITEMS.get(item) ?? ALL_COLUMNS), FLAG_COLUMNS);
}

function isPlain(item: FetchItem): boolean {
  return SHORT_ITEMS.has(item.item) || INDEX_TEXTS.has(item.item) || isWhole(item);
}

function isFlags({ item }: FetchItem): boolean {
  return item === "FLAGS" || item === "UID";
}

/** The message as it is. */
function isWhole(item: FetchItem): boolean {
  if (item.item !== "BODY[]") return item.item === "RFC822";
  return item.partial === null && item.section.part.length === 0 && item.section.text === null;
}

function needsIndex(item: FetchItem): boolean {
  switch (item.item) {
    case "ENVELOPE":
    case "BODY":
    case "BODYSTRUCTURE":
    case "PREVIEW":
    case "THREADID":
    case "RFC822.HEADER":
    case "RFC822.TEXT":
    case "BINARY[]":
    case "BINARY.SIZE[]":
      return true;
    case "BODY[]":
      return item.section.part.length > 0 || item.section.text !== null;
    default:
      return false;
  }
}

function readsMessage({ item }: FetchItem): boolean {
  return item.startsWith("BODY[") || item.startsWith("BINARY") || item === "RFC822" || item === "PREVIEW" ||
    item === "RFC822.HEADER" || item === "RFC822.TEXT";
}

/** Whether an item is of the header of the message itself. */
function isHeader(item: FetchItem): boolean {
  if (item.item !== "BODY[]") return item.item === "RFC822.HEADER";
  const { part, text } = item.section;
  return part.length === 0 && text !== null && text !== "TEXT";
}

/** A header as it is, or fields of it. */
function isPlainHeader(item: FetchItem): boolean {
  return isHeader(item) && (item.item !== "BODY[]" || item.partial === null);
}

function setsSeen(item: FetchItem): boolean {
  if (item.item === "BODY[]" || item.item === "BINARY[]") return !item.peek;
  return item.item === "RFC822" || item.item === "RFC822.TEXT"; // RFC 3501 §6.4.5: RFC822.HEADER is peeked.
}
