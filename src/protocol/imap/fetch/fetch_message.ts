import { latin1 } from "../../../base/latin1.ts";
import type { ViewRow } from "../../../mail/mailbox_view.ts";
import {
  type ByteRange,
  decodeBody,
  findPart,
  locateSection,
  type MessageIndex,
  PREVIEW_BYTES_MAX,
  previewPart,
  previewText,
  selectFields,
  threadId,
} from "../../../mime/mod.ts";
import { annotationText } from "../annotations.ts";
import type { FetchItem, PartialBytes, Section } from "../grammar/ast_fetch.ts";
import type { Program } from "../effects.ts";
import { addsModSeq, type FetchPlan } from "./fetch_plan.ts";
import { MessageReader, type Trouble } from "./message_reader.ts";
import { cut, HEADER_BYTES_MAX, sectionOf } from "./section_range.ts";
import { binaryLabel, sectionLabel } from "./section_label.ts";
import { type Scene, speaksUtf8 } from "../state.ts";
import { dateTimeText, fetchStart, flagList } from "../write/texts.ts";
import { writeString } from "../write/write.ts";

const WHOLE: Section = { part: [], text: null, fields: [] };
const HEADER: Section = { part: [], text: "HEADER", fields: [] };
const TEXT: Section = { part: [], text: "TEXT", fields: [] };

/** Tells one message. What cannot be read is left out: the tagged line says that something was. */
export class FetchedMessage {
  #begun = false;
  readonly #reader: MessageReader;

