import { parseValues, unicode, type Value } from "./values.ts";

const STATUS: ReadonlySet<string> = new Set(["OK", "NO", "BAD", "BYE", "PREAUTH"]);

/** One response, its parts looked at only when asked for. Lenient: whatever comes is a response. */
export class Response {
  /** "*" for untagged ones, "+" for a continuation request. */
  readonly tag: string;
  /** `3` of `* 3 EXISTS`; null when there is none. */
  readonly number: number | null;
  /** What it is, in capitals: OK, FETCH, LIST. "" for a continuation request. */
  readonly name: string;
  readonly #at: number;

  /** `line`: without its last CRLF, one character for each byte, without the bytes of its literals. */
  constructor(readonly line: string, readonly literals: readonly Uint8Array[]) {
    const [tag, afterTag] = word(line, 0);
    this.tag = tag;
    let [name, after] = tag === "+" ? ["", afterTag] : word(line, afterTag);
    let number: number | null = null;
    if (tag === "*" && /^[0-9]+$/.test(name)) {
      number = Number(name);
      [name, after] = word(line, after);
    }
    this.number = number;
    this.name = name.toUpperCase();
    this.#at = after;
  }

  get isStatus(): boolean {
    return STATUS.has(this.name);
  }

  /** What follows the name, as it came. */
  get rest(): string {
    return this.line.slice(this.#at);
  }

  /** The code of a status, `UIDNEXT 4`, without its brackets; null when there is none. */
  get code(): string | null {
    if (this.line[this.#at] !== "[") return null;
    const end = this.line.indexOf("]", this.#at);
    return end < 0 ? null : this.line.slice(this.#at + 1, end);
  }

  /** What a status says to humans. */
  get text(): string {
    const { code, rest } = this;
    return unicode(code === null ? rest : rest.slice(code.length + 2).trimStart());
  }

  /** What follows the name, as values. */
  get values(): Value[] {
    return parseValues(this.line, this.literals, this.#at);
  }

  /** The items of FETCH or STATUS by their names, in capitals: `UID`, `BODY[TEXT]<0>`. */
  get items(): ReadonlyMap<string, Value> {
    const list = this.values.findLast((value) => Array.isArray(value)) as readonly Value[] | undefined;
    const items = new Map<string, Value>();
    for (let i = 0; list !== undefined && i + 1 < list.length; i += 2) {
      items.set(String(list[i]).toUpperCase(), list[i + 1]!);
    }
    return items;
  }

  /** The numbers of SEARCH or SORT, in order; what stands in parentheses is left out. */
  get numbers(): number[] {
    const { rest } = this;
    const end = rest.indexOf("(");
    return (end < 0 ? rest : rest.slice(0, end)).split(" ").filter((text) => text !== "").map(Number);
  }
}

/** The word at `at`, and where what follows its space begins. */
function word(line: string, at: number): [word: string, next: number] {
  const space = line.indexOf(" ", at);
  return space < 0 ? [line.slice(at), line.length] : [line.slice(at, space), space + 1];
}
