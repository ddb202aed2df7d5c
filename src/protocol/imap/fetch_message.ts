import { concat } from "../../base/bytes.ts";
import { asFailure } from "../../base/failure.ts";
import { latin1 } from "../../base/latin1.ts";
import type { ViewRow } from "../../mail/mailbox_ask.ts";
import { type MessageIndex, readIndex } from "../../mime/mod.ts";
import type { FetchItem, PartialBytes, Section } from "./ast_fetch.ts";
import { ask, type Program } from "./effects.ts";
import { addsModSeq, type FetchPlan } from "./fetch_plan.ts";
import { filterHeader } from "./header_filter.ts";
import { indexMessage } from "./message_index.ts";
import { sectionLabel } from "./section_label.ts";
import { type ByteRange, rangeOfSection } from "./section_range.ts";
import { selectedOf } from "./selection.ts";
import type { Scene } from "./state.ts";
import { dateTimeText, flagList } from "./texts.ts";

/** Why something was not told. */
export type Trouble = "gone" | "corrupt" | "temporary" | "encoding";

const WHOLE: Section = { part: [], text: null, fields: [] };
const HEADER: Section = { part: [], text: "HEADER", fields: [] };
const TEXT: Section = { part: [], text: "TEXT", fields: [] };

/** Tells one message. What cannot be read is left out: the tagged line says that something was. */
export class FetchedMessage {
  #begun = false;
  #trouble: Trouble | null = null;
  #index: MessageIndex | null = null;
  /** What was read last: of a small message all of it, when more than one section is wanted. */
  #piece: { readonly offset: number; readonly bytes: Uint8Array } | null = null;

  constructor(private readonly row: ViewRow, private readonly plan: FetchPlan, private readonly scene: Scene) {}

  /** `flagsToo`: they were changed by this command. */
  *tell(flagsToo: boolean): Program<Trouble | null> {
    const { items } = this.plan;
    const { output } = this.scene;
    for (const item of items) {
      const text = this.#short(item);
      if (text === null) yield* this.#long(item);
      else this.#add(text);
    }
    if (flagsToo && !items.some(({ item }) => item === "FLAGS")) this.#add(`FLAGS ${flagList(this.row, this.scene)}`);
    if (flagsToo && addsModSeq(this.plan, this.scene)) this.#add(`MODSEQ (${this.row.modSeq})`);
    if (this.#begun) output.push(")\r\n");
    output.open = false;
    if (output.isFull) yield* output.drain();
    return this.#trouble;
  }

  #add(text: string): void {
    const { output } = this.scene;
    output.push(this.#begun ? ` ${text}` : `* ${this.row.sequence} FETCH (${text}`);
    output.open = true;
    this.#begun = true;
  }

  /** An item that the row answers; null for others. */
  #short({ item }: FetchItem): string | null {
    const { uid, size, modSeq, internalDateMs, savedMs, objectId, threadId } = this.row;
    switch (item) {
      case "UID":
        return `UID ${uid}`;
      case "FLAGS":
        return `FLAGS ${flagList(this.row, this.scene)}`;
      case "MODSEQ":
        return `MODSEQ (${modSeq})`;
      case "RFC822.SIZE":
        return `RFC822.SIZE ${size}`;
      case "INTERNALDATE":
        return `INTERNALDATE ${dateTimeText(internalDateMs)}`;
      case "SAVEDATE": // RFC 8514 §4.3.
        return `SAVEDATE ${dateTimeText(savedMs)}`;
      case "EMAILID": // RFC 8474 §5.
        return `EMAILID (${objectId})`;
      case "THREADID":
        return `THREADID ${threadId === "" ? "NIL" : `(${threadId})`}`;
      default:
        return null;
    }
  }

