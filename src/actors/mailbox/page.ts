import type { IndexWanted, RowPage } from "../../mail/mailbox_ask.ts";
import type { MessageAnnotation } from "../../mail/message_annotation.ts";
import { Pieces } from "../../mail/pieces.ts";
import { RECENT_BIT, RowColumns } from "../../mail/row_columns.ts";
import type { Uid } from "../../mail/uid.ts";
import { findIndexText, INDEX_VERSION } from "../../mime/mod.ts";
import { visible } from "./annotate.ts";
import { emailIdPrefix } from "./row_pages.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import { changesSince, vanishedOf } from "./vanished.ts";
import type { OpenView } from "./view_book.ts";
import { countOf, intersection, type Ranges, rangesOfRising } from "./views/mod.ts";

/** Rows of one answer: 200 KB. */
const ROWS_MAX = 4_096;
/** The same when something of their contents is wanted. */
const FULL_ROWS_MAX = 1_024;
/** Rows looked at for one answer, when few of them are wanted. */
const LOOKED_MAX = 20_000;
/** Bytes of contents in one answer: with what is said around them they are one piece of a session's output. */
const CONTENT_BYTES_MAX = 240 * 1024;
/** Bytes read for one answer when a part of them is wanted. */
const READ_BYTES_MAX = 1024 * 1024;
/** Messages whose first bytes go with their rows, in bytes: the checksum of a larger one takes long. */
const HEAD_OF_BYTES_MAX = 128 * 1024;
/** Characters of all names of keywords in one answer. */
const KEYWORD_CHARS_MAX = 128 * 1024;

/** Rows of a set as columns, with what a FETCH tells of them (RFC 9051 §6.4.5; RFC 7162 §3.1.4.1 and §3.2.6). */
export function page(state: State, request: Asked<"mailbox.page">, reply: Answer<"mailbox.page">): void {
  const { set, changedSince } = request;
  const { open } = viewWith(state, request);
  const missing = open.view.namesGhosts(set);
  if (changedSince === null) {
    const uids = open.view.uidsOf(set);
    return reply.ok({ ...filled(state, open, uids, request), vanished: [], missing });
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
  { shard }: State,
  open: OpenView,
  ranges: Ranges,
  { after, changedSince, index, headBytes, annotations = false }: Asked<"mailbox.page">,
): Omit<RowPage, "vanished" | "missing"> {
  const { of: { account, mailbox }, view } = open;
  const wants = index !== "none" || headBytes > 0 || annotations;
  const rows = new RowColumns(Math.min(countOf(ranges), wants ? FULL_ROWS_MAX : ROWS_MAX));
  const rankOf = (uid: number) => uid === 1 ? 0 : view.order.rank(uid);
  const wanted = { ranges, after, modSeqAbove: changedSince ?? 0, rankOf, lookedMax: LOOKED_MAX };
  let next = ranges.length === 0 ? null : shard.fillRows(account, mailbox, wanted, rows);
  const keywordSets: { set: number; names: readonly string[] }[] = [];
  const before = rows.count;
  rows.count = namesOf(rows, (set) => shard.keywordSet(account, mailbox, set), keywordSets);
  const heads = headBytes === 0 ? null : shard.contents({
    ...{ rows, what: "body", sizeMax: HEAD_OF_BYTES_MAX },
    bytesMax: headBytes < SMALL_BYTES ? READ_BYTES_MAX : CONTENT_BYTES_MAX,
  });
  if (heads !== null) rows.count = heads.count;
  const head = heads === null ? null : cutHeads(heads, headBytes);
  if (head !== null) rows.count = head.count;
  const indexes = index === "none" ? null : indexesOf(shard, rows, index);
  if (indexes !== null) rows.count = indexes.count;
  const annotated = annotations ? annotationsOf(shard, open, rows) : null;
  if (rows.count < before) next = rows.uid[rows.count - 1]!;
  for (let i = 0; i < rows.count; i++) {
    const uid = rows.uid[i]!;
    rows.sequence[i]! += view.ghostsBelow(uid) + 1;
    if (uid >= view.recentFrom) rows.flags[i]! |= RECENT_BIT;
  }
  return {
    rows: rows.bytes(),
    keywordSets,
    objectIdPrefix: emailIdPrefix(shard.number),
    index: indexes?.sent() ?? null,
    head: head === null ? null : fitted(head, rows.count).sent(),
    ...(annotated === null ? {} : { annotations: annotated }),
    next: next as Uid | null,
  };
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

/** From so many first bytes on whole messages are wanted rather than headers. */
const SMALL_BYTES = 16_384;

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

/** The first bytes of each message alone, as many as fit; messages that are wanted whole stay where they are. */
function cutHeads(bodies: Pieces, headBytes: number): Pieces {
  let [bytes, longer] = [0, false];
  for (let i = 0; i < bodies.count; i++) {
    bytes += Math.max(0, Math.min(headBytes, bodies.length(i)));
    longer ||= bodies.length(i) > headBytes;
  }
  return longer || bytes < bodies.bytes.length / 2
    ? joined(bodies, ([from, to]) => [from, Math.min(to, from + headBytes)])
    : bodies;
}

/** What is wanted of the indexes, side by side. */
function indexesOf(shard: State["shard"], rows: RowColumns, wanted: Exclude<IndexWanted, "none">): Pieces {
  const indexes = shard.contents({ rows, what: "index", sizeMax: Infinity, bytesMax: READ_BYTES_MAX });
  if (wanted === "all") return joined(indexes, (range) => range);
  const place = { offset: 0, length: 0 };
  const how = { text: wanted, version: INDEX_VERSION, place } as const;
  return joined(indexes, (range) => {
    return findIndexText(indexes.bytes, range, how) ? [place.offset, place.offset + place.length] : null;
  });
}

type Range = readonly [from: number, to: number];

/** Parts of the pieces copied side by side: of as many pieces as fit one answer, and one at least. */
function joined(pieces: Pieces, partOf: (range: Range) => Range | null): Pieces {
  const parts: (Range | null)[] = [];
  let bytes = 0;
  for (let i = 0; i < pieces.count; i++) {
    const length = pieces.length(i);
    const from = pieces.offset(i);
    const part = length < 0 ? null : partOf([from, from + length]);
    const more = part === null ? 0 : part[1] - part[0];
    if (i > 0 && bytes + more > CONTENT_BYTES_MAX) break;
    bytes += more;
    parts.push(part);
  }
  const result = new Pieces(parts.length, new Uint8Array(bytes));
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (part === null) {
      result.putNone(i);
      continue;
    }
    const [from, to] = part;
    result.bytes.set(pieces.bytes.subarray(from, to), at);
    result.put(i, at, to - from);
    at += to - from;
  }
  return result;
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
