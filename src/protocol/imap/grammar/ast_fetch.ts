/** Which bytes of a message (RFC 9051 §6.4.5 section). An empty `part` is the message itself. */
export interface Section {
  readonly part: readonly number[];
  readonly text: "HEADER" | "TEXT" | "MIME" | "HEADER.FIELDS" | "HEADER.FIELDS.NOT" | null;
  /** Field names as sent, for HEADER.FIELDS and HEADER.FIELDS.NOT; else empty. */
  readonly fields: readonly string[];
}

/** Bytes [offset, offset + length) of a section. */
export interface PartialBytes {
  readonly offset: number;
  readonly length: number;
}

/** What can be told of an annotation (RFC 5257 §3.2.2). */
export type AnnotationAttribute = "value.priv" | "value.shared" | "size.priv" | "size.shared";

/** One data item of FETCH. */
export type FetchItem =
  | {
    readonly item:
      | "ENVELOPE"
      | "FLAGS"
      | "INTERNALDATE"
      | "RFC822.SIZE"
      /** BODYSTRUCTURE without extension data. */
      | "BODY"
      | "BODYSTRUCTURE"
      | "UID"
      /** RFC 7162 §3.1.5. */
      | "MODSEQ"
      /** RFC 8474 §5. */
      | "EMAILID"
      | "THREADID"
      /** RFC 8514. */
      | "SAVEDATE"
      /** RFC 3501 §6.4.5: whole message, header (peeked), text. */
      | "RFC822"
      | "RFC822.HEADER"
      | "RFC822.TEXT";
  }
  /** RFC 8970. */
  | { readonly item: "PREVIEW"; readonly lazy: boolean }
  | {
    readonly item: "BODY[]";
    readonly section: Section;
    /** Does not set \Seen. */
    readonly peek: boolean;
    readonly partial: PartialBytes | null;
  }
  /** Decoded part (RFC 3516). */
  | {
    readonly item: "BINARY[]";
    readonly part: readonly number[];
    readonly peek: boolean;
    readonly partial: PartialBytes | null;
  }
  /** RFC 5257 §4.3: patterns of entries; `value` and `size` stand for both of theirs. */
  | {
    readonly item: "ANNOTATION";
    readonly entries: readonly string[];
    readonly attributes: readonly AnnotationAttribute[];
  }
  | { readonly item: "BINARY.SIZE[]"; readonly part: readonly number[] };
