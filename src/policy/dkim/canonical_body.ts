import { createHash } from "node:crypto";
import { latin1 } from "../../base/latin1.ts";
import type { Canonicalization } from "./canonical_header.ts";

/** Bytes written before they go to the hashes. */
const BLOCK_BYTES = 4_096;

/** Text shorter than this is not looked over first, in bytes. */
const TEXT_BYTES_MIN = 64;

const [TAB, LF, CR, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const LINE_END = Uint8Array.of(CR, LF);

/** The hash of a canonical body, or of its first `limit` bytes (l=, RFC 6376 §3.5). */
export class BodyHash {
  readonly #hash = createHash("sha256");
  #length = 0;
  constructor(readonly limit: number | null) {}

  /** Bytes of the canonical body, those beyond the limit included. */
  get length(): number {
    return this.#length;
  }

  add(bytes: Uint8Array): void {
    const room = this.limit === null ? bytes.length : Math.max(0, this.limit - this.#length);
    if (room > 0) this.#hash.update(room < bytes.length ? bytes.subarray(0, room) : bytes);
    this.#length += bytes.length;
  }

  /** SHA-256; call it once, when the body has ended. */
  digest(): Uint8Array {
    return this.#hash.digest();
  }
}

/**
 * Writes a body in its canonical form into hashes, piece by piece, in linear time and constant memory (RFC 6376 §3.4.3,
 * §3.4.4). How the body is cut into pieces makes no difference.
 */
export class CanonicalBody {
  readonly #relaxed: boolean;
  /** Made when it is needed: text that is in its canonical form is not copied. */
  #block: Uint8Array | null = null;
  #used = 0;
  /** Line ends that count only when something follows. */
  #lineEnds = 0;
  /** A run of blanks that counts only when something follows on the line. */
  #blank = false;
  /** A CR whose LF may come in the next piece. */
  #cr = false;
  #begun = false;

  constructor(way: Canonicalization, private readonly hashes: readonly BodyHash[]) {
    this.#relaxed = way === "relaxed";
  }

  add(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length && (this.#cr || this.#blank)) this.#step(piece[at++]!);
    const end = endOfText(piece, at);
    if (end - at >= TEXT_BYTES_MIN) {
      const text = piece.subarray(at, end);
      if (!this.#relaxed || isPlain(text)) {
        this.#copy(text);
        at = end;
      }
    }
    while (at < piece.length) this.#step(piece[at++]!);
  }

  /** Ends the body: by one CRLF, unless there is nothing at all and the way is relaxed. */
  end(): void {
    if (this.#cr) this.#write(CR);
    this.#flush();
    if (this.#begun || !this.#relaxed) { for (const hash of this.hashes) hash.add(LINE_END); }
  }

  #step(byte: number): void {
    if (this.#cr) {
      this.#cr = false;
      if (byte === LF) {
        this.#blank = false;
        this.#lineEnds++;
        return;
      }
      this.#write(CR); // A bare CR is a character like others.
    }
    if (byte === CR) this.#cr = true;
    else if (this.#relaxed && (byte === SPACE || byte === TAB)) this.#blank = true;
    else this.#write(byte);
  }

  /** Text that is in its canonical form and ends in a character. */
  #copy(text: Uint8Array): void {
    this.#begun = true;
    for (; this.#lineEnds > 0; this.#lineEnds--) this.#put(CR, LF);
    this.#flush();
    for (const hash of this.hashes) hash.add(text);
  }

  #write(byte: number): void {
    this.#begun = true;
    for (; this.#lineEnds > 0; this.#lineEnds--) this.#put(CR, LF);
    const block = this.#block ??= new Uint8Array(BLOCK_BYTES);
    if (this.#blank) {
      this.#blank = false;
      block[this.#used++] = SPACE;
    }
    block[this.#used++] = byte;
    if (this.#used > BLOCK_BYTES - 4) this.#flush();
  }

  #put(first: number, second: number): void {
    const block = this.#block ??= new Uint8Array(BLOCK_BYTES);
    block[this.#used++] = first;
    block[this.#used++] = second;
    if (this.#used > BLOCK_BYTES - 4) this.#flush();
  }

  #flush(): void {
    if (this.#used === 0 || this.#block === null) return;
    for (const hash of this.hashes) hash.add(this.#block.subarray(0, this.#used));
    this.#used = 0;
  }
}

/** Where the last byte ends that is neither blank nor part of a line's end. */
function endOfText(piece: Uint8Array, from: number): number {
  let end = piece.length;
  while (end > from && isSpace(piece[end - 1]!)) end--;
  return end;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === CR || byte === LF || byte === TAB;
}

/** Whether the relaxed form of a text that ends in a character is the text itself. */
function isPlain(bytes: Uint8Array): boolean {
  const text = latin1(bytes);
  // Native search over text is the quickest where there is nothing to find, as in Base64; among the blanks of prose a loop is.
  if (text.includes("\t")) return false;
  const first = text.indexOf(" ");
  if (first < 0) return true;
  let before = 0;
  for (let at = first; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (before === SPACE && (byte === SPACE || byte === CR)) return false;
    before = byte;
  }
  return true;
}

/** Which hash of a body is asked for. */
export interface BodyHashWanted {
  readonly way: Canonicalization;
  readonly limit: number | null;
}

/** Hashes a body in every way that is asked for, passing over it once for each way. One answer for each question. */
export function hashBody(
  body: readonly Uint8Array[],
  wanted: readonly BodyHashWanted[],
): { readonly digest: Uint8Array; readonly length: number }[] {
  const made = new Map<string, BodyHash>();
  const key = ({ way, limit }: BodyHashWanted) => `${way} ${limit}`;
  for (const way of ["simple", "relaxed"] as const) {
    for (const want of wanted) if (want.way === way) made.set(key(want), new BodyHash(want.limit));
    const hashes = [...made].filter(([name]) => name.startsWith(way)).map(([, hash]) => hash);
    if (hashes.length === 0) continue;
    const canonical = new CanonicalBody(way, hashes);
    for (const piece of body) canonical.add(piece);
    canonical.end();
  }
  const done = new Map([...made].map(([name, hash]) => [name, { digest: hash.digest(), length: hash.length }]));
  return wanted.map((want) => done.get(key(want))!);
}
