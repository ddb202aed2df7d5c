import type { AnnotationScope } from "../../../mail/message_annotation.ts";
import type { FlagBits } from "../../../mail/flag.ts";
import type { MessageSet } from "../../../mail/mailbox_view.ts";
import type { FetchItem } from "./ast_fetch.ts";

/**
 * The nth to the mth result (RFC 9394 §3.1, RFC 5267 §4.4): both from 1; negative ones count from
 * the last result. As sent, in either order: the answer names it so.
 */
export interface PartialRange {
  readonly first: number;
  readonly last: number;
}

/** What a search is to answer (RETURN, RFC 9051 §6.4.4). Nothing set, `()`, means ALL. */
export interface SearchReturn {
  readonly min: boolean;
  readonly max: boolean;
  readonly all: boolean;
  readonly count: boolean;
  /** Kept for "$" (RFC 5182). */
  readonly save: boolean;
  /** RFC 9394, RFC 5267 §4.4. */
  readonly partial: PartialRange | null;
  /** RFC 5267 §4.3; within NOTIFY's syntax the items to fetch (RFC 5465 §6.3), usually none. */
  readonly update: { readonly items: readonly FetchItem[] } | null;
  readonly context: boolean;
  /** RFC 6203. */
  readonly relevancy: boolean;
}

/** search-program: the keys must all hold. Texts are decoded already. */
export interface SearchCriteria {
  /** As sent, in capitals; null when not named. Only UTF-8 and US-ASCII get here: others are a problem `badCharset`. */
  readonly charset: string | null;
  readonly keys: readonly SearchKey[];
}

/** search-key (RFC 9051 §6.4.4). Dates are ms since 1970 of the midnight of the day, UTC. */
export type SearchKey =
  | { readonly key: "ALL" | "RECENT" | "NEW" | "OLD" | "SAVEDATESUPPORTED" }
  /** `set`: whether the flags must be set or unset. */
  | { readonly key: "FLAG"; readonly flags: FlagBits; readonly set: boolean }
  | { readonly key: "KEYWORD"; readonly keyword: string; readonly set: boolean }
  /** BCC, CC, FROM, SUBJECT, TO are HEADER, too. */
  | { readonly key: "HEADER"; readonly field: string; readonly text: string }
  | { readonly key: "BODY" | "TEXT"; readonly text: string }
  | {
    readonly key: "DATE";
    readonly of: "internal" | "sent" | "saved";
    readonly than: "before" | "on" | "since";
    readonly dayMs: number;
  }
  | { readonly key: "LARGER" | "SMALLER"; readonly bytes: number }
  | { readonly key: "YOUNGER" | "OLDER"; readonly seconds: number }
  /** The entry name and type of RFC 7162 §3.1.5 are dropped: all flags share one modification sequence. */
  | { readonly key: "MODSEQ"; readonly atLeast: number }
  | { readonly key: "EMAILID" | "THREADID"; readonly id: string }
  | { readonly key: "SET"; readonly set: MessageSet }
  /** RFC 5257 §4.8: a pattern of entries; null: they have no such value. */
  | {
    readonly key: "ANNOTATION";
    readonly entry: string;
    readonly scopes: readonly AnnotationScope[];
    readonly text: string | null;
  }
  | { readonly key: "NOT" | "FUZZY"; readonly of: SearchKey }
  | { readonly key: "OR"; readonly of: readonly [SearchKey, SearchKey] }
  | { readonly key: "AND"; readonly of: readonly SearchKey[] }
  /** A search kept by name (RFC 5466). */
  | { readonly key: "FILTER"; readonly name: string };
