import { Pieces } from "../../mail/pieces.ts";
import type { RowColumns } from "../../mail/row_columns.ts";
import type { ContentsWanted, RowRanges } from "../account/types.ts";
import type { MemoryBody, MemoryMailbox } from "./mailbox.ts";

/** Rows of a memory store as columns. */
export class MemoryColumns {
  /** Names of sets of keywords; the number of a set is its place. */
  readonly #sets: (readonly string[])[] = [[]];
  readonly #numbers = new Map<string, number>([["", 0]]);
  /** Contents of the rows that were given last. */
  readonly #bodies = new Map<number, MemoryBody>();

  fill(mailbox: MemoryMailbox | null, wanted: RowRanges, into: RowColumns): number | null {
    this.#bodies.clear();
    const rows = mailbox?.rows() ?? [];
    let looked = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (row.uid <= wanted.after || !isNamed(wanted.ranges, row.uid)) continue;
      if (into.isFull || looked++ >= wanted.lookedMax) return row.uid - 1;
      if (row.modSeq <= wanted.modSeqAbove) continue;
      const at = into.count++;
      into.sequence[at] = i;
      into.uid[at] = row.uid;
      into.keywords[at] = this.#number(row.keywords);
      into.flags[at] = row.flags;
      // What is not there is not set.
      into.modSeq[at] = row.modSeq;
      into.internalDateMs[at] = row.internalDateMs;
      into.content[at] = row.content;
      into.size[at] = row.size;
      into.saved[at] = row.savedMs / 1_000;
      this.#bodies.set(row.content, mailbox!.messages.get(row.uid)!.body);
    }
    return null;
  }

  contents({ rows, what, sizeMax, bytesMax, wants, part }: ContentsWanted): Pieces {
    const found: (Uint8Array | null)[] = [];
    let bytes = 0;
    for (let i = 0; i < rows.count; i++) {
      const body = rows.size[i]! > sizeMax || wants?.(i) === false ? undefined : this.#bodies.get(rows.content[i]!);
      const whole = (what === "body" ? body?.bytes : body?.index) ?? null;
      const place = { offset: 0, length: whole?.length ?? 0 };
      const piece = whole !== null && (part === undefined || part(whole, place))
        ? whole.subarray(place.offset, place.offset + place.length)
        : null;
      if (i > 0 && bytes + (piece?.length ?? 0) > bytesMax) break;
      bytes += piece?.length ?? 0;
      found.push(piece);
    }
    const pieces = new Pieces(found.length, new Uint8Array(bytes));
    let at = 0;
    for (const [i, piece] of found.entries()) {
      if (piece === null) pieces.putNone(i);
      else {
        pieces.bytes.set(piece, at);
        pieces.put(i, at, piece.length);
        at += piece.length;
      }
    }
    return pieces;
  }

  keywords(set: number): readonly string[] {
    return this.#sets[set] ?? [];
  }

  #number(keywords: readonly string[]): number {
    const key = keywords.join(" ");
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#sets.length);
    return this.#sets.push(keywords) - 1;
  }
}

function isNamed(ranges: readonly number[], uid: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (uid >= ranges[i]! && uid <= ranges[i + 1]!) return true;
  return false;
}
