import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { concat, utf8 } from "../../../src/base/mod.ts";
import { BodyHash, CanonicalBody, type Canonicalization, hashBody } from "../../../src/policy/dkim/mod.ts";

/** The canonical form of a body, as a program without any care for time or memory would write it. */
function plainly(body: string, way: Canonicalization): string {
  let text = body;
  if (way === "relaxed") {
    text = text.split("\r\n").map((line) => line.replace(/[ \t]+/g, " ").replace(/ $/, "")).join("\r\n");
  }
  while (text.endsWith("\r\n")) text = text.slice(0, -2);
  return text === "" && way === "relaxed" ? "" : `${text}\r\n`;
}

class Recorder extends BodyHash {
  readonly pieces: Uint8Array[] = [];
  override add(bytes: Uint8Array): void {
    this.pieces.push(bytes.slice());
    super.add(bytes);
  }
}

function canonical(pieces: readonly Uint8Array[], way: Canonicalization): string {
  const recorder = new Recorder(null);
  const body = new CanonicalBody(way, [recorder]);
  for (const piece of pieces) body.add(piece);
  body.end();
  return new TextDecoder().decode(concat(recorder.pieces));
}

Deno.test("bodies are written as RFC 6376 §3.4.5 shows", () => {
  const body = [utf8(" C \r\nD \t E\r\n\r\n\r\n")];
  assertEquals(canonical(body, "relaxed"), " C\r\nD E\r\n");
  assertEquals(canonical(body, "simple"), " C \r\nD \t E\r\n");
});

Deno.test("an empty body is nothing when relaxed, and one CRLF when simple", () => {
  for (const body of ["", "\r\n", "\r\n\r\n\r\n"]) {
    assertEquals(canonical([utf8(body)], "relaxed"), "");
    assertEquals(canonical([utf8(body)], "simple"), "\r\n");
  }
  assertEquals(canonical([utf8(" \t\r\n \r\n")], "relaxed"), "");
});

Deno.test("a last line without CRLF gets one, and a bare CR or LF is a character", () => {
  assertEquals(canonical([utf8("a")], "relaxed"), "a\r\n");
  assertEquals(canonical([utf8("a \r")], "relaxed"), "a \r\r\n");
  assertEquals(canonical([utf8("a\n \nb\r\n")], "relaxed"), "a\n \nb\r\n");
});

/** Long enough to be looked over as a whole. */
const LINE = `${"a word and ".repeat(7)}another\r\n`;

const anyWord = fc.constantFrom("a", "bc", " ", "\t", "\r\n", "\r", "\n", "\r\n\r\n", "  \r\n", LINE, LINE + LINE);

const anyBody = fc.array(anyWord, { maxLength: 40 }).map((words) => words.join(""));

/** A body and the same body cut anywhere. */
const cutBody = anyBody.chain((body) =>
  fc.array(fc.nat(Math.max(0, body.length)), { maxLength: 8 }).map((cuts) => {
    const places = [0, ...cuts.sort((a, b) => a - b), body.length];
    return { body, pieces: places.slice(1).map((end, i) => utf8(body.slice(places[i], end))) };
  })
);

/** `write` gives the canonical form of a body in pieces. */
function cutsMakeNoDifference(write: (pieces: readonly Uint8Array[], way: Canonicalization) => string): void {
  fc.assert(
    fc.property(cutBody, fc.constantFrom<Canonicalization>("simple", "relaxed"), ({ body, pieces }, way) => {
      assertEquals(write(pieces, way), plainly(body, way));
    }),
    { seed: 7, numRuns: 3_000 },
  );
}

Deno.test("however a body is cut, it is written as the plain rules say", () => cutsMakeNoDifference(canonical));

Deno.test("canary: the fuzzer finds a writer that forgets a CR at the end of a piece", () => {
  const forgetful = (pieces: readonly Uint8Array[], way: Canonicalization) =>
    canonical(pieces.map((piece) => piece.at(-1) === 0x0d ? piece.subarray(0, -1) : piece), way);
  assertThrows(() => cutsMakeNoDifference(forgetful));
});

Deno.test("l= hashes the first bytes of the canonical body, and the whole length is known", () => {
  const body = [utf8("one  two\r\n"), utf8("three\r\n")];
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const [whole, first, none] = hashBody(body, [
    { way: "relaxed", limit: null },
    { way: "relaxed", limit: 5 },
    { way: "simple", limit: 0 },
  ]).map(({ digest, length }) => [new Uint8Array(digest).toHex(), length]);
  assertEquals(whole, [sha256("one two\r\nthree\r\n"), 16]);
  assertEquals(first, [sha256("one t"), 16]);
  assertEquals(none, [sha256(""), 17]);
});

Deno.test("a body of ten megabytes of any one byte, or of empty lines, is hashed in linear time", () => {
  for (const line of ["x", " ", "\r", "\n", "\r\n", " \r\n"]) {
    const piece = utf8(line.repeat(65_536 / line.length));
    const time = (pieces: number) => {
      const startMs = performance.now();
      hashBody(new Array(pieces).fill(piece), [{ way: "relaxed", limit: null }]);
      return performance.now() - startMs;
    };
    const small = Math.min(time(16), time(16), time(16));
    const large = Math.min(time(160), time(160));
    if (large > 40 * Math.max(small, 1)) {
      throw new Error(`${JSON.stringify(line)}: ${small} ms, ten times as much ${large} ms`);
    }
  }
});
