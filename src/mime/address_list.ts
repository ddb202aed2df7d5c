import { unfold } from "./encoded_word.ts";
import { trimBlanks } from "./raw_text.ts";

/** Addresses of one field that are read. */
export const ADDRESSES_MAX = 5_000;

/** Characters of a part of an address that are kept: more than any has that is used (RFC 5321 §4.5.3.1, RFC 5322 §2.1.1). */
export const ADDRESS_PART_CHARS_MAX = 2_048;

/** What stands for a part of an address that is not there: clients expect a text, and NIL means a group (RFC 9051 §7.5.2). */
export const MISSING_MAILBOX = "MISSING_MAILBOX";
export const MISSING_HOST = "MISSING_DOMAIN";

/**
 * One address as ENVELOPE shows it (RFC 9051 §7.5.2), one character for each byte, encoded words not decoded. Without `host` it
 * begins a group, whose name is `mailbox`, or ends one, when that is null, too.
 */
export interface ListedAddress {
  readonly name: string | null;
  /** at-domain-list of a source route (RFC 5322 §4.4), as `@a,@b`. */
  readonly route: string | null;
  readonly mailbox: string | null;
  readonly host: string | null;
}

const GROUP_END: ListedAddress = { name: null, route: null, mailbox: null, host: null };

/**
 * address-list (RFC 5322 §3.4, §4.4), from what stands behind the colon. Whatever is malformed is an address, too. Linear,
 * without recursion.
 */
export function readAddresses(field: string): ListedAddress[] {
  return new AddressScanner(unfold(field)).list();
}

/** Words between two specials: as a name, with one blank where some stood, and as a local part, without. */
interface Words {
  readonly phrase: string | null;
  readonly local: string;
  /** Blanks stand between two of them where a local part has none. */
  readonly apart: boolean;
}

/** Reads addresses from left to right, each character once. */
class AddressScanner {
  #at = 0;
  /** The last comment before the next address: old programs put the name there. */
  #comment: string | null = null;
  #inGroup = false;
  /** Whether the last word ended with a dot; to look at the end of a text that grows would copy it each time. */
  #behindDot = false;
  readonly #found: ListedAddress[] = [];
  constructor(private readonly text: string) {}

  list(): ListedAddress[] {
    while (this.#found.length < ADDRESSES_MAX) {
      this.#skip();
      if (this.#at >= this.text.length) break;
      const code = this.text.charCodeAt(this.#at);
      if (code === COMMA) this.#at++;
      else if (code === SEMICOLON) {
        this.#at++;
        this.#endGroup();
      } else this.#address();
    }
    this.#endGroup();
    return this.#found;
  }

  #endGroup(): void {
    if (this.#inGroup) this.#found.push(GROUP_END);
    this.#inGroup = false;
  }

  /** mailbox or the start of a group; always goes on by a character at least. */
  #address(): void {
    this.#comment = null;
    const start = this.#at;
    const words = this.#words();
    switch (this.text.charCodeAt(this.#at)) {
      case LESS:
        this.#angle(words.phrase);
        break;
      case AT:
        if (words.apart) this.#nameOnly(words.phrase);
        else this.#spec(words.local);
        break;
      case COLON:
        this.#at++;
        if (this.#inGroup) break; // Groups do not nest (RFC 5322 §3.4): the name goes.
        this.#inGroup = true;
        this.#found.push({ name: null, route: null, mailbox: kept(words.phrase) ?? "", host: null });
        break;
      default:
        if (this.#at === start) this.#at++; // A character that begins nothing.
        else if (words.apart) this.#push(null, null, words.phrase);
        else this.#push(words.local, null, null);
    }
  }

  /** A mailbox without a host, a host without a mailbox, or both. */
  #push(mailbox: string | null, host: string | null, name: string | null, route: string | null = null): void {
    this.#found.push({
      name: kept(name === null || name === "" ? this.#comment : name),
      route: kept(route),
      mailbox: mailbox === null || mailbox === "" ? MISSING_MAILBOX : kept(mailbox),
      host: host === null || host === "" ? MISSING_HOST : kept(host),
    });
  }

  /** `Anna Smith anna@a.test`: nobody can tell where the name ends, so all of it is one, and there is no address. */
  #nameOnly(name: string | null): void {
    this.#push(null, null, name);
    this.#toEnd();
  }

  /** addr-spec = local-part "@" domain, standing at the `@`. */
  #spec(local: string): void {
    this.#at++;
    const host = this.#domain();
    this.#skip();
    this.#push(local, host, null);
    this.#toEnd();
  }

