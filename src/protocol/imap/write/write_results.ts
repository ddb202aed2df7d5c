import { formatSequenceSet } from "../sequence_set.ts";
import { writeMailbox, writeString } from "./write.ts";
import type { PartialRange } from "../grammar/ast_search.ts";

/** A mailbox as the results of a search name it (RFC 7377 §2.1). */
export interface SearchedPlace {
  readonly mailbox: string;
  readonly uidValidity: number;
}

/** What ESEARCH tells (RFC 9051 §7.3.4, RFC 4731, 5267, 6203, 7377, 9394): what is left out is not told. Sets are pairs. */
export interface SearchData {
  readonly tag: string;
  /** Of a search in several mailboxes (RFC 7377 §2.1). */
  readonly in?: SearchedPlace;
  readonly uid: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly all?: readonly number[];
  readonly count?: number;
  readonly partial?: { readonly range: PartialRange; readonly pairs: readonly number[] };
  /** Results that came or went at these positions (RFC 5267 §4.3.2). */
  readonly addTo?: readonly (readonly [position: number, pairs: readonly number[]])[];
  readonly removeFrom?: readonly (readonly [position: number, pairs: readonly number[]])[];
  readonly modSeq?: number;
  /** From 1 to 100, for each result in order (RFC 6203 §4). */
  readonly relevancy?: readonly number[];
}

/** esearch-response; ALL is left out when nothing was found (RFC 9051 §7.3.4). */
export function writeEsearch(data: SearchData, utf8: boolean): string {
  const place = data.in === undefined
    ? ""
    : ` MAILBOX ${writeMailbox(data.in.mailbox, utf8)} UIDVALIDITY ${data.in.uidValidity}`;
  let line = `* ESEARCH (TAG ${writeString(data.tag, utf8)}${place})${data.uid ? " UID" : ""}`;
  if (data.min !== undefined) line += ` MIN ${data.min}`;
  if (data.max !== undefined) line += ` MAX ${data.max}`;
  if (data.all !== undefined && data.all.length > 0) line += ` ALL ${formatSequenceSet(data.all)}`;
  if (data.count !== undefined) line += ` COUNT ${data.count}`;
  if (data.partial !== undefined) {
    const { range: { first, last }, pairs } = data.partial;
    line += ` PARTIAL (${first}:${last} ${pairs.length === 0 ? "NIL" : formatSequenceSet(pairs)})`;
  }
  if (data.addTo !== undefined) line += ` ADDTO (${changes(data.addTo)})`;
  if (data.removeFrom !== undefined) line += ` REMOVEFROM (${changes(data.removeFrom)})`;
  if (data.relevancy !== undefined) line += ` RELEVANCY (${data.relevancy.join(" ")})`;
  if (data.modSeq !== undefined) line += ` MODSEQ ${data.modSeq}`;
  return `${line}\r\n`;
}

function changes(list: readonly (readonly [number, readonly number[]])[]): string {
  return list.map(([position, pairs]) => `${position} ${formatSequenceSet(pairs)}`).join(" ");
}

/** SORT with its numbers in order (RFC 5256 §4), and the highest modification sequence (RFC 7162 §3.1.6). */
export function writeSort(numbers: readonly number[], modSeq: number | null = null): string {
  if (numbers.length === 0) return "* SORT\r\n";
  return `* SORT ${numbers.join(" ")}${modSeq === null ? "" : ` (MODSEQ ${modSeq})`}\r\n`;
}

/** A message with those that answer it; `number` null is a message that is missing. */
export interface ThreadNode {
  readonly number: number | null;
  readonly children: readonly ThreadNode[];
}

type Token = string | ThreadNode;

/** THREAD (RFC 5256 §4). Iterative: a thread may be as deep as it has messages. */
export function writeThread(threads: readonly ThreadNode[]): string {
  let line = "* THREAD";
  if (threads.length > 0) line += " ";
  const stack: Token[] = [];
  for (const thread of threads.toReversed()) stack.push(")", thread, "(");
  for (let token = stack.pop(); token !== undefined; token = stack.pop()) {
    if (typeof token === "string") {
      line += token;
      continue;
    }
    const { number, children } = token;
    if (number !== null) line += number;
    const [only] = children;
    // thread-members: an only child stands in line with its parent; several are lists of their own.
    if (only !== undefined && children.length === 1) stack.push(only);
    else for (const child of children.toReversed()) stack.push(")", child, "(");
    if (children.length > 0 && number !== null) line += " ";
  }
  return `${line}\r\n`;
}

/** UIDBATCHES (RFC 10022 §3.1.2, §4): pairs of the highest and the lowest UID of each batch; a range even of a single UID. */
export function writeUidBatches(tag: string, ranges: readonly number[]): string {
  let text = `* UIDBATCHES (TAG ${writeString(tag, false)})`;
  for (let i = 0; i < ranges.length; i += 2) text += `${i === 0 ? " " : ","}${ranges[i]}:${ranges[i + 1]}`;
  return `${text}\r\n`;
}