  *#long(item: FetchItem): Program<void> {
    switch (item.item) {
      case "ENVELOPE":
        return yield* this.#indexed("ENVELOPE", ({ envelope }) => envelope);
      case "BODY":
        return yield* this.#indexed("BODY", ({ body }) => body);
      case "BODYSTRUCTURE":
        return yield* this.#indexed("BODYSTRUCTURE", ({ bodyStructure }) => bodyStructure);
      case "RFC822":
        return yield* this.#section("RFC822", WHOLE, null);
      case "RFC822.HEADER":
        return yield* this.#section("RFC822.HEADER", HEADER, null);
      case "RFC822.TEXT":
        return yield* this.#section("RFC822.TEXT", TEXT, null);
      case "BODY[]":
        return yield* this.#section(sectionLabel(item.section, item.partial), item.section, item.partial);
    }
  }

  *#indexed(name: string, of: (index: MessageIndex) => Uint8Array): Program<void> {
    const index = yield* this.#indexOf();
    if (index !== null) this.#add(`${name} ${latin1(of(index))}`);
  }

  *#section(label: string, section: Section, partial: PartialBytes | null): Program<void> {
    const range = yield* this.#rangeOf(section);
    if (range === undefined) return;
    if (range === null) return this.#add(`${label} NIL`);
    if (section.text !== "HEADER.FIELDS" && section.text !== "HEADER.FIELDS.NOT") {
      return yield* this.#stream(label, cut(range, partial));
    }
    const header = yield* this.#readAll(range.start, Math.min(range.end, range.start + HEADER_BYTES_MAX));
    if (header === null) return;
    const which = section.text === "HEADER.FIELDS" ? "only" : "without";
    const text = filterHeader(latin1(header), section.fields, which);
    const { start, end } = cut({ start: 0, end: text.length }, partial);
    this.#add(`${label} {${end - start}}\r\n${text.slice(start, end)}`);
  }

  /** Undefined: it cannot be found out. Null: there is no such section. */
  *#rangeOf(section: Section): Program<ByteRange | null | undefined> {
    if (section.part.length === 0 && section.text === null) return { start: 0, end: this.row.size };
    const parts = (yield* this.#indexOf())?.parts() ?? null;
    return parts === null ? undefined : rangeOfSection(section, parts);
  }

  /** The index made at delivery, or one made of the message now. */
  *#indexOf(): Program<MessageIndex | null> {
    if (this.#index !== null) return this.#index;
    const { index, size } = this.row;
    this.#index = index ? readIndex(index) : null;
    if (this.#index?.parts() === null) this.#index = null;
    if (this.#index !== null) return this.#index;
    const message = yield* this.#readAll(0, Math.min(size, this.scene.limits.indexBytesMax));
    if (message !== null) this.#index = readIndex(indexMessage(message));
    return this.#index;
  }

  *#stream(label: string, { start, end }: ByteRange): Program<void> {
    if (start === end) return this.#add(`${label} ""`);
    const { output, limits: { readBytesMax } } = this.scene;
    const first = yield* this.#read(start, Math.min(readBytesMax, end - start));
    if (first === null) return;
    this.#add(`${label} {${end - start}}\r\n`);
    yield* output.send(first);
    for (let at = start + first.length; at < end;) {
      const piece = yield* this.#read(at, Math.min(readBytesMax, end - at));
      // Its length was announced: what would follow would be taken for the rest of it.
      if (piece === null) return void (yield { type: "close" });
      yield* output.send(piece);
      at += piece.length;
    }
  }

  *#readAll(start: number, end: number): Program<Uint8Array | null> {
    const pieces: Uint8Array[] = [];
    for (let at = start; at < end;) {
      const piece = yield* this.#read(at, Math.min(this.scene.limits.readBytesMax, end - at));
      if (piece === null) return null;
      pieces.push(piece);
      at += piece.length;
    }
    return pieces.length === 1 ? pieces[0]! : concat(pieces);
  }

  *#read(offset: number, length: number): Program<Uint8Array | null> {
    const known = this.#known(offset, length);
    if (known !== null) return known;
    const whole = this.plan.sections > 1 && this.row.size <= this.scene.limits.readBytesMax;
    const bytes = yield* whole ? this.#ask(0, this.row.size) : this.#ask(offset, length);
    if (!whole || bytes === null) return bytes;
    this.#piece = { offset: 0, bytes };
    return this.#known(offset, length);
  }

  #known(offset: number, length: number): Uint8Array | null {
    if (this.#piece === null) return null;
    const from = offset - this.#piece.offset;
    const { bytes } = this.#piece;
    return from < 0 || from >= bytes.length ? null : bytes.subarray(from, from + length);
  }

  *#ask(offset: number, length: number): Program<Uint8Array | null> {
    const { view } = selectedOf(this.scene);
    try {
      const { bytes } = yield* ask("mailbox.read", { view, uid: this.row.uid, offset, length });
      if (bytes.length > 0 && bytes.length <= length) return bytes;
      this.#trouble = "corrupt";
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      this.#trouble = failure.kind === "not_found" ? "gone" : failure.kind === "corrupt" ? "corrupt" : "temporary";
    }
    return null;
  }
}

/** A header that is longer is filtered up to here: it lies in memory at once. */
const HEADER_BYTES_MAX = 1_048_576;

/** What a partial leaves of a range (RFC 9051 §6.4.5): nothing, if it begins behind the end. */
function cut({ start, end }: ByteRange, partial: PartialBytes | null): ByteRange {
  if (partial === null) return { start, end };
  const from = Math.min(end, start + partial.offset);
  return { start: from, end: Math.min(end, from + partial.length) };
}
