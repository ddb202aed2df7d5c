import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { latin1, utf8 } from "../../src/base/mod.ts";
import { locateSection, partialRange, readIndex, type Section, selectFields } from "../../src/mime/mod.ts";
import { indexMessage } from "../../src/protocol/imap/fetch/message_index.ts";

type Want = Extract<Section, { want: "all" | "header" | "text" | "mime" }>["want"];

/** The bytes of `1.2.header` and the like; null when there is none. */
function read(message: string, spec: string): string | null {
  const words = spec.split(".");
  const part = words.filter((word) => /^[0-9]+$/.test(word)).map(Number);
  const want = (words.find((word) => /^[a-z]/.test(word)) ?? "all") as Want;
  const bytes = Buffer.from(message, "latin1");
  const found = locateSection(readIndex(indexMessage(bytes))!.parts()!, { part, want });
  return found === null ? null : latin1(bytes.subarray(found.offset, found.offset + found.length));
}

function lines(...all: string[]): string {
  return all.join("\r\n");
}

/** As the example of RFC 9051 §6.4.5.1: text, octets, a message with two parts, and a multipart with an image and a message. */
const INNER_3 = lines(
  "Subject: three",
  "Content-Type: multipart/mixed; boundary=c",
  "",
  "--c",
  "Content-Type: text/plain",
  "",
  "3.1",
  "--c",
  "Content-Type: application/octet-stream",
  "",
  "3.2",
  "--c--",
);
const INNER_4 = lines(
  "Content-Type: multipart/mixed; boundary=d",
  "",
  "--d",
  "Content-Type: image/gif",
  "X: 4.1.mime",
  "",
  "4.1",
  "--d",
  "Content-Type: message/rfc822",
  "",
  "Subject: four two",
  "",
  "4.2.1",
  "--d--",
);
const MESSAGE = lines(
  "Subject: whole",
  "Content-Type: multipart/mixed; boundary=b",
  "",
  "preamble",
  "--b",
  "X: 1.mime",
  "",
  "1",
  "--b",
  "Content-Type: application/octet-stream",
  "",
  "2",
  "--b",
  "Content-Type: message/rfc822",
  "",
  INNER_3,
  "--b",
  INNER_4,
  "--b--",
  "",
);

const HEADER_3 = INNER_3.slice(0, INNER_3.indexOf("--c"));
const EXAMPLES: readonly (readonly [spec: string, expected: string | null])[] = [
  ["", MESSAGE],
  ["header", MESSAGE.slice(0, MESSAGE.indexOf("preamble"))],
  ["text", MESSAGE.slice(MESSAGE.indexOf("preamble"))],
  ["1", "1"],
  ["1.mime", "X: 1.mime\r\n\r\n"],
  ["2", "2"],
  ["3", INNER_3],
  ["3.mime", "Content-Type: message/rfc822\r\n\r\n"],
  ["3.header", HEADER_3],
  ["3.text", INNER_3.slice(HEADER_3.length)],
  ["3.1", "3.1"],
  ["3.2", "3.2"],
  ["3.2.mime", "Content-Type: application/octet-stream\r\n\r\n"],
  ["4", INNER_4.slice(INNER_4.indexOf("--d"))],
  ["4.1", "4.1"],
  ["4.1.mime", "Content-Type: image/gif\r\nX: 4.1.mime\r\n\r\n"],
  ["4.2.header", "Subject: four two\r\n\r\n"],
  ["4.2.text", "4.2.1"],
  ["4.2.1", "4.2.1"],
  ["4.2.1.mime", "Subject: four two\r\n\r\n"],
  // What is not there
  ["mime", null],
  ["0", null],
  ["5", null],
  ["1.1", null],
  ["1.header", null],
  ["1.text", null],
  ["4.header", null],
  ["4.2.2", null],
  ["4.2.1.1", null],
];

for (const [spec, expected] of EXAMPLES) {
  Deno.test(`BODY[${spec}] of nested parts is ${expected === null ? "nothing" : "its bytes"}`, () =>
    assertEquals(read(MESSAGE, spec), expected));
}

Deno.test("a message that is no multipart has one part, its body", () => {
  const text = "Subject: x\r\n\r\nbody";
  const rows = [["1", "body"], ["1.mime", "Subject: x\r\n\r\n"], ["2", null], ["1.1", null], ["1.text", null]] as const;
  for (const [spec, expected] of rows) assertEquals(read(text, spec), expected, spec);
  const message = `Content-Type: message/rfc822\r\n\r\n${text}`;
  const nested = [["1", text], ["1.header", "Subject: x\r\n\r\n"], ["1.1", "body"], ["1.1.1", null], [
    "text",
    text,
  ]] as const;
  for (const [spec, expected] of nested) assertEquals(read(message, spec), expected, spec);
});

Deno.test("ATTACKS I10: a path of a thousand numbers is nothing, and so is a number of any size", () => {
  assertEquals(read(MESSAGE, Array(1_000).fill("1").join(".")), null);
  assertEquals(read(MESSAGE, "4294967295"), null);
});

Deno.test("a partial range lies in its section", () => {
  const section = { offset: 100, length: 10 };
  const rows = [[0, 4, 100, 4], [8, 4, 108, 2], [10, 4, 110, 0], [4_294_967_295, 4_294_967_295, 110, 0]] as const;
  for (const [offset, length, at, bytes] of rows) {
    assertEquals(partialRange(section, { offset, length }), { offset: at, length: bytes });
  }
});

Deno.test("fields are taken by name without case, with folds and the empty line, in their order", () => {
  const header = "Subject: a\r\n\tb\r\nFrom: x\r\nto : y\r\nno field\r\nSUBJECT:c\r\n\r\n";
  const select = (names: string[], keep: boolean, text = header) =>
    selectFields(utf8(text), names, keep).map(({ offset, length }) => text.slice(offset, offset + length)).join("");
  assertEquals(select(["subject"], true), "Subject: a\r\n\tb\r\nSUBJECT:c\r\n\r\n");
  assertEquals(select(["To", "From"], true), "From: x\r\nto : y\r\n\r\n");
  assertEquals(select(["Subject", "from"], false), "to : y\r\nno field\r\n\r\n");
  assertEquals(select(["x"], true), "\r\n");
  assertEquals(select([], false), header);
  assertEquals(select(["a"], true, "A: 1\r\nB: 2"), "A: 1\r\n");
  assertEquals(select(["b"], true, "A: 1\r\nB: 2"), "B: 2");
  assertEquals(selectFields(utf8(header), ["from", "to"], true).length, 2); // Neighbours are one range.
});
