import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { latin1, utf8 } from "../../src/base/mod.ts";
import {
  BOUNDARY_CHARS_MAX,
  FIELD_CHARS_MAX,
  HEADER_BYTES_MAX,
  parseStructure,
  type Part,
  PART_DEPTH_MAX,
  PARTS_MAX,
  StructureReader,
} from "../../src/mime/mod.ts";

const CRLF = "\r\n";

/** A message of these lines, each ended by CRLF but the last. */
function lines(...all: string[]): string {
  return all.join(CRLF);
}

function parse(text: string): Part {
  return parseStructure(utf8(text)).root;
}

/** Types and bodies of the leaves, and multiparts as lists. */
function outline(text: string, part: Part = parse(text)): unknown {
  if (part.kind === "leaf") return `${part.type}/${part.subtype} ${text.slice(part.bodyStart, part.bodyEnd)}`;
  return [`${part.type}/${part.subtype}`, ...part.children.map((child) => outline(text, child))];
}

/** Every part, each before those in it. */
function all(root: Part): Part[] {
  const found: Part[] = [];
  const waiting = [root];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    found.push(part);
    waiting.push(...[...part.children].reverse());
  }
  return found;
}

const MULTIPART = lines(
  "Content-Type: multipart/mixed; boundary=b",
  "",
  "preamble",
  "--b",
  "",
  "one",
  "--b",
  "",
  "two",
);

Deno.test("a message without MIME fields is plain US-ASCII text with its places, size and lines", () => {
  const text = lines("Subject: x", "", "one", "two", "");
  const root = parse(text);
  assertEquals([root.kind, root.type, root.subtype, root.parameters], ["leaf", "text", "plain", [[
    "charset",
    "us-ascii",
  ]]]);
  assertEquals([root.headerStart, root.bodyStart, root.bodyEnd, root.lines], [0, 14, text.length, 2]);
});

Deno.test("the line end before a boundary belongs to the boundary, preamble and epilogue to no part", () => {
  const text = MULTIPART + lines("", "--b--", "epilogue", "--b", "", "three");
  assertEquals(outline(text), ["multipart/mixed", "text/plain one", "text/plain two"]);
  assertEquals(parse(text).bodyEnd, text.length);
});

Deno.test("a part that nothing ends goes to the end of the part around it", () => {
  assertEquals(outline(MULTIPART), ["multipart/mixed", "text/plain one", "text/plain two"]);
  const text = lines(
    "Content-Type: multipart/mixed; boundary=out",
    "",
    "--out",
    "Content-Type: multipart/alternative; boundary=in",
    "",
    "--in",
    "",
    "a",
    "--out",
    "",
    "b",
    "--in",
    "",
    "--out--",
  );
  assertEquals(outline(text), [
    "multipart/mixed",
    ["multipart/alternative", "text/plain a"],
    "text/plain b\r\n--in\r\n",
  ]);
});

Deno.test("a boundary line begins with the boundary; of boundaries that begin each other the longest counts", () => {
  const nested = (outer: string, inner: string) =>
    lines(
      `Content-Type: multipart/mixed; boundary="${outer}"`,
      "",
      `--${outer}`,
      `Content-Type: multipart/mixed; boundary="${inner}"`,
      "",
      `--${inner}  `,
      "",
      "a",
      `--${inner}--`,
      `--${outer}--`,
    );
  for (const [outer, inner] of [["b", "bb"], ["bb", "b"], ["b", "b--"], ["a b", "a"], ["b", "c"]] as const) {
    assertEquals(outline(nested(outer, inner)), ["multipart/mixed", ["multipart/mixed", "text/plain a"]], outer);
  }
  // RFC 2046 §5.1.1: it is sufficient that the boundary appear in its entirety following the CRLF.
  assertEquals(outline(lines("Content-Type: multipart/mixed; boundary=b", "", "--boundary", "", "x")), [
    "multipart/mixed",
    "text/plain x",
  ]);
});

