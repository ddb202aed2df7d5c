import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { utf8 } from "../../src/base/mod.ts";
import {
  htmlText,
  type IndexedPart,
  parseStructure,
  PREVIEW_CHARS_MAX,
  previewPart,
  previewText,
  readIndex,
  SEARCH_BODY_CHARS_MAX,
  SEARCH_HEADER_CHARS_MAX,
  searchText,
} from "../../src/mime/mod.ts";
import { indexMessage } from "../../src/protocol/imap/fetch/message_index.ts";

function words(html: string): string {
  return htmlText(html).replace(/\s+/g, " ").trim();
}

Deno.test("of HTML the text is left that a reader sees", () => {
  const rows = [
    ["<p>one</p><p>two<br>three</p>", "one two three"],
    ["a<b>b</b>c", "abc"],
    ["<html><head><title>no</title><style>p > a{}</style></head><body>yes</body>", "yes"],
    ["<head><meta x><body>yes", "yes"],
    ["<script>if (a < b) '</p>'</script>x<STYLE>y</style >z", "x z"],
    ["a<!-- <p>no</p> -- > -->b<!doctype x><?xml?>c", "abc"],
    ["<a title=\"1 > 0\" href='x>y'>link</a>", "link"],
    ["1 < 2 && 3 > 2", "1 < 2 && 3 > 2"],
    ["&lt;b&gt; &amp;amp; &nbsp;&auml;&#8364;&#x20AC &nosuch; &#0;&#55296;&#9999999;", "<b> &amp; ä€€ &nosuch;"],
    ["a<p", "a"],
    ["a<!--", "a"],
    ["a<script>b", "a"],
    ["<", "<"],
    ["", ""],
  ] as const;
  for (const [html, expected] of rows) assertEquals(words(html), expected, html);
});

Deno.test("ATTACKS M9: long runs of what HTML is made of are read once, and text is never longer than HTML", () => {
  for (
    const run of ["<", "<a", "<!--", "</", "<script>", '<a "', "<a='", "&", "&#", "<style></style", "<svg>", "<p>"]
  ) {
    const html = run.repeat(500_000 / run.length);
    assert(htmlText(html).length <= html.length, run);
  }
});

Deno.test("whatever the HTML, its text is not longer (seeded)", () => {
  const piece = fc.oneof(
    fc.constantFrom("<", ">", "<p", "<script>", "</script>", "<!--", "-->", "&lt;", "&#60;", '"', "'", "=", "head>"),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const html = pieces.join("");
      assert(htmlText(html).length <= html.length);
    }),
    { seed: 18, numRuns: 5_000 },
  );
});

function preview(message: string): string {
  const bytes = Buffer.from(message, "latin1");
  const part = previewPart(readIndex(indexMessage(bytes))!.parts()!);
  return part === null ? "" : previewText(part, bytes.subarray(part.bodyStart, part.bodyEnd));
}

function multipart(...parts: string[]): string {
  return `Content-Type: multipart/mixed; boundary=b\r\n\r\n${
    parts.map((part) => `--b\r\n${part}\r\n`).join("")
  }--b--\r\n`;
}

Deno.test("a preview is one line of the first plain text, else of the first HTML (RFC 8970 §3.3)", () => {
  assertEquals(
    preview("\r\n Hello,\r\n\r\n\tworld\x07 \r\n> quoted\r\nagain\r\n-- \r\nsignature"),
    "Hello, world again",
  );
  assertEquals(preview(multipart("Content-Type: text/html\r\n\r\n<p>html</p>", "\r\nplain")), "plain");
  assertEquals(preview(multipart("Content-Type: text/html\r\n\r\n<style>x</style><p>ht&amp;ml</p>")), "ht&ml");
  assertEquals(preview(multipart("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ninner")), "");
  assertEquals(preview("Content-Type: image/png\r\n\r\nx"), "");
  assertEquals(preview("Content-Transfer-Encoding: x-unknown\r\n\r\nx"), "");
  assertEquals(
    preview(
      "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe",
    ),
    "Grüße",
  );
});

