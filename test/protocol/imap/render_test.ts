import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { latin1 } from "../../../src/base/mod.ts";
import { parseStructure, readEnvelope } from "../../../src/mime/mod.ts";
import { renderBody, renderBodyStructure } from "../../../src/protocol/imap/fetch/render_body_structure.ts";
import { renderEnvelope } from "../../../src/protocol/imap/fetch/render_envelope.ts";
import { renderNstring, renderString } from "../../../src/protocol/imap/write/render_string.ts";

function message(...lines: string[]) {
  return parseStructure(Buffer.from(lines.join("\r\n"), "latin1")).root;
}

function envelope(...lines: string[]): string {
  return renderEnvelope(readEnvelope(message(...lines, "", "").fields));
}

Deno.test("the example of RFC 9051 §8 is rendered as it stands there", () => {
  const root = message(
    "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)",
    "From: Terry Gray <gray@cac.washington.edu>",
    "Subject: IMAP4rev2 WG mtg summary and minutes",
    "To: imap@cac.washington.edu",
    "Cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>",
    "Message-Id: <B27397-0100000@cac.washington.ed>",
    "MIME-Version: 1.0",
    "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII",
    "",
    "x".repeat(10),
    "",
  );
  assertEquals(
    renderEnvelope(readEnvelope(root.fields)),
    '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ' +
      '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL ' +
      '"<B27397-0100000@cac.washington.ed>")',
  );
  assertEquals(renderBody(root), '("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 12 1)');
  assertEquals(
    renderBodyStructure(root),
    '("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 12 1 NIL NIL NIL NIL)',
  );
});

Deno.test("an envelope of nothing is all NIL; sender and reply-to are the author where they are missing or empty", () => {
  assertEquals(envelope("X: y"), `(${Array(10).fill("NIL").join(" ")})`);
  const author = '((NIL NIL "a" "b.test"))';
  for (const empty of [["X: y"], ["Sender:", "Reply-To: (nobody)"]]) {
    assertEquals(envelope("From: a@b.test", ...empty), `(NIL NIL ${author} ${author} ${author} NIL NIL NIL NIL NIL)`);
  }
  assertEquals(
    envelope(
      "From: a@b.test",
      "Sender: c@b.test",
      "Reply-To: g: d@b.test;",
      "Bcc: <@x.test:e@b.test>",
      "In-Reply-To: <1@b>",
    ),
    `(NIL NIL ${author} ((NIL NIL "c" "b.test")) ((NIL NIL "g" NIL)(NIL NIL "d" "b.test")(NIL NIL NIL NIL)) ` +
      'NIL NIL ((NIL "@x.test" "e" "b.test")) "<1@b>" NIL)',
  );
});

Deno.test("encoded words stay, folds go, and bytes that are not ASCII travel in literals", () => {
  assertEquals(
    envelope("Subject: =?utf-8?q?=E2=9C=93?=\r\n\tand  more", 'From: "J\xc3\xbcrgen" <j@b>'),
    '(NIL "=?utf-8?q?=E2=9C=93?= and more" (({7}\r\nJ\xc3\xbcrgen NIL "j" "b")) (({7}\r\nJ\xc3\xbcrgen NIL "j" "b")) ' +
      '(({7}\r\nJ\xc3\xbcrgen NIL "j" "b")) NIL NIL NIL NIL NIL)',
  );
});

Deno.test("bytes of UTF-8 are neither blanks nor letters", () => {
  // The last byte of the letter would be a no-break space, the first a capital letter, if bytes were characters.
  assertEquals(envelope("Subject: voil\xc3\xa0").slice(0, 18), "(NIL {6}\r\nvoil\xc3\xa0 N");
  assertEquals(envelope("To: a@b (voil\xc3\xa0 )").includes("{6}\r\nvoil\xc3\xa0 NIL"), true);
  const root = message("Content-Type: text/plain; \xc3\x89=\xc3\x89", "", "");
  assertEquals(renderBody(root).includes("{2}\r\n\xc3\x89 {2}\r\n\xc3\x89"), true);
});

Deno.test("strings are quoted where they may be, else literals with the count of their bytes", () => {
  assertEquals(renderNstring(null), "NIL");
  assertEquals(renderString(""), '""');
  assertEquals(renderString('a"b\\c'), '"a\\"b\\\\c"');
  assertEquals(renderString("a\rb"), "{3}\r\na\rb");
  assertEquals(renderString("\xff"), "{1}\r\n\xff");
  assertEquals(renderString("a\0"), "{4}\r\na\xef\xbf\xbd"); // RFC 9051 §9: CHAR8 is no NUL.
  assertEquals(renderString("\x7f\x01"), '"\x7f\x01"');
  assertEquals(renderString("x".repeat(1_000)).slice(0, 2), '"x');
  assertEquals(renderString("x".repeat(1_001)).slice(0, 8), "{1001}\r\n");
});

Deno.test("parts, a message within and all extension data are rendered in their order", () => {
  const root = message(
    "Content-Type: multipart/mixed; boundary=b",
    "Content-Language: en, de",
    "Content-Location: http://a.test/",
    "",
    "--b",
    "Content-Type: text/html",
    "Content-ID: <1@a>",
    "Content-Description: a  page",
    "Content-Transfer-Encoding: QUOTED-PRINTABLE",
    "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
    "Content-Disposition: attachment; filename*0*=utf-8''%e2; filename*1*=%9c%93",
    "",
    "<p>",
    "",
    "--b",
    "Content-Type: message/rfc822",
    "",
    "Subject: in",
    "",
    "text",
    "",
    "--b",
    "Content-Type: multipart/alternative; boundary=c",
    "",
    "none",
    "--b--",
  );
  const empty = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0';
  assertEquals(
    renderBodyStructure(root),
    '(("text" "html" ("charset" "us-ascii") "<1@a>" "a page" "quoted-printable" 5 1 "Q2hlY2sgSW50ZWdyaXR5IQ==" ' +
      '("attachment" ("filename*" "utf-8\'\'%e2%9c%93")) NIL NIL)' +
      '("message" "rfc822" NIL NIL NIL "7bit" 21 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) ' +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)' +
      `(${empty} NIL NIL NIL NIL) "alternative" ("boundary" "c") NIL NIL NIL) ` +
      '"mixed" ("boundary" "b") NIL ("en" "de") "http://a.test/")',
  );
  assertEquals(
    renderBody(root),
    '(("text" "html" ("charset" "us-ascii") "<1@a>" "a page" "quoted-printable" 5 1)' +
      '("message" "rfc822" NIL NIL NIL "7bit" 21 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) ' +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1) 3)' +
      `(${empty}) "alternative") "mixed")`,
  );
});

Deno.test("what is rendered holds one character for each byte", () => {
  const root = message('Content-Type: text/plain; x="\xe9"', "", "");
  assertEquals(latin1(Buffer.from(renderBodyStructure(root), "latin1")), renderBodyStructure(root));
});
