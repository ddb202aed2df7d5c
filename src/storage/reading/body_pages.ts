import { crc32c } from "@node-rs/crc32";
import { asFailure } from "../../base/mod.ts";
import { Pieces } from "../../mail/pieces.ts";
import type { RowColumns } from "../../mail/row_columns.ts";
import type { ContentsWanted } from "../account/types.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { bodyKey, nextBodyKey } from "../layout/keys.ts";
import { LooseRooms, type Rooms } from "./rooms.ts";
import { RecordWalk } from "./record_walk.ts";
import type { Segments } from "../disk/segments.ts";
import { decodeBody } from "../layout/values.ts";

/**
 * Reads many whole bodies at a time. Messages that come one after the other lie one behind the other in a segment, mostly: so the
 * record behind the last one is looked at first, and the index is asked only where that is not the one that is wanted.
 */
export class BodyPages {
  readonly #rooms = new LooseRooms();
  readonly #walk: RecordWalk;
  constructor(private readonly state: { readonly index: IndexEnv; readonly segments: Segments }) {
    this.#walk = new RecordWalk(state);
  }

  /** Bodies of the first rows, as many as `bytesMax` allows, and of one at least; those that cannot be read are missing. */
  read({ rows, sizeMax, bytesMax }: Pick<ContentsWanted, "rows" | "sizeMax" | "bytesMax">): Pieces {
    const { count, same, bytes } = chosen(rows, sizeMax, bytesMax);
    const pieces = new Pieces(count, new Uint8Array(bytes));
    const rooms = this.#rooms.get();
    const key = bodyKey(0);
    let at = 0;
    for (let row = 0; row < count; row++) {
      pieces.putNone(row);
      const first = same[row]!;
      if (first < 0) continue;
      if (first < row) {
        const length = pieces.length(first);
        if (length >= 0) pieces.put(row, pieces.offset(first), length);
        continue;
      }
      const [content, size] = [rows.content[row]!, rows.size[row]!];
      const found = this.#next(content, size, rooms) ?? this.#placed(nextBodyKey(key, content), size, rooms);
      if (found === null) continue;
      pieces.bytes.set(found, at);
      pieces.put(row, at, size);
      at += size;
    }
    this.#walk.rest();
    return pieces;
  }

  /** The body behind the last one, if it is the one that is wanted, and whole. */
  #next(content: number, size: number, rooms: Rooms): Uint8Array | null {
    const head = this.#reading(() => this.#walk.to(content, rooms));
    if (head === null || head.length !== size) return null;
    const body = this.#walk.body;
    return crc32c(body) === head.crc ? body : null;
  }

  /** The body where the index says that it lies. */
  #placed(key: Uint8Array, size: number, rooms: Rooms): Uint8Array | null {
    const stored = this.state.index.get(key);
    if (stored === undefined) return null;
    const place = decodeBody(stored);
    if (place.length !== size) return null;
    const body = this.#reading(() => this.#walk.jump(place, rooms));
    return body !== null && crc32c(body) === place.crc ? body : null;
  }

  /** Null when the segment is gone or ends too early: what it held is asked for one by one, and complained of then. */
  #reading<T>(read: () => T | null): T | null {
    try {
      return read();
    } catch (error) {
      if (asFailure(error)?.kind !== "corrupt" && (error as { code?: unknown }).code !== "ENOENT") throw error;
      this.#walk.rest();
      return null;
    }
  }
}

/** Rows whose bodies fit one answer. */
function chosen(rows: RowColumns, sizeMax: number, bytesMax: number) {
  /** For each row the first one with its content, or -1: too large. */
  const same = new Int32Array(rows.count);
  const firsts = new Map<number, number>();
  let [count, told, bytes] = [0, 0, 0];
  for (; count < rows.count; count++) {
    const size = rows.size[count]!;
    same[count] = -1;
    if (size > sizeMax) continue;
    if (count > 0 && told + size > bytesMax) break;
    told += size;
    const first = firsts.get(rows.content[count]!);
    same[count] = first ?? count;
    if (first !== undefined) continue;
    firsts.set(rows.content[count]!, count);
    bytes += size;
  }
  return { count, same, bytes };
}
