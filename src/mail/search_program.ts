import type { FlagBits } from "./flag.ts";
import type { AnnotationScope } from "./message_annotation.ts";
import type { MessageSet } from "./mailbox_view.ts";

/**
 * What a message must be to be found (RFC 9051 §6.4.4). Texts are as the client sent them, in Unicode; they are compared as
 * substrings without case (i;unicode-casemap, RFC 5051). Dates are days: ms since 1970 of their midnight, time zones disregarded.
 */
export type SearchProgram =
  | { readonly type: "and" | "or"; readonly of: readonly SearchProgram[] }
  | { readonly type: "not"; readonly of: SearchProgram }
  /**
   * FUZZY (RFC 6203 §3). Texts in it are taken as words, and fit where each word is, in any order, without accents: at the
   * beginning of another word, within one, or as a word that begins with the same letter and has few others wrong. What is no
   * text is matched as ever (RFC 6203 §5 lets a server say so), and so is a text without a word.
   */
  | { readonly type: "fuzzy"; readonly of: SearchProgram }
  | { readonly type: "all" }
  | { readonly type: "set"; readonly set: MessageSet }
  /** All of these flags are set. */
  | { readonly type: "flags"; readonly flags: FlagBits }
  | { readonly type: "keyword"; readonly keyword: string }
  | { readonly type: "recent" }
  | { readonly type: "size"; readonly than: "larger" | "smaller"; readonly bytes: number }
  /** `internal`: INTERNALDATE; `sent`: the Date field; `saved`: RFC 8514. */
  | {
    readonly type: "date";
    readonly of: "internal" | "sent" | "saved";
    readonly than: "before" | "on" | "since";
    readonly dayMs: number;
  }
  /** Younger or older than so many seconds (WITHIN, RFC 5032). */
  | { readonly type: "age"; readonly than: "younger" | "older"; readonly seconds: number }
  | { readonly type: "modSeq"; readonly atLeast: number }
  | { readonly type: "objectId"; readonly of: "email" | "thread"; readonly id: string }
  /** A value of an entry that fits the pattern holds the text, or with null there is none (RFC 5257 §4.8). */
  | {
    readonly type: "annotation";
    readonly entry: string;
    readonly scopes: readonly AnnotationScope[];
    readonly text: string | null;
  }
  /** SAVEDATESUPPORTED (RFC 8514). */
  | { readonly type: "saveDateSupported" }
  /** Substring of a header field's unfolded, decoded text; an empty text asks whether the field is there. */
  | { readonly type: "header"; readonly field: string; readonly text: string }
  | { readonly type: "body"; readonly text: string }
  /** Header or body. */
  | { readonly type: "text"; readonly text: string };
