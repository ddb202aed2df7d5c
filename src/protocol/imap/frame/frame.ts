/**
 * One command as it came, up to the CRLF that ends it (not included). In a `literal` frame it ends with the announcement of the literal
 * to come, and begins behind the message of the `literal` frame before if there was one: nothing is said twice before the end. Each announcement stands in `text` with its CRLF, the bytes of the literal do not.
 */
export interface FramedCommand {
  /** One character of U+0000 to U+00FF for each byte. */
  readonly text: string;
  /** In the order of their announcements; null for one that was handed on in pieces. */
  readonly literals: readonly (Uint8Array | null)[];
}

/** Why a frame is no command: each costs one reply, and the stream goes on in sync. */
export type FrameProblem =
  /** No tag that could be sent back, or one too long. */
  | "badTag"
  /** The line, or the command with its literals, is longer than allowed. */
  | "tooLong"
  | "tooManyLiterals"
  /** A literal that is not a message is larger than allowed. */
  | "literalTooLarge"
  /** `{x}`: not a number the protocol knows. */
  | "badLiteral"
  /** Bare CR or LF, or NUL. */
  | "badCharacter";

/** What comes out of a stream of bytes. */
export type Frame =
  | { readonly type: "command"; readonly command: FramedCommand }
  /** The client waits for "+" before it sends a literal that is held here. */
  | { readonly type: "continue" }
  /**
   * A message of APPEND or REPLACE is announced. Nothing more comes until `accept` or `refuse` is called; a synchronizing one
   * waits for "+" then.
   */
  | {
    readonly type: "literal";
    readonly command: FramedCommand;
    /** Of this command there was a `literal` frame before. */
    readonly goesOn: boolean;
    readonly bytes: number;
    readonly synchronizing: boolean;
  }
  /** A piece of the message that was accepted: a view of the chunk it came in; `left` bytes are to come. */
  | { readonly type: "data"; readonly bytes: Uint8Array; readonly left: number }
  /** In reply to `next("line")`: a line that is no command (AUTHENTICATE, IDLE), without its CRLF. */
  | { readonly type: "line"; readonly text: string }
  /** `tag`: as far as one can be read; null else, and for a line that is no command. */
  | { readonly type: "bad"; readonly tag: string | null; readonly problem: FrameProblem }
  /** The stream cannot be followed any further: only BYE is left. */
  | { readonly type: "lost"; readonly problem: FrameProblem };

/** Limits of a stream; those before a login are small. */
export interface FrameLimits {
  /** Bytes of one line with its CRLF (RFC 7162 §4 asks for 8,192 at least). */
  readonly lineBytesMax: number;
  /** Bytes of a line that answers a challenge of AUTHENTICATE. */
  readonly exchangeLineBytesMax: number;
  /** Bytes of a command with the literals that are held. */
  readonly commandBytesMax: number;
  /** Literals of a command, messages among them. */
  readonly literalsMax: number;
  /** Bytes of a literal that is held. */
  readonly literalBytesMax: number;
  /** Bytes thrown away of what was refused, until only BYE is left. */
  readonly skipBytesMax: number;
}
