/** What Content-Type says (RFC 2045 §5.1). */
export interface ContentType {
  /** `type/subtype` in lower case. */
  readonly type: string;
  /** By attribute in lower case; the first of two counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** RFC 2045 §5.2: what a message without the field is. */
export const PLAIN_TEXT: ContentType = { type: "text/plain", parameters: new Map() };

/** Longest field that is read, in characters, and parameters of one. */
const VALUE_CHARS_MAX = 4_096;
const PARAMETERS_MAX = 32;

/** token (RFC 2045 §5.1): printable ASCII but for what parts a field. */
const TOKEN = /[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+/y;

/**
 * content = "Content-Type" ":" type "/" subtype *(";" parameter) (RFC 2045 §5.1), from what stands behind the colon, folds included.
 * Null when it is malformed: who guesses there may read another message than the next reader. Linear.
 */
export function parseContentType(value: string): ContentType | null {
  if (value.length > VALUE_CHARS_MAX) return null;
  const text = value.replace(/\r\n/g, "");
  const scan = new Scanner(text);
  const type = scan.token();
  if (type === null || !scan.take("/")) return null;
  const subtype = scan.token();
  if (subtype === null) return null;
  const parameters = new Map<string, string>();
  for (let i = 0; i < PARAMETERS_MAX && scan.take(";"); i++) {
    const attribute = scan.token();
    if (attribute === null) break; // A semicolon at the end, as many programs leave it.
    if (!scan.take("=")) return null;
    const content = scan.token() ?? scan.quoted();
    if (content === null) return null;
    if (!parameters.has(attribute.toLowerCase())) parameters.set(attribute.toLowerCase(), content);
  }
  return scan.atEnd() ? { type: `${type}/${subtype}`.toLowerCase(), parameters } : null;
}

/** Reads words, passing over blanks and comments before each. */
class Scanner {
  #at = 0;
  constructor(private readonly text: string) {}

  token(): string | null {
    this.#skip();
    TOKEN.lastIndex = this.#at;
    const found = TOKEN.exec(this.text)?.[0] ?? null;
    this.#at += found?.length ?? 0;
    return found;
  }
  take(char: string): boolean {
    this.#skip();
    if (this.text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }
  /** quoted-string (RFC 5322 §3.2.4). */
  quoted(): string | null {
    if (!this.take('"')) return null;
    let content = "";
    for (; this.#at < this.text.length; this.#at++) {
      const char = this.text[this.#at]!;
      if (char === '"') {
        this.#at++;
        return content;
      }
      content += char === "\\" ? this.text[++this.#at] ?? "" : char;
    }
    return null;
  }
  atEnd(): boolean {
    this.#skip();
    return this.#at === this.text.length;
  }
  /** Blanks, and comments (RFC 5322 §3.2.2), which nest; one without end takes the rest. */
  #skip(): void {
    let depth = 0;
    for (; this.#at < this.text.length; this.#at++) {
      const char = this.text[this.#at]!;
      if (char === "(") depth++;
      else if (depth > 0 && char === "\\") this.#at++;
      else if (depth > 0 && char === ")") depth--;
      else if (depth === 0 && char !== " " && char !== "\t") return;
    }
    this.#at = Math.min(this.#at, this.text.length);
  }
}