  /** angle-addr = "<" [ route ":" ] addr-spec ">" (RFC 5322 §3.4, §4.4), standing at the `<`. */
  #angle(name: string | null): void {
    this.#at++;
    this.#skip();
    let route: string | null = null;
    if (this.text.charCodeAt(this.#at) === AT) route = this.#route();
    const words = this.#words();
    let host: string | null = null;
    if (this.text.charCodeAt(this.#at) === AT) {
      this.#at++;
      host = this.#domain();
    }
    this.#skip();
    if (this.text.charCodeAt(this.#at) === GREATER) this.#at++;
    this.#comment = name === null ? this.#comment : null;
    this.#skip();
    this.#push(words.local, host, name, route);
    this.#toEnd();
  }

  /** obs-domain-list ":" (RFC 5322 §4.4), standing at the first `@`. */
  #route(): string | null {
    const hosts: string[] = [];
    while (this.#at < this.text.length) {
      const code = this.text.charCodeAt(this.#at);
      if (code === AT) {
        this.#at++;
        hosts.push(`@${this.#domain()}`);
      } else if (code === COMMA) this.#at++;
      else {
        if (code === COLON) this.#at++;
        break;
      }
      this.#skip();
    }
    this.#skip();
    return hosts.length === 0 ? null : hosts.join(",");
  }

  /** domain = dot-atom / domain-literal (RFC 5322 §3.4.1), blanks around dots let through. */
  #domain(): string {
    let host = "";
    while (true) {
      this.#skip();
      const code = this.text.charCodeAt(this.#at);
      if (code === OPEN_BRACKET) host += this.#literal();
      else if (isHostCode(code)) {
        // Two words with a blank between them are no domain: the second is left.
        if (host !== "" && code !== DOT && !this.#behindDot) return host;
        host += this.#atoms(isHostCode);
      } else return host;
    }
  }

  /** domain-literal; one without end is ended by what ends the address. */
  #literal(): string {
    const start = this.#at;
    while (this.#at < this.text.length) {
      const code = this.text.charCodeAt(this.#at);
      if (code === GREATER || code === COMMA) break;
      this.#at++;
      if (code === CLOSE_BRACKET) break;
    }
    this.#behindDot = false;
    return this.text.slice(start, this.#at);
  }

  /** Words up to a special. Brackets and backslashes, which programs put into names without quotes, are letters here. */
  #words(): Words {
    let [phrase, local, apart]: [string | null, string, boolean] = [null, "", false];
    while (true) {
      const before = this.#at;
      this.#skip();
      const [start, behindDot] = [this.#at, this.#behindDot];
      const code = this.text.charCodeAt(start);
      let word: string;
      if (code === QUOTE) word = this.#quoted();
      else if (isWordCode(code)) word = this.#atoms(isWordCode);
      else return { phrase, local, apart };
      if (phrase !== null && start > before) {
        phrase += " ";
        if (code !== DOT && !behindDot) apart = true; // RFC 5322 §4.4: blanks may stand around the dots.
      }
      phrase = phrase === null ? word : phrase + word;
      local += word;
    }
  }

  #atoms(isPart: (code: number) => boolean): string {
    const start = this.#at;
    while (this.#at < this.text.length && isPart(this.text.charCodeAt(this.#at))) this.#at++;
    this.#behindDot = this.text.charCodeAt(this.#at - 1) === DOT;
    return this.text.slice(start, this.#at);
  }

  /** quoted-string (RFC 5322 §3.2.4); one without end takes the rest. */
  #quoted(): string {
    let from = ++this.#at;
    let content = "";
    for (; this.#at < this.text.length; this.#at++) {
      const code = this.text.charCodeAt(this.#at);
      if (code === QUOTE) break;
      if (code !== BACKSLASH) continue;
      content += this.text.slice(from, this.#at);
      from = ++this.#at;
    }
    content += this.text.slice(from, this.#at);
    this.#at++;
    this.#behindDot = false;
    return content;
  }

  /** Passes what stands behind an address up to the next comma or the end of the group. */
  #toEnd(): void {
    while (this.#at < this.text.length) {
      this.#skip();
      const code = this.text.charCodeAt(this.#at);
      if (code === COMMA || code === SEMICOLON) return;
      if (code === QUOTE) this.#quoted();
      else this.#at++;
    }
  }

  /** Blanks and comments (RFC 5322 §3.2.2), which nest; one without end takes the rest. The last comment is kept. */
  #skip(): void {
    let depth = 0;
    let start = 0;
    for (; this.#at < this.text.length; this.#at++) {
      const code = this.text.charCodeAt(this.#at);
      if (code === OPEN) {
        if (depth++ === 0) start = this.#at + 1;
      } else if (depth === 0) {
        if (code !== SPACE && code !== TAB && code !== CR) return;
      } else if (code === CLOSE) {
        if (--depth === 0) this.#comment = commentText(this.text.slice(start, this.#at));
      } else if (code === BACKSLASH) this.#at++;
    }
    if (depth > 0) this.#comment = commentText(this.text.slice(start));
    this.#at = Math.min(this.#at, this.text.length);
  }
}

function kept(part: string | null): string | null {
  return part !== null && part.length > ADDRESS_PART_CHARS_MAX ? part.slice(0, ADDRESS_PART_CHARS_MAX) : part;
}

/** What a comment says, without the backslashes of its quoted pairs. */
function commentText(comment: string): string {
  const text = trimBlanks(comment);
  return text.includes("\\") ? text.replace(/\\(.)/g, "$1") : text;
}

/** dot-atom (RFC 5322 §3.2.3), and whatever else is no special: bytes above 127 (RFC 6532 §3.2), controls. */
function isHostCode(code: number): boolean {
  return code > SPACE && !HOST_SPECIALS.has(code);
}

function isWordCode(code: number): boolean {
  return code > SPACE && !WORD_SPECIALS.has(code);
}

const TAB = 0x09;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const DOT = 0x2e;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const GREATER = 0x3e;
const AT = 0x40;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const WORD_SPECIALS: ReadonlySet<number> = new Set([...'()<>@,;:"'].map((char) => char.charCodeAt(0)));
const HOST_SPECIALS: ReadonlySet<number> = new Set([...WORD_SPECIALS, OPEN_BRACKET, BACKSLASH, CLOSE_BRACKET]);
