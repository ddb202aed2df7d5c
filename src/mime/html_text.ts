import { lowerAscii } from "./raw_text.ts";

/** Elements of which nothing is text. */
const HIDDEN: ReadonlySet<string> = new Set([
  "head",
  "noscript",
  "script",
  "style",
  "svg",
  "template",
  "textarea",
  "title",
]);

/** Elements whose content ends at their own end tag and nowhere else (HTML §13.2.5). */
const RAW: ReadonlySet<string> = new Set(["noscript", "script", "style", "textarea", "title"]);

/** Elements that run on with the text around them; all others begin and end a line. */
const INLINE: ReadonlySet<string> = new Set(
  "a abbr acronym b bdi bdo big cite code dfn em font i img ins kbd label mark q s samp small span strike strong sub sup tt u var wbr"
    .split(" "),
);

/** References that mail is full of; numbers stand for all others. */
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", " "],
  ["shy", ""],
  ["zwnj", ""],
  ["zwj", ""],
  ["ndash", "–"],
  ["mdash", "—"],
  ["lsquo", "‘"],
  ["rsquo", "’"],
  ["ldquo", "“"],
  ["rdquo", "”"],
  ["laquo", "«"],
  ["raquo", "»"],
  ["bull", "•"],
  ["middot", "·"],
  ["hellip", "…"],
  ["copy", "©"],
  ["reg", "®"],
  ["trade", "™"],
  ["euro", "€"],
  ["pound", "£"],
  ["sect", "§"],
  ["deg", "°"],
  ["auml", "ä"],
  ["ouml", "ö"],
  ["uuml", "ü"],
  ["Auml", "Ä"],
  ["Ouml", "Ö"],
  ["Uuml", "Ü"],
  ["szlig", "ß"],
  ["eacute", "é"],
  ["egrave", "è"],
  ["agrave", "à"],
  ["ccedil", "ç"],
  ["ntilde", "ñ"],
]);

/**
 * What a reader of HTML sees, roughly: the text without tags, comments, scripts and styles, references decoded, a line end where a
 * block begins or ends. It is text, and must be escaped like any other where it is shown. Linear, never longer than `html`.
 */
export function htmlText(html: string): string {
  const reader = new HtmlReader(html);
  return reader.text();
}

/** Reads HTML from left to right, each character a bounded number of times. */
class HtmlReader {
  readonly #html: string;
  /** In lower case, of the same length, for the search for end tags; made when first needed. */
  #lower: string | null = null;
  #at = 0;
  /** How many hidden elements that are not raw are open; they hide until the last is closed. */
  #hidden = 0;
  readonly #pieces: string[] = [];

  constructor(html: string) {
    this.#html = html;
  }

  text(): string {
    while (this.#at < this.#html.length) {
      const open = this.#html.indexOf("<", this.#at);
      const end = open < 0 ? this.#html.length : open;
      this.#keep(this.#html.slice(this.#at, end));
      this.#at = end;
      if (open >= 0) this.#markup();
    }
    return decodeReferences(this.#pieces.join(""));
  }

  #keep(text: string): void {
    if (this.#hidden === 0 && text !== "") this.#pieces.push(text);
  }

  /** Whatever begins with `<`: a comment, a tag, or the character itself. */
  #markup(): void {
    const html = this.#html;
    if (html.startsWith("<!--", this.#at)) {
      const end = html.indexOf("-->", this.#at + 4);
      this.#at = end < 0 ? html.length : end + 3;
      return;
    }
    const closing = html[this.#at + 1] === "/";
    const nameStart = this.#at + (closing ? 2 : 1);
    const first = html.charCodeAt(nameStart);
    if (!isLetter(first)) {
      if (closing || html[nameStart] === "!" || html[nameStart] === "?") {
        const end = html.indexOf(">", nameStart);
        this.#at = end < 0 ? html.length : end + 1;
      } else {
        this.#keep("<");
        this.#at++;
      }
      return;
    }
    let nameEnd = nameStart;
    while (isNamePart(html.charCodeAt(nameEnd))) nameEnd++;
    const name = html.slice(nameStart, Math.min(nameEnd, nameStart + 20)).toLowerCase();
    this.#at = tagEnd(html, nameEnd);
    if (!INLINE.has(name) && this.#hidden === 0) this.#pieces.push("\n");
    if (HIDDEN.has(name)) this.#hide(name, closing);
    else if (name === "body" && !closing) this.#hidden = 0; // Programs forget to close the head.
  }

  #hide(name: string, closing: boolean): void {
    if (!RAW.has(name)) {
      this.#hidden = Math.max(0, this.#hidden + (closing ? -1 : 1));
    } else if (!closing) {
      this.#lower ??= lowerAscii(this.#html);
      const end = this.#lower.indexOf(`</${name}`, this.#at);
      this.#at = end < 0 ? this.#html.length : end;
    }
  }
}

/** Behind the `>` of a tag, those in quotes not counted; a tag without end takes the rest. */
function tagEnd(html: string, from: number): number {
  let quote = 0;
  for (let at = from; at < html.length; at++) {
    const code = html.charCodeAt(at);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === GREATER) return at + 1;
    // A quote counts where a value begins; elsewhere it is a slip.
    else if ((code === QUOTE || code === APOSTROPHE) && html.charCodeAt(at - 1) === EQUALS) quote = code;
  }
  return html.length;
}

function decodeReferences(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z]{2,8}));?/g,
    (whole: string, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
      if (name !== undefined) return ENTITIES.get(name) ?? whole;
      return character(decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal));
    },
  );
}

function character(code: number): string {
  if (code === 0xa0) return " ";
  const visible = code >= 0x20 && code <= 0x10ffff && !(code >= 0x7f && code < 0xa0) &&
    !(code >= 0xd800 && code < 0xe000);
  return visible || code === 0x0a || code === 0x09 ? String.fromCodePoint(code) : "";
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function isNamePart(code: number): boolean {
  return isLetter(code) || (code >= 0x30 && code <= 0x39) || code === 0x3a || code === DASH;
}

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const DASH = 0x2d;
const EQUALS = 0x3d;
const GREATER = 0x3e;
