import { Buffer } from "node:buffer";
import type { Pieces } from "../../../mail/pieces.ts";
import { RECENT_BIT } from "../../../mail/row_columns.ts";
import { FieldSelector, findIndexText, INDEX_VERSION, type IndexText, type TextPlace } from "../../../mime/mod.ts";
import type { FetchItem } from "../grammar/ast_fetch.ts";
import { ByteLine } from "../frame/byte_line.ts";
import { type FetchPlan, INDEX_TEXTS } from "./fetch_plan.ts";
import type { RowReader } from "./row_reader.ts";
import { sectionLabel } from "./section_label.ts";
import { isUidOnly, type Scene } from "../state.ts";
import { dateTimeText, flagList } from "../write/texts.ts";

/** Bytes of one piece of output. */
const PIECE_BYTES = 65_536;
/** Room for the sequence number and what stands around the items. */
const AROUND_BYTES = 32;
/** Room for one item that is neither a text of the index, nor a message, nor flags. */
const ITEM_BYTES = 64;

const LAST_DIGIT = 9;

const BEGIN = ascii("* ");
const FETCH = ascii(" FETCH (");
const UIDFETCH = ascii(" UIDFETCH (");
const END = ascii(")\r\n");
const LITERAL_END = ascii("}\r\n");

/** An item, and what stands before its value. */
interface Told {
  readonly item: FetchItem;
  readonly before: Uint8Array;
  /** The text of the index that it is; undefined: none. */
  readonly text: IndexText | undefined;
  /** What it takes of a header: all of it is `whole`; null: it takes nothing. */
  readonly fields: FieldSelector | "whole" | null;
}

/** Writes rows of columns as responses: bytes straight into pieces of output, without anything made for each row. */
export class FetchRows {
  readonly #told: readonly Told[];
  readonly #flags = new Map<number, Uint8Array>();
  /** Most messages have the flags of the one before. */
  #last: { readonly key: number; readonly text: Uint8Array } = { key: -1, text: BEGIN };
  readonly #place: TextPlace = { offset: 0, length: 0 };
  /** Dates of many messages in a row lie close together. */
  #date: { readonly second: number; readonly text: Uint8Array } = { second: NaN, text: BEGIN };
  /** RFC 9586 §3.3: by UIDs. */
  readonly #uidOnly: boolean;
  /** Where the numbers of the row end that was written last. */
  readonly #ends: number[] = [];
  /** First and end of what is told of a header. */
  readonly #ranges: number[] = [];
  /** Whole indexes have come, not texts of them. */
  readonly #wholes: boolean;
  /** Room that every row needs. */
  readonly #bytes: number;

  constructor(private readonly rows: RowReader, private readonly plan: FetchPlan, private readonly scene: Scene) {
    this.#uidOnly = isUidOnly(scene.state);
    this.#wholes = plan.index === "all" || (plan.index === "listed" && rows.structure === null);
    this.#told = plan.items.map((item, i) => toldOf(item, i > 0));
    this.#bytes = this.#told.reduce((bytes, { before }) => bytes + before.length + ITEM_BYTES, AROUND_BYTES);
  }

