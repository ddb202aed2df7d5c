import { readFileSync } from "node:fs";
import { assertEquals } from "@std/assert";
import { parseMailbox } from "../../src/mail/mod.ts";

const FILE = new URL("../../../shared/suites/addr/isemail-tests.xml", import.meta.url);

/** Rows where SMTP, or this server, judges otherwise than the suite, which asks RFC 5322 too. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "23": "a numeric top-level domain cannot exist, and URL parsers take it for an IPv4 address",
  "24": "an IPv4 address without brackets is no domain (RFC 5321 §4.1.3)",
  "43": "an empty local part can name nobody",
  "71": "RFC 5321 lets `::` stand for two groups or more, RFC 4291 and every parser for one as well",
};

/** Categories that are legal in SMTP: folding, comments and obsolete forms are for message headers only. */
const LEGAL = new Set(["ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321"]);

const suite = readSuite();

Deno.test({
  name: suite === null
    ? "the isemail suite (skipped: ../shared/suites/addr cannot be read here)"
    : "the isemail suite is judged by SMTP's grammar, but for the rows that differ for a reason",
  ignore: suite === null,
  fn() {
    const rows = [...suite!.matchAll(/<test id="(\d+)">([\s\S]*?)<\/test>/g)];
    assertEquals(rows.length, 164);
    const differing = rows.filter(([, , row]) => {
      const address = unescape(/<address>([\s\S]*?)<\/address>/.exec(row!)?.[1] ?? "");
      const category = /<category>(.*?)<\/category>/.exec(row!)?.[1] ?? "";
      return (parseMailbox(address, { utf8: true }) !== null) !== LEGAL.has(category);
    });
    assertEquals(differing.map(([, id]) => id), Object.keys(DIFFERENT));
  },
});

function readSuite(): string | null {
  try {
    return readFileSync(FILE, "utf8");
  } catch {
    return null;
  }
}

/** XML's entities; the suite writes a control character as its picture, U+2400 and up. */
function unescape(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', amp: "&", apos: "'" };
  return text.replace(/&(?:#x([0-9A-Fa-f]+)|#(\d+)|(\w+));/g, (_all, hex, decimal, name) => {
    if (name !== undefined) return named[name]!;
    const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
    return String.fromCodePoint(code >= 0x2400 && code < 0x2440 ? code - 0x2400 : code);
  });
}