Deno.test("what looks like a boundary within a line, or within base64, is none", () => {
  const text = lines(
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "",
    "x --b",
    " --b",
    "-b",
    "-- b",
    "--b--",
  );
  assertEquals(outline(text), ["multipart/mixed", "text/plain x --b\r\n --b\r\n-b\r\n-- b"]);
});

Deno.test("a header that a boundary cuts off ends there, and an empty part is empty", () => {
  const text = lines(
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "Content-Type: image/png",
    "--b",
    "",
    "--b",
    "--b--",
  );
  const { children } = parse(text);
  assertEquals(children.map(({ bodyStart, bodyEnd }) => bodyEnd - bodyStart), [0, 0, 0]);
  assertEquals(children.map(({ type }) => type), ["image", "text", "text"]);
});

Deno.test("a multipart without a usable boundary is text, one without parts has none", () => {
  for (const boundary of ["", "; boundary", "; boundary=", '; boundary=""']) {
    assertEquals(outline(lines(`Content-Type: multipart/mixed${boundary}`, "", "--", "x")), "text/plain --\r\nx");
  }
  assertEquals(outline(lines("Content-Type: multipart/mixed; boundary=b", "", "x")), ["multipart/mixed"]);
});

Deno.test("a boundary of the limit's length is used, a longer one is not", () => {
  const text = (chars: number) =>
    lines(`Content-Type: multipart/mixed; boundary=${"x".repeat(chars)}`, "", `--${"x".repeat(chars)}`, "", "a");
  assertEquals(parse(text(BOUNDARY_CHARS_MAX)).children.length, 1);
  assertEquals(parse(text(BOUNDARY_CHARS_MAX + 1)).kind, "leaf");
});

Deno.test("a message in a message has a header, a body and lines of its own", () => {
  const inner = lines("Subject: inner", "", "one", "two", "");
  for (const subtype of ["rfc822", "global"]) {
    const text = lines(`Content-Type: message/${subtype}`, "", inner);
    const root = parse(text);
    const [message] = root.children;
    assertEquals([root.kind, root.lines], ["message", 4]);
    assertEquals(text.slice(message!.headerStart, message!.bodyEnd), inner);
    assertEquals(message!.fields.subject, " inner");
    assertEquals([message!.lines, message!.type], [2, "text"]);
  }
});

Deno.test("parts of a digest are messages when they do not say what they are (RFC 2046 §5.1.5)", () => {
  const text = lines(
    "Content-Type: multipart/digest; boundary=b",
    "",
    "--b",
    "",
    "Subject: a",
    "",
    "x",
    "--b",
    "Content-Type: text/plain",
    "",
    "y",
    "--b--",
  );
  assertEquals(outline(text), ["multipart/digest", ["message/rfc822", "text/plain x"], "text/plain y"]);
});

Deno.test("lines end in LF as well, and a bare CR ends none", () => {
  assertEquals(outline(MULTIPART.replaceAll(CRLF, "\n")), ["multipart/mixed", "text/plain one", "text/plain two"]);
  assertEquals(parse("A: 1\rContent-Type: image/png\r\r--b\r").type, "text");
});

Deno.test("lines count once for each message around them, and not in what is no text", () => {
  const text = lines(
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "Content-Type: image/png",
    "",
    "1",
    "2",
    "--b",
    "Content-Type: message/rfc822",
    "",
    "Content-Type: message/rfc822",
    "",
    "S: x",
    "",
    "1",
    "2",
    "--b--",
  );
  assertEquals(all(parse(text)).map((part) => part.lines), [0, 0, 5, 3, 1]);
});

