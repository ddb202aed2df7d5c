import type { IndexWanted, RowPage } from "../../mail/mailbox_view.ts";
import type { MessageAnnotation } from "../../mail/message_annotation.ts";
import { Pieces } from "../../mail/pieces.ts";
import { ALL_COLUMNS, FLAG_COLUMNS, RECENT_BIT, rowBytes, RowColumns } from "../../mail/row_columns.ts";
import type { Uid } from "../../mail/uid.ts";
import { headerLength, type IndexText } from "../../mime/mod.ts";
import type { ColumnOf, ContentsWanted, PiecePlace } from "../../storage/mod.ts";
import { visible } from "./annotate.ts";
import { columnOf, narrow } from "./index_columns.ts";
import { emailIdPrefix } from "./row_pages.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import { changesSince, vanishedOf } from "./vanished.ts";
import type { OpenView } from "./view_book.ts";
import { countOf, intersection, type Ranges, rangesOfRising } from "../../mail/ranges.ts";

/** Bytes of the rows of one answer: 16,384 rows of flags alone, less than a third of that with all columns. */
const ROWS_BYTES_MAX = 16_384 * rowBytes(FLAG_COLUMNS);
/** The same when something of their contents is wanted. */
const FULL_ROWS_MAX = 2_048;
/** The same when it is kept beside the rows. */
const COLUMN_ROWS_MAX = 2_048;
/** The same at least: messages are of all sizes. */
const FEW_ROWS = 16;
/** Rows looked at for one answer, when few of them are wanted. */
const LOOKED_MAX = 20_000;
/** Bytes of contents in one answer: what a session holds twice while it tells much, and what makes the way between workers cheap. */
const CONTENT_BYTES_MAX = 480 * 1024;
/** Messages whose first bytes go with their rows, in bytes: the checksum of a larger one takes long. */
const HEAD_OF_BYTES_MAX = 128 * 1024;
/** Bytes that are read for one answer of indexes; each lies behind its message, which is read with it up to so many bytes. */
const INDEX_READ_BYTES = 2 * 1024 * 1024;
const GAP_BYTES_MAX = 16 * 1024;
/** Bytes of most indexes. */
const INDEX_BYTES = 1_024;
/** Characters of all names of keywords in one answer. */
const KEYWORD_CHARS_MAX = 128 * 1024;

/** Made for this answer alone. */
const MOVED = ["rows", "index", "indexBytes", "structure", "structureBytes", "headBytes"] as const;

/** Rows of a set as columns, with what a FETCH tells of them (RFC 9051 §6.4.5; RFC 7162 §3.1.4.1 and §3.2.6). */
export function page(state: State, request: Asked<"mailbox.page">, reply: Answer<"mailbox.page">): void {
  const { set, changedSince } = request;
  const { open } = viewWith(state, request);
  const missing = open.view.namesGhosts(set);
  if (changedSince === null) {
    const uids = open.view.uidsOf(set);
    return reply.ok({ ...filled(state, open, uids, request), vanished: [], missing }, MOVED);
  }
  answerLater(state, changedPage(state, open, { ...request, changedSince }), reply);
}

async function changedPage(
  state: State,
  open: OpenView,
  request: Asked<"mailbox.page"> & { readonly changedSince: number },
): Promise<RowPage> {
  const { set, changedSince: since } = request;
  const { view, of } = open;
  const uids = view.uidsOf(set);
  // All that vanished comes with the first page.
  const wanted = request.vanished && request.after === 0;
  const vanished = wanted ? await vanishedOf(state, open, { uids, since, match: null }) : [];
  const changes = changesSince(state, open, since);
  const changed = changes === null ? uids : intersection(uids, rangesOfRising(changes.changed));
  const rows = filled(state, open, changed, request);
  if (rows.next === null) of.changes = null;
  return { ...rows, vanished, missing: view.namesGhosts(set) };
}

