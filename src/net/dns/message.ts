import { latin1, type Random } from "../../base/mod.ts";
import type { QuestionName } from "./name.ts";
import { malformed, readName } from "./wire_name.ts";

/** Record types by number (RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 6698 §7.1, RFC 6891 §6.1.1). */
export const TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, OPT: 41, TLSA: 52 } as const;

/** Types that can be asked for. */
export type QuestionType = "A" | "AAAA" | "CNAME" | "MX" | "PTR" | "TLSA" | "TXT";

/** What is asked. */
export interface Question {
  readonly name: QuestionName;
  readonly type: QuestionType;
}

/** Response codes (RFC 1035 §4.1.1). */
export const RCODES = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nxdomain: 3,
  notImplemented: 4,
  refused: 5,
} as const;

/** The Internet (RFC 1035 §3.2.4). */
const CLASS_IN = 1;

/** Largest datagram that we take: with its headers it fits the least MTU of IPv6 (RFC 8200 §5), so it is never in fragments. */
const DATAGRAM_BYTES_MAX = 1_232;

const HEADER_BYTES = 12;

/** One question as it goes out. */
export interface Query {
  readonly bytes: Uint8Array;
  /** Where the question section ends. */
  readonly questionEnd: number;
}

/**
 * A query with random id and random case of letters, which the answer must repeat: hard to forge (RFC 5452 §9.2). `edns`
 * says what we can take (RFC 6891 §6.1); `dnssec` asks for validation to be told and proven (RFC 4035 §4.9.1).
 */
export function encodeQuery(
  question: Question,
  options: { readonly random: Random; readonly edns: boolean; readonly dnssec: boolean },
): Query {
  const { name, type } = question;
  const questionEnd = HEADER_BYTES + name.length + 2 + 4;
  const bytes = new Uint8Array(questionEnd + (options.edns ? 11 : 0));
  const view = new DataView(bytes.buffer);
  bytes.set(options.random.bytes(2), 0);
  view.setUint16(2, 0x0100); // A standard query, recursion desired.
  view.setUint16(4, 1);
  writeName(bytes, HEADER_BYTES, name, options.random);
  view.setUint16(questionEnd - 4, TYPES[type]);
  view.setUint16(questionEnd - 2, CLASS_IN);
  if (!options.edns) return { bytes, questionEnd };
  view.setUint16(10, 1);
  view.setUint16(questionEnd + 1, TYPES.OPT);
  view.setUint16(questionEnd + 3, DATAGRAM_BYTES_MAX);
  view.setUint32(questionEnd + 5, options.dnssec ? 0x8000 : 0); // The DO bit (RFC 3225 §3).
  return { bytes, questionEnd };
}

function writeName(bytes: Uint8Array, start: number, name: string, random: Random): void {
  const bits = random.bytes(name.length);
  let lengthAt = start;
  for (let i = 0; i <= name.length; i++) {
    const code = i === name.length ? 0 : name.charCodeAt(i);
    if (code === 0 || code === 0x2e) {
      bytes[lengthAt] = start + i - lengthAt;
      lengthAt = start + i + 1;
    } else {
      const upper = code >= 0x61 && code <= 0x7a && (bits[i]! & 1) === 1;
      bytes[start + i + 1] = upper ? code - 32 : code;
    }
  }
}

/**
 * How far a packet answers a query: id, direction and question the same (RFC 5452 §9.1). `other case`: a server that does
 * not keep the case of letters, or somebody who guessed all the rest.
 */
export function answers(query: Query, packet: Uint8Array): "yes" | "other case" | "no" {
  const { bytes, questionEnd } = query;
  if (packet.length < questionEnd || packet[0] !== bytes[0] || packet[1] !== bytes[1]) return "no";
  // A response to a standard query, with one question.
  if ((packet[2]! & 0xf8) !== 0x80 || packet[4] !== 0 || packet[5] !== 1) return "no";
  const asked = latin1(bytes.subarray(HEADER_BYTES, questionEnd));
  const said = latin1(packet.subarray(HEADER_BYTES, questionEnd));
  if (asked === said) return "yes";
  return asked.toLowerCase() === said.toLowerCase() ? "other case" : "no";
}

/** One record, its data not yet read. */
export interface WireRecord {
  /** Lower case, without the final dot. */
  readonly owner: string;
  readonly type: number;
  readonly ttlSeconds: number;
  /** Where its data lies in the packet. */
  readonly start: number;
  readonly end: number;
}

/** An answer, taken apart into its records. */
export interface Message {
  readonly bytes: Uint8Array;
  /** Response code with the upper bits that EDNS adds (RFC 6891 §6.1.3). */
  readonly rcode: number;
  /** It did not fit into the datagram: ask over TCP (RFC 2181 §9). Its records are not read. */
  readonly truncated: boolean;
  /** The AD bit (RFC 4035 §3.2.3). */
  readonly authentic: boolean;
  /** Whether the server speaks EDNS. */
  readonly edns: boolean;
  readonly answers: readonly WireRecord[];
  readonly authorities: readonly WireRecord[];
}

/** Takes a packet apart for which `answers` did not say no. Throws a Failure (`dns`) when it is malformed. */
export function readMessage(bytes: Uint8Array, query: Query): Message {
  const flags = uint16(bytes, 2);
  const header = { bytes, authentic: (flags & 0x20) !== 0, rcode: flags & 0xf };
  if ((flags & 0x200) !== 0) return { ...header, truncated: true, edns: false, answers: [], authorities: [] };
  const answers = readSection(bytes, query.questionEnd, uint16(bytes, 6));
  const authorities = readSection(bytes, answers.end, uint16(bytes, 8));
  const additionals = readSection(bytes, authorities.end, uint16(bytes, 10));
  // Of the additional section only OPT is used: nobody asked for the rest (RFC 2181 §5.4.1).
  const options = additionals.records.filter(({ type }) => type === TYPES.OPT);
  if (options.length > 1) throw malformed("two OPT records"); // RFC 6891 §6.1.1
  const extended = options[0] === undefined ? 0 : options[0].ttlSeconds >>> 24;
  return {
    ...header,
    rcode: (extended << 4) | header.rcode,
    truncated: false,
    edns: options.length === 1,
    answers: answers.records,
    authorities: authorities.records,
  };
}

/** Reads `count` records; those of other classes than IN are left out, but for OPT, whose class is a size. */
function readSection(bytes: Uint8Array, from: number, count: number): { records: WireRecord[]; end: number } {
  const records: WireRecord[] = [];
  let at = from;
  // A packet has 64 KiB, a record at least 11 octets: the loop ends by its data, whatever the count promises.
  for (let i = 0; i < count; i++) {
    const owner = readName(bytes, at);
    const type = uint16(bytes, owner.end);
    const klass = uint16(bytes, owner.end + 2);
    const ttlSeconds = uint16(bytes, owner.end + 4) * 65_536 + uint16(bytes, owner.end + 6);
    const start = owner.end + 10;
    const end = start + uint16(bytes, owner.end + 8);
    if (end > bytes.length) throw malformed("a record goes beyond the end");
    if (klass === CLASS_IN || type === TYPES.OPT) records.push({ owner: owner.text, type, ttlSeconds, start, end });
    at = end;
  }
  return { records, end: at };
}

/** Two octets in network order. Throws a Failure (`dns`) beyond the end. */
export function uint16(bytes: Uint8Array, at: number): number {
  if (at + 2 > bytes.length) throw malformed("it ends too early");
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
