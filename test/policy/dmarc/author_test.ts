/** Whose name a message bears (ATTACKS S30). */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../../src/base/mod.ts";
import { formatAddress } from "../../../src/mail/mod.ts";
import { authorAddresses, authorOfMessage, domainsOf } from "../../../src/policy/dmarc/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";

function author(header: string): string {
  const bytes = Uint8Array.from(header + "\r\n\r\n", (char) => char.charCodeAt(0));
  const found = authorOfMessage(readMessage([bytes]));
  return found.type === "found" ? found.domains.join(" ") : found.type;
}

Deno.test("the usual forms of a From field have one author domain", () => {
  for (
    const value of [
      "a@bank.test",
      "<a@bank.test>",
      "Anna <a@bank.test>",
      '"Anna, \\"the\\" boss" <a@BANK.test>',
      "Anna (of <x@evil.test>, (nested \\) one)) <a@bank.test> (behind)",
      '"x@evil.test" <a@bank.test>',
      '"a@evil.test"@bank.test',
      "=?utf-8?q?x=40evil.test?= <a@bank.test>",
      "Anna\r\n\t<a@bank.test>",
      "A Team: a@bank.test, <b@bank.test>;",
      "a@bank.test, b@bank.test",
      "J\xf6rg <a@bank.test>",
      "J\xc3\xb6rg <a@bank.test>",
      "a@bank.test.",
      "@anna <a@bank.test>",
    ]
  ) {
    assertEquals(author(`From: ${value}`), "bank.test", value);
  }
});

Deno.test("whoever may be taken for the author has to answer: several domains are all found", () => {
  assertEquals(author("From: a@bank.test, b@evil.test"), "bank.test evil.test");
  assertEquals(author("From: <a@evil.test>,<b@bank.test>"), "evil.test bank.test");
  assertEquals(author("From: ceo@bank.test <x@evil.test>"), "evil.test bank.test");
  assertEquals(author("From: ceo@bank.test via list <x@evil.test>"), "evil.test bank.test");
});

Deno.test("a From field that two readers may read in two ways is malformed", () => {
  for (
    const value of [
      "a@bank.test@evil.test",
      "<a@bank.test><b@evil.test>",
      "<a@bank.test",
      "a@bank.test>",
      "<<a@bank.test>>",
      "<a@bank.test> b@evil.test",
      "<@bank.test:x@evil.test>",
      '"a@bank.test',
      "a@bank.test (never ends",
      "a@bank.test)",
      "a@bank.test\u0000",
      "a\u0000 <a@bank.test>",
      '"a\u0000" <a@bank.test>',
      "a@bank test",
      "<a@bank.test\\>",
      "a@[192.0.2.1]",
      "a@",
      "@bank.test",
      "<>",
      "Anna",
      "a@bank.test:x@evil.test",
      "a@b\xf6se.test",
      `${"a@b.test,".repeat(3_000)}`,
    ]
  ) {
    assertEquals(author(`From: ${value}`), "malformed", JSON.stringify(value));
  }
  assertEquals(author("From: a@1.test, a@2.test, a@3.test, a@4.test, a@5.test, a@6.test"), "malformed");
});

Deno.test("two From fields are told apart from one, and none from both", () => {
  assertEquals(author("From: a@bank.test\r\nFROM : a@bank.test"), "several");
  assertEquals(author("From: a@bank.test\r\nfrom\t: a@bank.test"), "several");
  assertEquals(author("Sender: a@bank.test"), "missing");
  assertEquals(author("From: (nobody)"), "missing");
  assertEquals(author("From: undisclosed:;"), "missing");
});

Deno.test("who is the author of a header that was not read to its end nobody can tell", () => {
  const long = `From: a@bank.test\r\n${`X: ${"x".repeat(996)}\r\n`.repeat(1_100)}From: b@evil.test\r\n\r\n`;
  assertEquals(authorOfMessage(readMessage([utf8(long)])).type, "malformed");
});

Deno.test("no text makes the reader throw, or take more than linear time", () => {
  const char = fc.constantFrom(...'a@.<>()",;:\\ \t\u0000é'.split(""));
  fc.assert(
    fc.property(fc.array(char, { maxLength: 40 }), (chars) => void domainsOf(chars.join(""))),
    { seed: 41, numRuns: 5_000 },
  );
  const startMs = performance.now();
  for (const piece of ["(", '"', "<", "a@b.test,", "@", " ", "\\", "a:", ";", "(\\"]) domainsOf(piece.repeat(100_000));
  if (performance.now() - startMs > 3_000) throw new Error(`${performance.now() - startMs} ms`);
});

function authors(value: string): string | null {
  const bytes = Uint8Array.from(`From: ${value}\r\n\r\n`, (char) => char.charCodeAt(0));
  return authorAddresses(readMessage([bytes]))?.map(formatAddress).join(" ") ?? null;
}

Deno.test("the authors' whole addresses are read, quoted local parts among them", () => {
  for (
    const [value, addresses] of [
      ["a@bank.test", "a@bank.test"],
      ["Anna <a@BANK.test>", "a@bank.test"],
      ['"Anna, \\"the\\" boss" <a@bank.test> (behind)', "a@bank.test"],
      ['"john smith"@bank.test', '"john smith"@bank.test'],
      ['John <"john smith"@bank.test>', '"john smith"@bank.test'],
      ['"x@evil.test" <a@bank.test>', "a@bank.test"],
      ["a@bank.test, Bea <b@bank.test>", "a@bank.test b@bank.test"],
      ["A Team: a@bank.test, <b@bank.test>;", "a@bank.test b@bank.test"],
      ["J\xc3\xb6rg <j\xc3\xb6rg@bank.test>", "jörg@bank.test"],
    ] as const
  ) assertEquals(authors(value), addresses, value);
});

Deno.test("an author who could be taken for another, or for nobody, is no address at all", () => {
  for (
    const value of [
      "",
      "Anna",
      "boss@bank.test <a@bank.test>",
      "<a@bank.test",
      "<a@bank.test> <b@bank.test>",
      "a (b) c@bank.test",
      "undisclosed:;",
      "a@b@bank.test",
      "@x.test:a@bank.test",
      "a@bank.test, nobody",
      "a@bank.test\r\nFrom: b@bank.test",
      "a\xff@bank.test",
    ]
  ) assertEquals(authors(value), null, JSON.stringify(value));
});