/** As many rows as fit one answer. */
function filled(
  state: State,
  open: OpenView,
  ranges: Ranges,
  { after, changedSince, index, headBytes, header = false, annotations = false, form = ALL_COLUMNS }: Asked<
    "mailbox.page"
  >,
): Omit<RowPage, "vanished" | "missing"> {
  const { shard } = state;
  const { of: { account, mailbox }, view } = open;
  const contents = headBytes > 0 || index !== "none";
  const columns = columnsWanted(state, open, { index, uid: firstAbove(ranges, after) });
  const bare = Math.floor(ROWS_BYTES_MAX / rowBytes(form));
  const room = contents
    ? rowsMax(state, open, { headBytes, header, columns, uid: firstAbove(ranges, after) })
    : annotations
    ? FULL_ROWS_MAX
    : bare;
  const rows = new RowColumns(Math.min(countOf(ranges), room), form);
  const rankOf = (uid: number) => uid === 1 ? 0 : view.order.rank(uid);
  const wanted = { ranges, after, modSeqAbove: changedSince ?? 0, rankOf, lookedMax: LOOKED_MAX };
  let next = ranges.length === 0 ? null : shard.fillRows(account, mailbox, wanted, rows);
  const keywordSets: { set: number; names: readonly string[] }[] = [];
  const before = rows.count;
  rows.count = namesOf(rows, (set) => shard.keywordSet(account, mailbox, set), keywordSets);
  const head = headBytes === 0 ? null : header ? headersOf(shard, rows, headBytes) : headsOf(shard, rows, headBytes);
  if (head !== null) rows.count = head.count;
  const texts = textsWanted(index, columns).map((index, i) => {
    const found = indexesOf(shard, rows, { index, column: columns[i] ?? null, head });
    if (found !== null) rows.count = found.count;
    return found;
  });
  const [indexes, structures] = texts.map((found) => found === null ? null : fitted(found, rows.count));
  const annotated = annotations ? annotationsOf(shard, open, rows) : null;
  if (rows.count < before) next = rows.uid[rows.count - 1]!;
  asTold(rows, view);
  return {
    rows: rows.bytes(),
    keywordSets,
    objectIdPrefix: emailIdPrefix(shard.number),
    index: indexes?.places() ?? null,
    indexBytes: indexes?.bytes ?? null,
    head: head === null ? null : fitted(head, rows.count).places(),
    headBytes: head?.bytes ?? null,
    ...(structures ? { structure: structures.places(), structureBytes: structures.bytes } : {}),
    ...(annotated === null ? {} : { annotations: annotated }),
    next: next as Uid | null,
  };
}

/** Gives rows of the store the numbers by which the view knows them, and marks those that are recent. */
function asTold(rows: RowColumns, view: OpenView["view"]): void {
  const { count, sequence, uid, flags } = rows;
  const { recentFrom } = view;
  const ghosts = view.ghosts > 0;
  for (let i = 0; i < count; i++) sequence[i]! += (ghosts ? view.ghostsBelow(uid[i]!) : 0) + 1;
  for (let i = count - 1; i >= 0 && uid[i]! >= recentFrom; i--) flags[i]! |= RECENT_BIT;
}

/** Annotations of the rows, of as many as fit. */
function annotationsOf(shard: State["shard"], open: OpenView, rows: RowColumns): RowPage["annotations"] & object {
  const { of: { account, mailbox } } = open;
  if (rows.count === 0) return [];
  const there = shard.annotations(account, mailbox, rows.uid[0]!, rows.uid[rows.count - 1]!);
  const found: { uid: number; annotations: readonly MessageAnnotation[] }[] = [];
  let [row, bytes] = [0, 0];
  for (const { uid, annotations } of there) {
    while (row < rows.count && rows.uid[row]! < uid) row++;
    if (row === rows.count) break;
    if (rows.uid[row] !== uid) continue;
    const told = visible(annotations, open);
    if (bytes > CONTENT_BYTES_MAX && row > 0) {
      rows.count = row;
      break;
    }
    for (const { entry, value } of told) bytes += entry.length + value.length;
    if (told.length > 0) found.push({ uid, annotations: told });
  }
  return found;
}

const NO_KEYWORDS = 0;

/** Notes the names of all sets of keywords; answers how many rows that is enough for. */
function namesOf(
  rows: RowColumns,
  names: (set: number) => readonly string[],
  into: { set: number; names: readonly string[] }[],
): number {
  const known = new Set<number>();
  let chars = 0;
  for (let i = 0; i < rows.count; i++) {
    const set = rows.keywords[i]!;
    if (set === NO_KEYWORDS || known.has(set)) continue;
    if (chars > KEYWORD_CHARS_MAX) return i;
    known.add(set);
    const found = names(set);
    for (const name of found) chars += name.length;
    into.push({ set, names: found });
  }
  return rows.count;
}

/** The first bytes of each message, as many as fit. */
function headsOf(shard: State["shard"], rows: RowColumns, bytes: number): Pieces {
  const part = (_message: Uint8Array, place: PiecePlace) => {
    place.length = Math.min(place.length, bytes);
    return true;
  };
  const wanted = { rows, what: "body", sizeMax: HEAD_OF_BYTES_MAX, bytesMax: CONTENT_BYTES_MAX } as const;
  return shard.contents(areWhole(rows, bytes) ? wanted : { ...wanted, part });
}

/** The header of each message, as far as it is no longer than so many bytes; of as many as fit. */
function headersOf(shard: State["shard"], rows: RowColumns, bytes: number): Pieces {
  const part = (message: Uint8Array, place: PiecePlace) => {
    const { offset, length } = place;
    const header = headerLength(message, offset, offset + Math.min(length, bytes));
    // A message without an empty line is a header.
    if (header < 0 && length > bytes) return false;
    if (header >= 0) place.length = header;
    return true;
  };
  return shard.contents({ rows, what: "body", sizeMax: HEAD_OF_BYTES_MAX, bytesMax: CONTENT_BYTES_MAX, part });
}

