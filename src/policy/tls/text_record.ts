/** One `name=value` of a TXT record. */
export interface TextField {
  readonly name: string;
  readonly value: string;
}

/** Longest record that is read, in characters. */
export const TEXT_RECORD_CHARS_MAX = 4_096;

/**
 * The fields of the one TXT record of a version, e.g. `v=STSv1`, or null: records of other versions are passed over, and when not
 * exactly one is left, or it is malformed, there is none (RFC 8461 §3.1, RFC 8460 §3).
 */
export function readTextRecord(records: readonly string[], version: string): TextField[] | null {
  const ours = records.filter((record) => record.startsWith(version) && /^[ \t]*;/.test(record.slice(version.length)));
  const [record] = ours;
  if (record === undefined || ours.length > 1 || record.length > TEXT_RECORD_CHARS_MAX) return null;
  const pieces = record.split(";").slice(1).map((piece) => trimBlanks(piece));
  // The last field may be followed by a delimiter.
  if (pieces.length > 1 && pieces.at(-1) === "") pieces.pop();
  const fields = pieces.map(readField);
  return fields.includes(null) ? null : fields as TextField[];
}

/** sts-ext-name "=" sts-ext-value, as other fields are written too. */
function readField(piece: string): TextField | null {
  const equals = piece.indexOf("=");
  const [name, value] = [piece.slice(0, Math.max(0, equals)), piece.slice(equals + 1)];
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/.test(name)) return null;
  return /^[\x20-\x7e]+$/.test(value) ? { name, value } : null;
}

/** The text without blanks and tabs at its ends; in linear time, which `/[ \t]+$/` is not. */
export function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  return text.slice(start, end);
}

function isBlank(char: string | undefined): boolean {
  return char === " " || char === "\t";
}