  /** Writes rows from `from` on, as many as make up one piece, up to one that has to be told otherwise; answers where it stopped. */
  write(from: number): { readonly piece: Uint8Array; readonly next: number } {
    let next = from;
    const first = this.#lengthOf(from);
    const line = new ByteLine(Math.max(first, Math.min(PIECE_BYTES, first * (this.rows.count - from))));
    while (next < this.rows.count) {
      const length = this.#lengthOf(next);
      if (length < 0 || length > line.room) break;
      const begin = line.used;
      this.#ends.length = 0;
      this.#writeRow(next, line);
      const alike = this.plan.flagsOnly ? Math.min(this.#alike(next), Math.floor(line.room / length)) : 0;
      if (alike > 0) line.again(begin, alike, this.#ends);
      next += 1 + alike;
    }
    return { piece: line.taken(), next };
  }

  /** Whether a row can be written: what is wanted of it came with it. */
  has(number: number): boolean {
    return this.#lengthOf(number) >= 0;
  }

  /** How many rows behind this one are told as it is, but for the last digits of their numbers. */
  #alike(number: number): number {
    const { count, columns: { sequence, uid, flags, keywords } } = this.rows;
    const [firstSequence, firstUid] = [sequence[number]!, uid[number]!];
    const end = Math.min(count, number + LAST_DIGIT - Math.max(firstSequence % 10, firstUid % 10) + 1);
    let next = number + 1;
    while (
      next < end && flags[next] === flags[number] && keywords[next] === keywords[number] &&
      sequence[next]! - firstSequence === next - number && uid[next]! - firstUid === next - number
    ) next++;
    return next - number - 1;
  }

  /** The most bytes that a row may take; -1 when something of it is missing. */
  #lengthOf(number: number): number {
    const { columns, head } = this.rows;
    let length = this.#bytes;
    for (const { item, text, fields } of this.#told) {
      if (fields !== null) {
        const header = head?.length(number) ?? -1;
        if (header <= 0) return -1;
        length += header;
      } else if (text !== undefined) {
        if (!this.#find(number, text)) return -1;
        length += this.#place.length;
      } else if (item.item === "FLAGS") length += this.#flagsOf(number).length;
      else if (item.item === "BODY[]" || item.item === "RFC822") {
        const size = columns.size[number]!;
        if (size === 0 || head?.length(number) !== size) return -1;
        length += size;
      }
    }
    return length;
  }

  #writeRow(number: number, line: ByteLine): void {
    const { columns } = this.rows;
    line.put(BEGIN);
    line.number(this.#uidOnly ? columns.uid[number]! : columns.sequence[number]!);
    this.#ends.push(line.used);
    line.put(this.#uidOnly ? UIDFETCH : FETCH);
    for (const told of this.#told) {
      line.put(told.before);
      if (told.fields !== null) this.#header(told.fields, number, line);
      else if (told.text === undefined) this.#value(told.item, number, line);
      else if (this.#find(number, told.text)) {
        line.copy(this.#textsOf(told.text)!.bytes, this.#place.offset, this.#place.length);
      }
    }
    line.put(END);
  }

  #value({ item }: FetchItem, number: number, line: ByteLine): void {
    const { rows, rows: { columns } } = this;
    switch (item) {
      case "UID":
        line.number(columns.uid[number]!);
        return void this.#ends.push(line.used);
      case "FLAGS":
        return line.put(this.#flagsOf(number));
      case "MODSEQ":
        line.number(columns.modSeq[number]!);
        return line.byte(CLOSE);
      case "RFC822.SIZE":
        return line.number(columns.size[number]!);
      case "INTERNALDATE":
        return line.put(this.#dateOf(columns.internalDateMs[number]!));
      case "SAVEDATE": // RFC 8514 §4.3.
        return line.put(this.#dateOf(columns.saved[number]! * 1_000));
      case "EMAILID": // RFC 8474 §5.
        return line.put(ascii(`${rows.objectId(number)})`));
      case "BODY[]":
      case "RFC822":
        line.number(columns.size[number]!);
        line.put(LITERAL_END);
        return line.copy(rows.head!.bytes, rows.head!.offset(number), rows.head!.length(number));
    }
  }

  /** The header of a row, or what is wanted of it: always with the empty line at its end (RFC 9051 §6.4.5.1). */
  #header(fields: FieldSelector | "whole", number: number, line: ByteLine): void {
    const head = this.rows.head!;
    const place = { offset: head.offset(number), length: head.length(number) };
    const ranges = this.#ranges;
    ranges.length = 0;
    if (fields === "whole") ranges.push(place.offset, place.offset + place.length);
    line.number(fields === "whole" ? place.length : fields.select(head.bytes, place, ranges));
    line.put(LITERAL_END);
    for (let i = 0; i < ranges.length; i += 2) line.copy(head.bytes, ranges[i]!, ranges[i + 1]! - ranges[i]!);
  }

  /** Finds a text of the index of a row. */
  #find(number: number, text: IndexText): boolean {
    const index = this.#textsOf(text);
    const length = index?.length(number) ?? -1;
    if (index === null || length < 0) return false;
    const offset = index.offset(number);
    if (this.#wholes) {
      const how = { text, version: INDEX_VERSION, place: this.#place };
      return findIndexText(index.bytes, [offset, offset + length], how);
    }
    this.#place.offset = offset;
    this.#place.length = length;
    return length > 0;
  }

  #textsOf(text: IndexText): Pieces | null {
    return text === "bodyStructure" && this.rows.structure !== null ? this.rows.structure : this.rows.index;
  }

  /** Flags as they are told, made once for each combination in a page. */
  #flagsOf(number: number): Uint8Array {
    const { columns } = this.rows;
    const flags = columns.flags[number]!;
    const key = columns.keywords[number]! * 256 + flags;
    if (key === this.#last.key) return this.#last.text;
    const text = this.#flags.get(key) ?? this.#flagsMade(number, flags);
    this.#flags.set(key, text);
    this.#last = { key, text };
    return text;
  }

  #flagsMade(number: number, flags: number): Uint8Array {
    const told = { flags, recent: (flags & RECENT_BIT) !== 0, keywords: this.rows.keywords(number) };
    return ascii(flagList(told, this.scene));
  }

  #dateOf(ms: number): Uint8Array {
    const second = Math.floor(ms / 1_000);
    if (this.#date.second !== second) this.#date = { second, text: ascii(dateTimeText(ms)) };
    return this.#date.text;
  }
}

const CLOSE = 0x29; // ")"

function toldOf(item: FetchItem, follows: boolean): Told {
  const name = nameOf(item);
  return { item, before: ascii(follows ? ` ${name}` : name), text: INDEX_TEXTS.get(item.item), fields: fieldsOf(item) };
}

function fieldsOf(item: FetchItem): Told["fields"] {
  if (item.item === "RFC822.HEADER") return "whole";
  if (item.item !== "BODY[]") return null;
  const { text, fields } = item.section;
  if (text === "HEADER") return "whole";
  return text === "HEADER.FIELDS" || text === "HEADER.FIELDS.NOT"
    ? new FieldSelector(fields, text === "HEADER.FIELDS")
    : null;
}

/** What stands before the value of an item. */
function nameOf(item: FetchItem): string {
  switch (item.item) {
    case "MODSEQ":
    case "EMAILID":
      return `${item.item} (`;
    case "BODY[]":
      return `${sectionLabel(item.section, item.partial)} {`;
    case "RFC822":
    case "RFC822.HEADER":
      return `${item.item} {`;
    default:
      return `${item.item} `;
  }
}

function ascii(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