Deno.test("ATTACKS M1: parts lie in each other as deep as the limit, and what lies deeper is text", () => {
  const nested = (depth: number, type: (i: number) => string) =>
    Array.from({ length: depth }, (_, i) => `${type(i)}${CRLF}${CRLF}`).join("");
  const deepest = (root: Part) => {
    let depth = 1;
    let part = root;
    for (; part.children.length > 0; part = part.children[0]!) depth++;
    return [depth, `${part.type}/${part.subtype}`];
  };
  const multiparts = (i: number) => `--b${i - 1}${CRLF}Content-Type: multipart/mixed; boundary=b${i}`;
  assertEquals(deepest(parse(nested(99, () => "Content-Type: message/rfc822") + "\r\nx")), [100, "text/plain"]);
  assertEquals(deepest(parse(nested(10_000, () => "Content-Type: message/rfc822"))), [PART_DEPTH_MAX, "text/plain"]);
  assertEquals(deepest(parse(nested(10_000, multiparts).slice(7))), [PART_DEPTH_MAX, "text/plain"]);
});

Deno.test("ATTACKS M1: a message has as many parts as the limit, and the rest belongs to the last", () => {
  const text = (parts: number) =>
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${"--b\r\n\r\nx\r\n".repeat(parts)}`;
  assertEquals(all(parse(text(PARTS_MAX - 1))).length, PARTS_MAX);
  const large = text(PARTS_MAX + 5);
  const root = parse(large);
  assertEquals(all(root).length, PARTS_MAX);
  assert(large.slice(root.children.at(-1)!.bodyStart).startsWith("x\r\n--b\r\n\r\nx"));
  assertEquals(root.children.at(-1)!.bodyEnd, large.length);
});

Deno.test("ATTACKS M2: of a hundred open boundaries each ends its own part, and those around it", () => {
  const boundaries = Array.from({ length: PART_DEPTH_MAX - 2 }, (_, i) => `${"x".repeat(i % 7)}${i}`);
  const header = (i: number) => `Content-Type: multipart/mixed; boundary=${boundaries[i]}\r\n\r\n`;
  const opened = boundaries.map((boundary, i) => `${header(i)}--${boundary}\r\n`).join("");
  for (let i = 0; i < boundaries.length; i++) {
    const text = `${opened}\r\ninner\r\n--${boundaries[i]}\r\n\r\nafter\r\n--${boundaries[i]}--\r\nepilogue\r\n--${
      boundaries[0]
    }--`;
    let part = parse(text);
    for (let depth = 0; depth < i; depth++) part = part.children[0]!;
    assertEquals(part.children.length, 2, `${i}`);
    assertEquals(text.slice(part.children[1]!.bodyStart, part.children[1]!.bodyEnd), "after");
  }
});

Deno.test("ATTACKS M2: megabytes of lines that look like one of a hundred boundaries are looked up once each", () => {
  const boundary = (i: number) => "x".repeat(i + 1);
  const opened = Array.from(
    { length: PART_DEPTH_MAX - 2 },
    (_, i) =>
      `${i === 0 ? "" : `--${boundary(i - 1)}\r\n`}Content-Type: multipart/mixed; boundary=${boundary(i)}y\r\n\r\n`,
  );
  const text = opened.join("") + `--${"x".repeat(97)}\r\n`.repeat(20_000);
  // None of the lines is a boundary: each lacks the y.
  assertEquals(all(parse(text)).length, 1);
});

Deno.test("fields behind the limit of a header are not read, the header ends where it ends", () => {
  const filler = (bytes: number) => `X: ${"y".repeat(bytes - 5)}\r\n`;
  const text = (bytes: number) => `${filler(bytes)}Content-Type: image/png\r\n\r\nbody`;
  assertEquals(parse(text(HEADER_BYTES_MAX - 1)).type, "image");
  const beyond = parse(text(HEADER_BYTES_MAX));
  assertEquals([beyond.type, beyond.bodyEnd - beyond.bodyStart], ["text", 4]);
});

Deno.test("the first of two fields counts, but lists of addresses go on", () => {
  const { fields } = parse(lines("Subject: a", "SUBJECT : b", "From: a@x", "from:b@x", "__proto__: x", "", ""));
  assertEquals([fields.subject, fields.from], [" a", " a@x,b@x"]);
});

/** Pieces that MIME is made of, so that chance makes messages that look like some. */
const PIECES = [
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  "--a",
  "--b",
  "--ab",
  "--",
  "Content-Type: multipart/mixed; boundary=a",
  'Content-Type: multipart/digest; boundary="b"',
  "Content-Type: multipart/alternative; boundary=ab",
  "Content-Type: message/rfc822",
  "Content-Type: text/html; charset*0*=utf-8''x; charset*1=y",
  "Content-Disposition: attachment; filename=(x",
  'From: (((a@b, g: <c@d>; "e',
  "Subject: =?utf-8?b?4pyT?= =?x?q?=zz?=",
  " ",
  "\0",
  "\xff",
];

Deno.test("whatever the bytes, parts lie in order within the message and within each other (seeded)", () => {
  const message = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3 })), { maxLength: 60 });
  fc.assert(
    fc.property(message, (pieces) => {
      const bytes = utf8(pieces.join(""));
      const { root } = parseStructure(bytes);
      assertEquals([root.headerStart, root.bodyEnd], [0, bytes.length]);
      for (const part of all(root)) {
        assert(part.headerStart <= part.bodyStart && part.bodyStart <= part.bodyEnd);
        let from = part.bodyStart;
        for (const child of part.children) {
          assert(from <= child.headerStart && child.bodyEnd <= part.bodyEnd);
          from = child.bodyEnd;
        }
      }
    }),
    { seed: 11, numRuns: 5_000 },
  );
});

/** The message taken apart as it comes in pieces of these lengths, over and over. */
function inPieces(text: string, lengths: readonly number[]): Part {
  const reader = new StructureReader();
  for (let at = 0, i = 0; at < text.length; i++) {
    const length = Math.max(1, lengths[i % lengths.length]!);
    reader.add(text.slice(at, at + length));
    at += length;
  }
  return reader.end();
}

Deno.test("a message that comes in pieces is the same as one that comes whole, wherever it is cut (seeded)", () => {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...PIECES, "\r\n", "\n", "\n--b", "\r\n\r\n", "b") },
    fc.string({ maxLength: 3 }),
  );
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 80 }), lengths, fc.boolean(), (pieces, cuts, crlf) => {
      const text = latin1(utf8(pieces.join(crlf ? "\r\n" : "")));
      assertEquals(inPieces(text, cuts), parseStructure(utf8(pieces.join(crlf ? "\r\n" : ""))).root);
    }),
    { seed: 12, numRuns: 5_000 },
  );
});

Deno.test("fields and lines longer than what is kept of them are the same in pieces and whole", () => {
  const long = "x".repeat(FIELD_CHARS_MAX + 5_000);
  const messages = [
    `Subject: ${long}\r\nTo: a@b.test\r\n\r\nbody\r\n`,
    `Subject: s\r\n ${long}\r\n\t${long}\r\nTo: a@b.test\r\n\r\n`,
    `X-Long: ${long}\n${long}\n\nFrom: x\n`,
    `${"A: b\r\n".repeat(HEADER_BYTES_MAX / 6 + 10)}Subject: too late\r\n\r\n`,
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b${long}\r\n\r\none\r\n--b-- ${long}\r\n\r\n--b\r\n`,
    `Content-Type: multipart/mixed; boundary=${"b".repeat(BOUNDARY_CHARS_MAX)}\n\n--${
      "b".repeat(BOUNDARY_CHARS_MAX)
    }\n\n1\n`,
    `Content-Type: message/rfc822\n\n${"\n--\n-\n".repeat(20_000)}`,
  ];
  for (const message of messages) {
    const whole = parseStructure(utf8(message)).root;
    for (const cuts of [[65_536], [1_000, 7], [FIELD_CHARS_MAX], [FIELD_CHARS_MAX + 30, 1, 1]]) {
      assertEquals(inPieces(message, cuts), whole);
    }
  }
});