Deno.test("a preview has as many characters as the limit, and cuts none in two", () => {
  const part: Pick<IndexedPart, "mediaType" | "charset" | "encoding"> = {
    mediaType: "text/plain",
    charset: "utf-8",
    encoding: "8bit",
  };
  assertEquals(previewText(part, utf8("x".repeat(1_000))).length, PREVIEW_CHARS_MAX);
  assertEquals([...previewText(part, utf8("✉😀".repeat(1_000)))].length, PREVIEW_CHARS_MAX);
  assert(previewText(part, utf8("😀".repeat(1_000))).isWellFormed());
});

function search(message: string | Uint8Array) {
  return searchText(parseStructure(typeof message === "string" ? Buffer.from(message, "latin1") : message));
}

Deno.test("the text that is searched is decoded: fields as lines, texts of parts, names of files, messages within", () => {
  const message = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_X?=\r\nno field\r\n" + multipart(
    "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8sIA==",
    "Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>W=D6=\r\nRLD</p><a href=x>",
    'Content-Type: application/pdf; name="=?utf-8?q?B=C3=84R?="\r\n\r\nnot text',
    "Content-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\nDeep",
  );
  assertEquals(search(message), {
    header: [
      "SUBJECT: GRU\u0308ßE X",
      "NO FIELD",
      "CONTENT-TYPE: MULTIPART/MIXED; BOUNDARY=B",
      "CONTENT-TRANSFER-ENCODING: BASE64",
      "CONTENT-TYPE: TEXT/HTML; CHARSET=ISO-8859-1",
      "CONTENT-TRANSFER-ENCODING: QUOTED-PRINTABLE",
      'CONTENT-TYPE: APPLICATION/PDF; NAME="BA\u0308R"',
      "CONTENT-TYPE: MESSAGE/RFC822",
      "",
    ].join("\n"),
    body: "HELLO, \n\nWO\u0308RLD\n\nBA\u0308R\nSUBJECT: INNER\nDEEP\n",
    complete: true,
  });
});

Deno.test("reports are text that is searched; pictures are none, nor what is encoded in an unknown way", () => {
  const message = multipart(
    "Content-Type: message/delivery-status\r\n\r\nAction: failed",
    "Content-Type: image/svg+xml\r\n\r\n<svg>",
    "Content-Transfer-Encoding: x-own\r\n\r\nown",
  );
  assertEquals(search(message).body, "ACTION: FAILED\n");
});

Deno.test("the text that is searched is bounded, and says when it is not all", () => {
  const body = search(`\r\n${"x".repeat(SEARCH_BODY_CHARS_MAX)}`);
  assertEquals([body.body.length, body.complete], [SEARCH_BODY_CHARS_MAX, false]);
  assertEquals(search(`\r\n${"x".repeat(SEARCH_BODY_CHARS_MAX - 1)}`).complete, true);
  const header = search(`${"A: x\r\n".repeat(100_000)}\r\n`);
  assertEquals([header.header.length <= SEARCH_HEADER_CHARS_MAX, header.complete], [true, false]);
  // One character that becomes 18 does not make it longer.
  const grown = search(utf8(`\r\n${"\ufdfa".repeat(SEARCH_BODY_CHARS_MAX / 8)}`));
  assertEquals([grown.body.length, grown.complete], [SEARCH_BODY_CHARS_MAX, false]);
});

Deno.test("whatever the message, text is taken out of it and a preview is made (seeded)", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "\r\n",
      "Content-Type: text/html; charset=utf-16\r\n",
      "Content-Type: text/x; charset=iso-2022-jp\r\n",
      "Content-Transfer-Encoding: base64\r\n",
      "Content-Transfer-Encoding: quoted-printable\r\n",
      "Content-Type: multipart/mixed; boundary=b\r\n",
      "--b\r\n",
      "=\r\n",
      "\x1b$B",
    ),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const message = pieces.join("").replace(/[^\0-\xff]/g, "?");
      assert(search(message).complete);
      assert([...preview(message)].length <= PREVIEW_CHARS_MAX);
    }),
    { seed: 19, numRuns: 3_000 },
  );
});
