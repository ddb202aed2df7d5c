import { valueOf } from "./message.ts";
import { withoutFields } from "./without_fields.ts";

/** Longest value put into the field, in characters. */
const VALUE_CHARS_MAX = 255;

/** One method's result, as it goes into the field: `spf=pass smtp.mailfrom=example.com` (RFC 8601 §2.2). */
export interface MethodResult {
  readonly method: string;
  readonly result: string;
  /** In parentheses behind the result; null for none. */
  readonly comment?: string | null;
  /** `ptype.property` and its value; null values are left out. */
  readonly properties: readonly (readonly [name: string, value: string | null])[];
}

/** The Authentication-Results field with its CRLF, one method a line (RFC 8601 §2.2). */
export function authenticationResults(authservId: string, results: readonly MethodResult[]): string {
  const lines = results.map(({ method, result, comment, properties }) => {
    const note = comment ? ` (${commentText(comment)})` : "";
    const values = properties.flatMap(([name, value]) => value === null ? [] : [` ${name}=${propertyValue(value)}`]);
    return `;\r\n\t${method}=${result}${note}${values.join("")}`;
  });
  // RFC 8601 §2.2: a field without any result says so.
  return `Authentication-Results: ${propertyValue(authservId)}${lines.length === 0 ? "; none" : lines.join("")}\r\n`;
}

/** value = token / quoted-string (RFC 2045 §5.1); what is not printable ASCII becomes `?`. */
function propertyValue(value: string): string {
  const plain = value.slice(0, VALUE_CHARS_MAX).replace(/[^\x20-\x7e]/g, "?");
  if (/^[A-Za-z0-9!#$%&'*+._`{|}~@^-]+$/.test(plain)) return plain;
  return `"${plain.replace(/["\\]/g, "\\$&")}"`;
}

/** ctext (RFC 5322 §3.2.2), with nothing that ends or nests a comment. */
function commentText(text: string): string {
  return text.slice(0, VALUE_CHARS_MAX).replace(/[^\x20-\x7e]/g, "?").replace(/[()\\]/g, "?");
}

/**
 * The message without the Authentication-Results fields that claim to be ours, every other byte as it was (RFC 8601 §5). A field
 * whose author cannot be read goes too: a reader might take it for ours.
 */
export function withoutForgedResults(parts: readonly Uint8Array[], authservId: string): readonly Uint8Array[] {
  const ours = authservId.toLowerCase();
  return withoutFields(parts, (field) => {
    if (field.name !== "authentication-results") return false;
    const author = authorOf(valueOf(field));
    return author === null || author === ours;
  });
}

/** What a field says of one method (`dmarc` → `pass`), in lower case; null when it says nothing, or two things. */
export function resultOfMethod(value: string, method: string): string | null {
  const found = new Set<string>();
  for (const part of plainParts(value)) {
    const [name = "", result = ""] = part.split("=", 2);
    if (name.split("/", 1)[0]!.trim().toLowerCase() !== method) continue;
    found.add(/^[a-z]+/.exec(result.trim().toLowerCase())?.[0] ?? "");
  }
  const [result] = found;
  return found.size === 1 && result !== "" ? result! : null;
}

/** What stands between the semicolons, comments and quoted strings taken out. */
function plainParts(value: string): string[] {
  const parts: string[] = [""];
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at]!;
    if (char === "\\" && (quoted || depth > 0)) at++;
    else if (char === '"' && depth === 0) quoted = !quoted;
    else if (quoted) continue;
    else if (char === "(") depth++;
    else if (char === ")" && depth > 0) depth--;
    else if (depth === 0 && char === ";") parts.push("");
    else if (depth === 0) parts[parts.length - 1] += char;
  }
  return parts;
}

/** authserv-id in lower case, without quotes and comments (RFC 8601 §2.2); null when there is none to read. */
export function authorOf(value: string): string | null {
  const start = skipComments(value, 0);
  if (start === null || start >= value.length) return null;
  let text = "";
  let at = start;
  if (value[at] === '"') {
    for (at++; at < value.length && value[at] !== '"'; at++) {
      if (value[at] === "\\") at++;
      text += value[at] ?? "";
    }
    if (value[at] !== '"') return null;
  } else {
    for (; at < value.length && !/[\s;()"]/.test(value[at]!); at++) text += value[at];
  }
  const name = text.toLowerCase();
  return name === "" ? null : name.endsWith(".") ? name.slice(0, -1) : name;
}

/** The place behind blanks, folds and comments; null when a comment does not end. Comments nest (RFC 5322 §3.2.2). */
function skipComments(value: string, from: number): number | null {
  let depth = 0;
  for (let at = from; at < value.length; at++) {
    const char = value[at]!;
    if (char === "\\" && depth > 0) at++;
    else if (char === "(") depth++;
    else if (char === ")" && depth > 0) depth--;
    else if (depth === 0 && !/\s/.test(char)) return at;
  }
  return depth > 0 ? null : value.length;
}