  constructor(private readonly row: ViewRow, private readonly plan: FetchPlan, private readonly scene: Scene) {
    this.#reader = new MessageReader(row, scene, plan.sections > 1);
  }

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
    this.scene.memory.readBytes = 0;
    if (output.isFull) yield* output.drain();
    return this.#reader.trouble;
  }

  #add(text: string): void {
    const { output } = this.scene;
    output.push(this.#begun ? ` ${text}` : fetchStart(this.row, this.scene) + text);
    output.open = true;
    this.#begun = true;
  }

  /** An item that the row answers; null for others. */
  #short(wanted: FetchItem): string | null {
    const { item } = wanted;
    const { uid, size, modSeq, internalDateMs, savedMs, objectId } = this.row;
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
      case "ANNOTATION":
        return annotationText(this.row.annotations ?? [], wanted);
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
      case "BINARY[]":
        return yield* this.#binary(binaryLabel(item.part, item.partial), item.part, item.partial);
      case "BINARY.SIZE[]":
        return yield* this.#binarySize(item.part);
      case "PREVIEW":
        return yield* this.#preview();
      case "THREADID":
        return yield* this.#threadId();
    }
  }

  *#indexed(name: string, of: (index: MessageIndex) => Uint8Array): Program<void> {
    const index = yield* this.#reader.index();
    if (index !== null) this.#add(`${name} ${latin1(of(index))}`);
  }

  *#section(label: string, section: Section, partial: PartialBytes | null): Program<void> {
    const range = yield* this.#rangeOf(section);
    if (range === undefined) return;
    if (range === null) return this.#add(`${label} NIL`);
    if (section.text !== "HEADER.FIELDS" && section.text !== "HEADER.FIELDS.NOT") {
      return yield* this.#stream(label, cut(range, partial));
    }
    const header = yield* this.#reader.all({ ...range, length: Math.min(range.length, HEADER_BYTES_MAX) });
    if (header === null) return;
    const ranges = selectFields(header, section.fields, section.text === "HEADER.FIELDS");
    const text = ranges.map(({ offset, length }) => latin1(header.subarray(offset, offset + length))).join("");
    const { offset, length } = cut({ offset: 0, length: text.length }, partial);
    this.#add(`${label} {${length}}\r\n${text.slice(offset, offset + length)}`);
  }

  /** Undefined: it cannot be found out. Null: there is no such section. */
  *#rangeOf({ part, text }: Section): Program<ByteRange | null | undefined> {
    if (part.length === 0 && text === null) return { offset: 0, length: this.row.size };
    const { head } = this.row;
    if (this.plan.header && head !== undefined) return { offset: 0, length: head.length };
    const parts = yield* this.#reader.parts();
    return parts === null ? undefined : locateSection(parts, sectionOf(part, text));
  }

  /** A part as it was before it was encoded for its way (RFC 3516 §4.3). It lies in memory at once. */
  *#binary(label: string, numbers: readonly number[], partial: PartialBytes | null): Program<void> {
    const decoded = yield* this.#decoded(numbers);
    if (decoded === undefined) return;
    if (decoded === null) return this.#add(`${label} NIL`);
    const { offset, length } = cut({ offset: 0, length: decoded.length }, partial);
    const bytes = decoded.subarray(offset, offset + length);
    // RFC 3516 §4.3: a literal8 says that there may be NUL.
    this.#add(`${label} ${bytes.includes(0) ? "~" : ""}{${bytes.length}}\r\n`);
    for (let at = 0; at < bytes.length; at += this.scene.limits.readBytesMax) {
      yield* this.scene.output.send(bytes.subarray(at, at + this.scene.limits.readBytesMax));
    }
  }

  *#binarySize(numbers: readonly number[]): Program<void> {
    const decoded = yield* this.#decoded(numbers);
    if (decoded !== undefined) this.#add(`BINARY.SIZE[${numbers.join(".")}] ${decoded?.length ?? 0}`);
  }

  /** Undefined: it cannot be had. Null: there is no such part. */
  *#decoded(numbers: readonly number[]): Program<Uint8Array | null | undefined> {
    const { scene, row } = this;
    const parts = numbers.length === 0 ? null : yield* this.#reader.parts();
    if (parts === null && numbers.length > 0) return undefined;
    const part = parts === null ? null : findPart(parts, numbers);
    if (parts !== null && part === null) return null;
    const range = part === null
      ? { offset: 0, length: row.size }
      : { offset: part.bodyStart, length: part.bodyEnd - part.bodyStart };
    if (range.length > scene.limits.indexBytesMax) return this.#failed("encoding");
    const bytes = yield* this.#reader.all(range);
    if (bytes === null) return undefined;
    // RFC 3516 §4.3: what holds other parts was not encoded itself.
    const encoding = part === null || part.kind === "multipart" ? "" : part.encoding;
    return decodeBody(bytes, encoding) ?? this.#failed("encoding");
  }

  #failed(trouble: Trouble): undefined {
    this.#reader.trouble = trouble;
  }

  /** RFC 8970 §3: made when it is asked for; it is one read, so that LAZY makes no difference. */
  *#preview(): Program<void> {
    const parts = yield* this.#reader.parts();
    if (parts === null) return;
    const part = previewPart(parts);
    if (part === null) return this.#add('PREVIEW ""');
    const length = Math.min(PREVIEW_BYTES_MAX, part.bodyEnd - part.bodyStart);
    const body = yield* this.#reader.all({ offset: part.bodyStart, length });
    if (body !== null) this.#add(`PREVIEW ${writeString(previewText(part, body), speaksUtf8(this.scene.state))}`);
  }

  /** RFC 8474 §5.2. */
  *#threadId(): Program<void> {
    const facts = yield* this.#reader.facts();
    if (facts !== null) this.#add(`THREADID (${threadId(facts, this.row.objectId)})`);
  }

  *#stream(label: string, { offset, length }: ByteRange): Program<void> {
    if (length === 0) return this.#add(`${label} ""`);
    const { output, limits: { readBytesMax } } = this.scene;
    const first = yield* this.#reader.piece(offset, Math.min(readBytesMax, length));
    if (first === null) return;
    this.#add(`${label} {${length}}\r\n`);
    yield* output.send(first);
    for (let sent = first.length; sent < length;) {
      const piece = yield* this.#reader.piece(offset + sent, Math.min(readBytesMax, length - sent));
      // Its length was announced: what would follow would be taken for the rest of it.
      if (piece === null) return void (yield { type: "close" });
      yield* output.send(piece);
      sent += piece.length;
    }
  }
}
