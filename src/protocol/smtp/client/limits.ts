/** What the replies of a server may cost. Every field has its unit in its name. */
export interface ReplyLimits {
  /** Longest reply line with its CRLF, in bytes: eight times RFC 5321 §4.5.3.1.5, as servers do exceed it. */
  readonly lineBytesMax: number;
  /** Lines of one reply; endless `250-` would fill the memory otherwise. */
  readonly linesMax: number;
  /** One reply, in bytes. */
  readonly replyBytesMax: number;
}

/** Defaults for servers of strangers: a hundred lines of RFC 5321's length, and some. */
export const REPLY_LIMITS: ReplyLimits = { lineBytesMax: 4_096, linesMax: 100, replyBytesMax: 65_536 };
