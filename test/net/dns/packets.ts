/** One record as raw as it can be; `length` lies about its data. */
export interface RawRecord {
  readonly owner?: readonly number[];
  readonly type: number;
  readonly class?: number;
  readonly ttl?: number;
  readonly data: readonly number[];
  readonly length?: number;
}

/** What follows the question; counts may promise more than there is. */
export interface RawSections {
  readonly rcode?: number;
  readonly answers?: readonly RawRecord[];
  readonly authorities?: readonly RawRecord[];
  readonly additionals?: readonly RawRecord[];
  readonly answerCount?: number;
}

/** A pointer to the name of the question. */
export const OF_QUESTION = [0xc0, 12] as const;

export const A = 1, NS = 2, CNAME = 5, SOA = 6, MX = 15, TXT = 16, OPT = 41;

/** A name on the wire, not compressed. */
export function wireName(text: string): number[] {
  return [...text.split(".").filter((label) => label !== "").flatMap((label) => [label.length, ...octets(label)]), 0];
}

/** The characters of a Latin-1 text. */
export function octets(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** An answer to the same question as `answer`, with other sections. */
export function repacked(answer: Uint8Array, sections: RawSections): Uint8Array {
  let end = 12;
  while (answer[end] !== 0) end += answer[end]! + 1;
  const { answers = [], authorities = [], additionals = [] } = sections;
  const counts = [1, sections.answerCount ?? answers.length, authorities.length, additionals.length];
  return Uint8Array.from([
    ...answer.subarray(0, 3),
    0x80 | (sections.rcode ?? 0),
    ...counts.flatMap(uint16),
    ...answer.subarray(12, end + 5),
    ...[...answers, ...authorities, ...additionals].flatMap((record) => [
      ...record.owner ?? OF_QUESTION,
      ...uint16(record.type),
      ...uint16(record.class ?? 1),
      ...uint16((record.ttl ?? 300) >>> 16),
      ...uint16((record.ttl ?? 300) & 0xffff),
      ...uint16(record.length ?? record.data.length),
      ...record.data,
    ]),
  ]);
}

function uint16(value: number): number[] {
  return [value >> 8, value & 255];
}
