/** Tags of one list; a list of a signature has a dozen. */
const TAGS_MAX = 100;

/** Tags in the order they came: name to value, without the blanks around it. */
export type Tags = ReadonlyMap<string, string>;

/**
 * tag-list = tag-spec *( ";" tag-spec ) [ ";" ] (RFC 6376 §3.2), or null when it is none. A tag that comes twice makes all of it
 * invalid. Bytes above 127 are let through, as RFC 8616 wants it.
 */
export function parseTagList(text: string): Tags | null {
  const tags = new Map<string, string>();
  const specs = text.split(";", TAGS_MAX + 2);
  // Only blanks may follow the last semicolon.
  if (specs.length > 1 && trimBlanks(specs.at(-1)!) === "") specs.pop();
  if (specs.length > TAGS_MAX) return null;
  for (const spec of specs) {
    const equals = spec.indexOf("=");
    if (equals < 0) return null;
    const name = trimBlanks(spec.slice(0, equals));
    const value = trimBlanks(spec.slice(equals + 1));
    if (!isTagName(name) || !isTagValue(value) || tags.has(name)) return null;
    tags.set(name, value);
  }
  return tags;
}

/** The text with the value of this tag taken out, every other byte as it was (RFC 6376 §3.7). */
export function withoutTagValue(text: string, name: string): string {
  let at = 0;
  while (at < text.length) {
    const semicolon = text.indexOf(";", at);
    const end = semicolon < 0 ? text.length : semicolon;
    const equals = text.indexOf("=", at);
    if (equals >= 0 && equals < end && trimBlanks(text.slice(at, equals)) === name) {
      return text.slice(0, equals + 1) + text.slice(end);
    }
    at = end + 1;
  }
  return text;
}

/** The text without blanks and folds: base64 and lists may hold them anywhere (RFC 6376 §3.5). */
export function withoutBlanks(text: string): string {
  return text.replace(/[ \t\r\n]/g, "");
}

/** The text without blanks and folds at both ends, in linear time. */
export function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

/** tag-name = ALPHA *( ALPHA / DIGIT / "_" ) (RFC 6376 §3.2). */
function isTagName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(text);
}

function isTagValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x7f || (code < 0x20 && !isBlank(code))) return false;
  }
  return true;
}
