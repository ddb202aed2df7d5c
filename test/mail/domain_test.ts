import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { displayDomain, DOMAIN_BYTES_MAX, LABEL_BYTES_MAX, parseDomain } from "../../src/mail/mod.ts";

Deno.test("a domain is kept as lower-case A-labels, and shown as U-labels", () => {
  const cases: readonly [string, string, string][] = [
    ["Example.COM", "example.com", "example.com"],
    ["localhost", "localhost", "localhost"],
    ["münchen.de", "xn--mnchen-3ya.de", "münchen.de"],
    ["MÜNCHEN.de", "xn--mnchen-3ya.de", "münchen.de"],
    ["XN--MNCHEN-3YA.de", "xn--mnchen-3ya.de", "münchen.de"],
    ["u\u0308.de", "xn--tda.de", "ü.de"],
    ["xn--mnchen-3ya.ü.de", "xn--mnchen-3ya.xn--tda.de", "münchen.ü.de"],
    ["faß.de", "xn--fa-hia.de", "faß.de"],
    ["пример.рф", "xn--e1afmkfd.xn--p1ai", "пример.рф"],
    ["例え.テスト", "xn--r8jz45g.xn--zckzah", "例え.テスト"],
    ["א.com", "xn--4db.com", "א.com"],
    ["a1.2b.c3", "a1.2b.c3", "a1.2b.c3"],
    ["c--n.com", "c--n.com", "c--n.com"],
    ["1.2.3.test", "1.2.3.test", "1.2.3.test"],
  ];
  for (const [text, ascii, shown] of cases) {
    const domain = parseDomain(text);
    assertEquals(domain as string | null, ascii, text);
    assertEquals(displayDomain(domain!), shown, text);
  }
});

Deno.test("what is no domain is refused, and by both runtimes alike", () => {
  const bad = [
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "-a.com",
    "a-.com",
    "a.-b",
    "a_b.com",
    "a b.com",
    "a/b",
    "a%62.com",
    "*.com",
    "a@b",
    "[::1]",
  ];
  // Endings that a URL parser takes for an IPv4 address.
  bad.push("127.0.0.1", "1", "a.1", "a.0x7f", "0x7f000001", "2130706433");
  // A-labels that decode to nothing, or to something else than they stand for.
  bad.push("xn--a", "xn--zzzzzz99", "xn--", "xn--abc-", "xn--mnchen-3ya-.de");
  // No U-labels: compatibility forms, other full stops, ignored characters, halves of characters.
  bad.push(
    "EXAMPLE。com",
    "ﬀ.com",
    "①.com",
    "\u00ad.com",
    "a\u200bb.com",
    "é／b",
    "ü_.de",
    "ü/.de",
    "\ud800.com",
    "a\u0000é",
  );
  bad.push("א1a.com", "ü..de", "ü.de.");
  for (const text of bad) assertEquals(parseDomain(text), null, JSON.stringify(text));
});

Deno.test("labels and domains at their longest are taken, one octet more is not", () => {
  const label = "a".repeat(LABEL_BYTES_MAX);
  assert(parseDomain(`${label}.test`) !== null);
  assertEquals(parseDomain(`${label}a.test`), null);
  const longest = `${`${label}.`.repeat(3)}${"b".repeat(61)}`;
  assertEquals(longest.length, DOMAIN_BYTES_MAX);
  assert(parseDomain(longest) !== null);
  assertEquals(parseDomain(`${longest}b`), null);
  assertEquals(parseDomain(`${"ü".repeat(60)}.test`), null); // 67 octets as A-label.
  assertEquals(parseDomain("ü".repeat(1_000_000)), null);
});

Deno.test("a parsed domain parses to itself, and its shown form to the same domain", () => {
  const character = fc.constantFrom(..."abz09-.üßéΩжя例１İſK\u00ad\u200d\u0308xn");
  const text = fc.oneof(fc.array(character, { maxLength: 20 }).map((all) => all.join("")), fc.domain(), fc.string());
  let parsed = 0;
  fc.assert(
    fc.property(text, (candidate) => {
      const domain = parseDomain(candidate);
      if (domain === null) return;
      parsed++;
      assertEquals(parseDomain(domain), domain);
      assertEquals(parseDomain(displayDomain(domain)), domain);
      assert(/^[a-z0-9.-]+$/.test(domain));
    }),
    { seed: 5890, numRuns: 20_000 },
  );
  assert(parsed > 4_000, `only ${parsed} candidates were domains`);
});
