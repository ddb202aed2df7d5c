import { concat } from "../../src/base/bytes.ts";
import type { MailboxAsks } from "../../src/mail/mailbox_ask.ts";
import type { IndexWanted, RowPage } from "../../src/mail/mailbox_view.ts";
import { Pieces } from "../../src/mail/pieces.ts";
import { ALL_COLUMNS, RECENT_BIT, RowColumns } from "../../src/mail/row_columns.ts";
import type { Uid } from "../../src/mail/uid.ts";
import { headerLength, readIndex } from "../../src/mime/mod.ts";

type PageWanted = Pick<MailboxAsks["mailbox.page"]["request"], "index" | "form" | "headBytes" | "header">;

/** The rows of a page. */
export function rowsAsked<R extends { readonly index: IndexWanted }>(
  request: R,
): Omit<R, "index"> & { readonly index: boolean } {
  return { ...request, index: request.index !== "none" };
}

/** Rows as a page of columns; texts of the index that are wanted together come `apart`. */
export function rowPage(
  reply: MailboxAsks["mailbox.rows"]["reply"],
  { index: wanted, form = ALL_COLUMNS, headBytes, header = false }: PageWanted,
  apart: boolean,
): RowPage {
  const { rows, ...rest } = header ? headed(reply, headBytes) : reply;
  const columns = new RowColumns(rows.length, form);
  const keywordSets: { set: number; names: readonly string[] }[] = [];
  for (const row of rows) {
    const i = columns.count++;
    columns.sequence[i] = row.sequence;
    columns.uid[i] = row.uid;
    columns.modSeq[i] = row.modSeq;
    columns.size[i] = row.size;
    columns.internalDateMs[i] = row.internalDateMs;
    columns.saved[i] = row.savedMs / 1_000;
    columns.content[i] = parseInt(row.objectId.slice(1), 36);
    columns.flags[i] = row.flags | (row.recent ? RECENT_BIT : 0);
    if (row.keywords.length === 0) continue;
    const known = keywordSets.find(({ names }) => names.join(" ") === row.keywords.join(" "));
    columns.keywords[i] = known?.set ?? i + 1;
    if (known === undefined) keywordSets.push({ set: i + 1, names: row.keywords });
  }
  const texts = wanted === "none" ? [] : wanted !== "listed" ? [wanted] : apart ? LISTED : ["all"] as const;
  const [index, structure] = texts.map((text) =>
    pieces(rows.map(({ index, head }) => text === "lacking" && head ? null : textOf(index ?? null, text)))
  );
  const head = rows.some(({ head }) => head !== undefined) ? pieces(rows.map(({ head }) => head ?? null)) : null;
  return {
    ...rest,
    annotations: rows.map(({ uid, annotations = [] }) => ({ uid, annotations })),
    rows: columns.bytes(),
    keywordSets,
    objectIdPrefix: "E",
    index: index?.places() ?? null,
    indexBytes: index?.bytes ?? null,
    head: head?.places() ?? null,
    headBytes: head?.bytes ?? null,
    ...(structure === undefined ? {} : { structure: structure.places(), structureBytes: structure.bytes }),
  };
}

const LISTED = ["envelope", "bodyStructure"] as const;

/** Rows with their headers alone, where all of it came. */
function headed(
  rows: MailboxAsks["mailbox.rows"]["reply"],
  headBytes: number,
): MailboxAsks["mailbox.rows"]["reply"] {
  return {
    ...rows,
    rows: rows.rows.map(({ head, ...row }) => {
      const length = head === undefined ? -1 : headerLength(head, 0, head.length);
      if (head === undefined || (length < 0 && row.size > headBytes)) return row;
      return { ...row, head: length < 0 ? head : head.subarray(0, length) };
    }),
  };
}

function textOf(bytes: Uint8Array | null, wanted: Exclude<IndexWanted, "none" | "listed">): Uint8Array | null {
  const index = bytes === null || wanted === "all" || wanted === "lacking" ? null : readIndex(bytes);
  return index === null || wanted === "all" || wanted === "lacking" ? bytes : index[wanted];
}

function pieces(list: readonly (Uint8Array | null)[]): Pieces {
  const made = new Pieces(list.length, concat(list.filter((piece) => piece !== null)));
  let at = 0;
  for (const [i, piece] of list.entries()) {
    if (piece === null) made.putNone(i);
    else made.put(i, at, piece.length);
    at += piece?.length ?? 0;
  }
  return made;
}

/** The first messages, and the UID after which the rest begins. */
export function pageOf<M extends { readonly uid: number }>(
  messages: readonly M[],
  most: number,
): { readonly page: readonly M[]; readonly next: Uid | null } {
  const page = messages.slice(0, most);
  return { page, next: messages.length > page.length ? page.at(-1)!.uid as Uid : null };
}