/** Whether so many bytes of each message are all of it. */
function areWhole({ size, count }: RowColumns, bytes: number): boolean {
  for (let i = 0; i < count; i++) if (size[i]! > bytes && size[i]! <= HEAD_OF_BYTES_MAX) return false;
  return true;
}

/** What is wanted of the indexes. */
function indexesOf(
  shard: State["shard"],
  rows: RowColumns,
  { index, column, head }: {
    readonly index: Exclude<IndexWanted, "none" | "listed">;
    readonly column: ColumnOf | null;
    readonly head: Pieces | null;
  },
): Pieces | null {
  const wanted = { rows, what: "index", sizeMax: Infinity, bytesMax: CONTENT_BYTES_MAX } as const;
  if (index === "all") return shard.contents(wanted);
  if (index === "lacking") return head === null ? null : lacking(shard, wanted, head);
  const part = (bytes: Uint8Array, place: PiecePlace) => narrow(index, bytes, place);
  return shard.contents(column === null ? { ...wanted, part } : { ...wanted, part, column });
}

/** The indexes of those rows of which there are no first bytes; null when there are of all. */
function lacking(shard: State["shard"], wanted: ContentsWanted, head: Pieces): Pieces | null {
  const wants = (row: number) => head.length(row) < 0;
  for (let row = 0; row < wanted.rows.count; row++) if (wants(row)) return shard.contents({ ...wanted, wants });
  return null;
}

const LISTED: readonly IndexText[] = ["envelope", "bodyStructure"];

/** Where what is wanted of the indexes may be kept beside the rows; of two texts both are, or neither is looked for there. */
function columnsWanted(
  { shard }: State,
  { of: { account, mailbox } }: OpenView,
  { index, uid }: { readonly index: IndexWanted; readonly uid: number },
): readonly ColumnOf[] {
  if (index === "none" || index === "all" || index === "lacking") return [];
  const columns = (index === "listed" ? LISTED : [index]).map((text) => ({ account, mailbox, column: columnOf(text) }));
  const kept = columns.every((of) => of.column >= 0 && (index !== "listed" || shard.columnBytes(of, uid) > 0));
  return kept ? columns : [];
}

/** What is read of the indexes: two texts where both are kept, otherwise once all that they are in. */
function textsWanted(
  index: IndexWanted,
  columns: readonly ColumnOf[],
): readonly Exclude<IndexWanted, "none" | "listed">[] {
  if (index === "none") return [];
  return index !== "listed" ? [index] : columns.length === 0 ? ["all"] : LISTED;
}

/** Rows whose contents are about what one answer takes: those that did not fit would be looked at in vain. */
function rowsMax(
  { shard }: State,
  { of: { account, mailbox } }: OpenView,
  { headBytes, header, columns, uid }: {
    readonly headBytes: number;
    readonly header: boolean;
    readonly columns: readonly ColumnOf[];
    readonly uid: number;
  },
): number {
  const kept = headBytes > 0 ? 0 : columns.reduce((bytes, column) => bytes + shard.columnBytes(column, uid), 0);
  if (kept > 0) return within(CONTENT_BYTES_MAX / kept, COLUMN_ROWS_MAX);
  const { size, messages } = shard.status(account, mailbox);
  const mean = size / Math.max(1, messages);
  // Messages are read whole, and little of each is told.
  if (header) return within(INDEX_READ_BYTES / Math.max(1, Math.min(mean, HEAD_OF_BYTES_MAX)), FULL_ROWS_MAX);
  return headBytes > 0
    ? within(CONTENT_BYTES_MAX / Math.max(1, Math.min(headBytes, mean)), FULL_ROWS_MAX)
    : within(INDEX_READ_BYTES / (INDEX_BYTES + Math.min(mean, GAP_BYTES_MAX)), FULL_ROWS_MAX);
}

function within(rows: number, most: number): number {
  return Math.max(FEW_ROWS, Math.min(most, Math.ceil(rows)));
}

/** The first UID above `after` that ranges name; 0: none. */
function firstAbove(ranges: Ranges, after: number): number {
  for (let i = 0; i < ranges.length; i += 2) if (ranges[i + 1]! > after) return Math.max(ranges[i]!, after + 1);
  return 0;
}

/** The first `count` pieces. */
function fitted(pieces: Pieces, count: number): Pieces {
  if (pieces.count === count) return pieces;
  const fewer = new Pieces(count, pieces.bytes);
  for (let i = 0; i < count; i++) {
    if (pieces.length(i) < 0) fewer.putNone(i);
    else fewer.put(i, pieces.offset(i), pieces.length(i));
  }
  return fewer;
}
