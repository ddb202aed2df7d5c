import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ADDRESSES_MAX, readAddresses } from "../../src/mime/mod.ts";

/** Addresses as `name <@route:mailbox@host>`; a group's start as `name:`, its end as `;`. */
function shown(field: string): string[] {
  return readAddresses(field).map(({ name, route, mailbox, host }) => {
    if (host === null) return mailbox === null ? ";" : `${mailbox}:`;
    return `${name === null ? "" : `${name} `}<${route === null ? "" : `${route}:`}${mailbox}@${host}>`;
  });
}

const MISSING = "<MISSING_MAILBOX@MISSING_DOMAIN>";

const ROWS: readonly (readonly [field: string, ...expected: string[]])[] = [
  // RFC 5322 appendix A.1
  ["John Doe <jdoe@machine.example>", "John Doe <jdoe@machine.example>"],
  [
    'Joe Q. Public <john.q.public@example.com>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
    "Joe Q. Public <john.q.public@example.com>",
    'Giant; "Big" Box <sysservices@example.net>',
  ],
  [
    "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
    "Mary Smith <mary@x.test>",
    "<jdoe@example.org>",
    "Who? <one@y.test>",
  ],
  ["A Group:Ed Jones <c@a.test>,joe@where.test;", "A Group:", "Ed Jones <c@a.test>", "<joe@where.test>", ";"],
  ["Undisclosed recipients:;", "Undisclosed recipients:", ";"],
  // Appendix A.5 and A.6: comments and obsolete syntax
  ["Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete <pete@silly.test>"],
  ["(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", "Hidden recipients:", ";"],
  [
    "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
    "Mary Smith <@node.test:mary@example.net>",
    "<jdoe@test.example>",
  ],
  ["<@a.test,@b.test:c@d.test>", "<@a.test,@b.test:c@d.test>"],
  ["a . b@c", "<a.b@c>"],
  // A comment is the name of who has none
  ["a@b (Real (nested) Name)", "Real (nested) Name <a@b>"],
  ["<a@b> (name)", "name <a@b>"],
  ["x@[192.0.2.1]", "<x@[192.0.2.1]>"],
  ['"a b"@c', "<a b@c>"],
  ["Gr\xc3\xbc\xc3\x9fe <a@b>", "Gr\xc3\xbc\xc3\x9fe <a@b>"],
  ["=?utf-8?q?a?= =?utf-8?q?b?= <a@b>", "=?utf-8?q?a?= =?utf-8?q?b?= <a@b>"],
  // Malformed: as Dovecot shows them, where it shows them
  ["foo", "<foo@MISSING_DOMAIN>"],
  ["John Smith", "John Smith <MISSING_MAILBOX@MISSING_DOMAIN>"],
  ["John Smith x@y, a@b", "John Smith x <MISSING_MAILBOX@MISSING_DOMAIN>", "<a@b>"],
  ["<>", MISSING],
  ["@y", "<MISSING_MAILBOX@y>"],
  ["x@", "<x@MISSING_DOMAIN>"],
  ["a@b c@d", "<a@b>"],
  ["a@b@c, d@e", "<a@b>", "<d@e>"],
  ['"a@b" <c@d>', "a@b <c@d>"],
  ["tom@x.test <tom@y.test>", "<tom@x.test>"],
  ["[list] <a@b>", "[list] <a@b>"],
  ['"" <a@b>', "<a@b>"],
  ["g: a@b, h: c@d; e@f", "g:", "<a@b>", "<c@d>", ";", "<e@f>"],
  ["g: a@b", "g:", "<a@b>", ";"],
  ["a@b; c@d", "<a@b>", "<c@d>"],
  ['"no end <a@b>, c@d', "<no end <a@b>, c@d@MISSING_DOMAIN>"],
  ["(no end a@b"],
  [",; ,"],
  [""],
];

for (const [field, ...expected] of ROWS) {
  Deno.test(`the addresses of ${JSON.stringify(field)}`, () => assertEquals(shown(` ${field}`), expected));
}

Deno.test("a fold is a blank within an address", () => {
  assertEquals(shown(" Anna\r\n\tSmith\r\n <anna@a.test>"), ["Anna Smith <anna@a.test>"]);
});

Deno.test("ATTACKS M4: addresses are read up to the limit", () => {
  assertEquals(readAddresses("a@b,".repeat(ADDRESSES_MAX)).length, ADDRESSES_MAX);
  assertEquals(readAddresses("a@b,".repeat(100_000)).length, ADDRESSES_MAX);
});

Deno.test("ATTACKS M4, M9: long runs of what parts addresses end, each in one list", () => {
  for (
    const run of ["(", "((", "\\", '"', "<", ">", "@", ",", ":", ";", "[", "a@[", "a:", "<@a:", "a ", "a@b(", "<@,"]
  ) {
    const found = readAddresses(run.repeat(200_000 / run.length));
    assert(found.length <= ADDRESSES_MAX + 1, run);
  }
});

Deno.test("whatever the field, groups are ended, and nothing throws (seeded)", () => {
  const piece = fc.oneof(
    fc.constantFrom(...'()<>@,;:\\".[] \t\r\n', "a", "b.c", "\r\n ", "=?utf-8?q?x?=", "\0", "\xff"),
    fc.string({ maxLength: 2 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      let inGroup = false;
      for (const { mailbox, host } of readAddresses(pieces.join(""))) {
        if (host !== null) continue;
        assertEquals(inGroup, mailbox === null);
        inGroup = mailbox !== null;
      }
      assertEquals(inGroup, false);
    }),
    { seed: 12, numRuns: 20_000 },
  );
});

Deno.test("of a name or a part of an address its first 2,048 characters are kept", () => {
  const long = "x".repeat(10_000);
  const [found] = readAddresses(`"${long}" <@${long}:${long}@${long}>`);
  const { name, route, mailbox, host } = found!;
  assertEquals([name, route, mailbox, host].map((part) => part!.length), [2_048, 2_048, 2_048, 2_048]);
});
