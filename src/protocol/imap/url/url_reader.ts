import { concat } from "../../../base/bytes.ts";
import { Failure } from "../../../base/failure.ts";
import type { Excerpt, ExcerptWanted } from "../../../mail/mailbox_view.ts";
import type { Uid } from "../../../mail/uid.ts";
import { type ByteRange, locateSection, selectFields } from "../../../mime/mod.ts";
import type { Section } from "../grammar/ast_fetch.ts";
import { ask, type Program } from "../effects.ts";
import type { MessageUrl } from "./imap_url.ts";
import { MessageReader } from "../fetch/message_reader.ts";
import { cut, HEADER_BYTES_MAX, sectionOf } from "../fetch/section_range.ts";
import type { Scene } from "../state.ts";

/** By what right a message is read: the session's own, or that of a token (URLFETCH, RFC 4467 §7). */
export type UrlRight = "own" | {
  readonly user: string;
  readonly rump: string;
  readonly token: string;
  readonly expiresMs: number | null;
};

/** What a URL names of a message: bytes as they lie there, or some that were put together. */
export type UrlContent =
  | { readonly type: "range"; readonly range: ByteRange }
  | { readonly type: "bytes"; readonly bytes: Uint8Array };

type Named = Pick<ExcerptWanted, "name" | "uidValidity" | "uid">;

/** Reads a message that a URL names, wherever it is. */
export class UrlReader extends MessageReader {
  private constructor(
    private readonly named: Named,
    private readonly right: UrlRight,
    first: Extract<Excerpt, { type: "read" }>,
    scene: Scene,
  ) {
    super({ uid: named.uid as Uid, size: first.size, index: first.index, head: first.bytes }, scene, false);
    this.size = first.size;
  }

  /** Of the message, in bytes. */
  readonly size: number;

  /** Null when there is no such message, as far as whoever asks may know. */
  static *open(
    { mailbox: name, uidValidity, uid }: MessageUrl,
    right: UrlRight,
    scene: Scene,
  ): Program<UrlReader | null> {
    const named = { name, uidValidity, uid };
    const first = yield* excerpt({ ...named, offset: 0, length: scene.limits.headBytes, index: true }, right);
    // What follows must be of the same message, even if the mailbox is made anew meanwhile.
    return first.type === "missing"
      ? null
      : new UrlReader({ ...named, uidValidity: first.uidValidity }, right, first, scene);
  }

  /** Whether a URL names the message that this one reads. */
  reads({ mailbox, uidValidity, uid }: MessageUrl): boolean {
    const { named } = this;
    return mailbox === named.name && uid === named.uid && (uidValidity ?? named.uidValidity) === named.uidValidity;
  }

  /** Where what a URL names lies; null when there is no such part. Throws a Failure when it cannot be found out. */
  *content({ section, partial }: Pick<MessageUrl, "section" | "partial">): Program<UrlContent | null> {
    const before = this.scene.memory.readBytes;
    const range = section === null ? { offset: 0, length: this.size } : yield* this.#locate(section);
    // What an index was made of is not needed any more.
    this.scene.memory.readBytes = before;
    if (range === null) return null;
    if (section?.text !== "HEADER.FIELDS" && section?.text !== "HEADER.FIELDS.NOT") {
      return { type: "range", range: cut(range, partial) };
    }
    const header = yield* this.all({ ...range, length: Math.min(range.length, HEADER_BYTES_MAX) });
    if (header === null) throw this.failure();
    const ranges = selectFields(header, section.fields, section.text === "HEADER.FIELDS");
    const bytes = concat(ranges.map(({ offset, length }) => header.subarray(offset, offset + length)));
    const { offset, length } = cut({ offset: 0, length: bytes.length }, partial);
    this.scene.memory.readBytes = before;
    return { type: "bytes", bytes: bytes.subarray(offset, offset + length) };
  }

  /** Why nothing could be read. */
  failure(): Failure {
    const kind = this.trouble === "gone" ? "not_found" : this.trouble === "corrupt" ? "corrupt" : "busy";
    return new Failure(kind, "a message that a URL names cannot be read");
  }

  protected override *asked(offset: number, length: number): Program<Uint8Array> {
    const piece = yield* excerpt({ ...this.named, offset, length, index: false }, this.right);
    if (piece.type === "missing") throw new Failure("not_found", "the message is gone");
    return piece.bytes;
  }

  *#locate({ part, text }: Section): Program<ByteRange | null> {
    const parts = yield* this.parts();
    if (parts === null) throw this.failure();
    return locateSection(parts, sectionOf(part, text));
  }
}

function excerpt(wanted: ExcerptWanted, right: UrlRight): Program<Excerpt> {
  return right === "own" ? ask("mailbox.readNamed", wanted) : ask("mailbox.readAuthorized", { ...wanted, ...right });
}
