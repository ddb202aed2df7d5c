import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Address,
  canonicalLocal,
  displayAddress,
  formatAddress,
  LOCAL_BYTES_MAX,
  MAILBOX_BYTES_MAX,
  needsUtf8,
  parseMailbox,
} from "../../src/mail/mod.ts";

function parsed(text: string, utf8 = false): [string, string] | null {
  const address = parseMailbox(text, { utf8 });
  return address === null ? null : [address.local, address.domain ?? `[${address.literal}]`];
}

Deno.test("a mailbox is taken apart, unquoted, its domain made canonical", () => {
  const cases: readonly [string, [string, string]][] = [
    ["a@b", ["a", "b"]],
    ["First.Last+tag@Example.COM", ["First.Last+tag", "example.com"]],
    ["!#$%&'*+-/=?^_`{|}~@b.test", ["!#$%&'*+-/=?^_`{|}~", "b.test"]],
    ['"a b"@b.test', ["a b", "b.test"]],
    ['"a\\"b\\\\c"@b.test', ['a"b\\c', "b.test"]],
    ['"\\a"@b.test', ["a", "b.test"]],
    ['"a@b>c"@b.test', ["a@b>c", "b.test"]],
    ['".."@b.test', ["..", "b.test"]],
    ["a@[192.0.2.1]", ["a", "[192.0.2.1]"]],
    ["a@[ipv6:2001:DB8::1]", ["a", "[IPv6:2001:db8::1]"]],
    ["a@[IPv6:::ffff:192.0.2.1]", ["a", "[IPv6:::ffff:192.0.2.1]"]],
  ];
  for (const [text, expected] of cases) assertEquals(parsed(text), expected, text);
});

Deno.test("what is no mailbox is refused", () => {
  const bad = [
    "",
    "a",
    "@b",
    "a@",
    "a@@b",
    "a@b@c",
    ".a@b",
    "a.@b",
    "a..b@c",
    "a b@c",
    "a@b.",
    "a@b c",
    " a@b",
    "a@b ",
    "<a@b>",
  ];
  bad.push(
    '""@b',
    '"@b',
    '"a@b',
    '"a"b@c',
    'a"b"@c',
    '"a\\"@b',
    '"a\\',
    '"a\u0007"@b',
    '"a\\\u0007"@b',
    '"a\\\u007f"@b',
    '"a"',
    '"a"@',
  );
  bad.push(
    "a@[1.2.3]",
    "a@[1.2.3.4",
    "a@1.2.3.4]",
    "a@[IPv6:1.2.3.4]",
    "a@[::1]",
    "a@[IPv6:fe80::1%eth0]",
    "a@[x:y]",
    "a@[]",
  );
  bad.push(
    "a@1.2.3.4",
    "a(x)@b",
    "a\r\nb@c",
    "a\0b@c",
    '"a\r\nb"@c',
    "a@b\n",
    "\ud800@b",
    "a\u0085b@c",
    '"a\u2028b"@c',
  );
  for (const text of bad) {
    assertEquals(parsed(text, false), null, JSON.stringify(text));
    assertEquals(parsed(text, true), null, JSON.stringify(text));
  }
});

Deno.test("UTF-8 is legal only where SMTPUTF8 makes it so", () => {
  for (const text of ["jürgen@b.test", '"jürgen s"@b.test', "a@münchen.test", "用户@例え.テスト"]) {
    assertEquals(parsed(text, false), null, text);
    assert(parsed(text, true) !== null, text);
  }
  assertEquals(parsed('"a\\ü"@b', true), null); // quoted-pairSMTP is ASCII.
  assertEquals(needsUtf8(parseMailbox("jürgen@b", { utf8: true })!), true);
  assertEquals(needsUtf8(parseMailbox("a@münchen.test", { utf8: true })!), false);
});

Deno.test("local parts and mailboxes at their longest are taken, one octet more is not", () => {
  const local = "l".repeat(LOCAL_BYTES_MAX);
  assert(parsed(`${local}@b`) !== null);
  assertEquals(parsed(`${local}l@b`), null);
  assert(parsed(`"${"l".repeat(LOCAL_BYTES_MAX - 2)}"@b`) !== null);
  assertEquals(parsed(`"${"l".repeat(LOCAL_BYTES_MAX - 1)}"@b`), null);
  assert(parsed(`${"ü".repeat(32)}@b`, true) !== null);
  assertEquals(parsed(`${"ü".repeat(32)}l@b`, true), null);
  assert(parsed(`${"😀".repeat(16)}@b`, true) !== null); // Four octets each.
  assertEquals(parsed(`${"😀".repeat(16)}l@b`, true), null);
  const domain = (length: number) => `${"d".repeat(60)}.`.repeat(10).slice(0, length - 1) + "e";
  const room = MAILBOX_BYTES_MAX - LOCAL_BYTES_MAX - 1;
  assert(parsed(`${local}@${domain(room)}`) !== null);
  assertEquals(parsed(`${local}@${domain(room + 1)}`), null);
  // 2 octets as U-label, 7 as A-label: what comes in fits, what would go out must fit too.
  assert(parsed(`${local}@${domain(room - 8)}.ü`, true) !== null);
  assertEquals(parsed(`${local}@${domain(room - 7)}.ü`, true), null);
});

Deno.test("an address is quoted on the wire only where it must be", () => {
  const wire = (text: string) => formatAddress(parseMailbox(text, { utf8: true })!);
  assertEquals(wire('"a"@B.test'), "a@b.test");
  assertEquals(wire('"a b"@b.test'), '"a b"@b.test');
  assertEquals(wire('"a\\\\\\"b"@b.test'), '"a\\\\\\"b"@b.test');
  assertEquals(wire('"a."@b.test'), '"a."@b.test');
  assertEquals(wire("ü@ü.test"), "ü@xn--tda.test");
  assertEquals(wire("a@[IPv6:::1]"), "a@[IPv6:::1]");
  assertEquals(displayAddress(parseMailbox("a@xn--tda.test", { utf8: false })!), "a@ü.test");
});

Deno.test("one name has one key, whatever its case and composition", () => {
  assertEquals(canonicalLocal("Bob"), "bob");
  assertEquals(canonicalLocal("JU\u0308RGEN"), canonicalLocal("j\u00fcrgen"));
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 8 }), (local) => {
      const key = canonicalLocal(local);
      assertEquals(canonicalLocal(key), key);
    }),
    { seed: 5321, numRuns: 20_000 },
  );
});

const wireText = fc.oneof(
  fc.emailAddress(),
  fc.array(
    fc.constantFrom(...'ab.@"\\[]<> :1é用\u0308\u0000\r\n', "IPv6:", "::1", '"a b"', "xn--tda", "1.2.3.4", ".test"),
    {
      maxLength: 12,
    },
  ).map((parts) => parts.join("")),
  fc.tuple(fc.string({ maxLength: 6 }), fc.constantFrom("b.test", "[192.0.2.1]", "ü.de")).map(([local, host]) =>
    `"${local.replace(/["\\]/g, "\\$&")}"@${host}`
  ),
);

function roundTrips(format: (address: Address) => string, counted: { count: number } = { count: 0 }) {
  return fc.property(wireText, fc.boolean(), (text, utf8) => {
    const address = parseMailbox(text, { utf8 });
    if (address === null) return;
    counted.count++;
    const wire = format(address);
    assertEquals(parseMailbox(wire, { utf8 }), address);
    assertEquals(formatAddress(parseMailbox(wire, { utf8 })!), wire);
    // deno-lint-ignore no-control-regex
    assert(!/[\u0000-\u001f\u007f-\u009f]/.test(wire), "a control character in an address");
  });
}

Deno.test("decode, encode, decode gives the same address", () => {
  const counted = { count: 0 };
  fc.assert(roundTrips(formatAddress, counted), { seed: 5322, numRuns: 30_000 });
  assert(counted.count > 10_000, `only ${counted.count} candidates were addresses`);
});

Deno.test("canary: the same property catches a writer that forgets to quote", () => {
  const careless = (address: Address) => `${address.local}@${address.domain ?? `[${address.literal}]`}`;
  assert(fc.check(roundTrips(careless), { seed: 5322, numRuns: 30_000 }).failed);
});

Deno.test("long runs of any character are judged in linear time", () => {
  const started = performance.now();
  for (const character of ['"', "\\", ".", "@", "[", ":", "a", "é", " "]) {
    parseMailbox(character.repeat(1_000_000), { utf8: true });
    parseMailbox(`a@${character.repeat(1_000_000)}`, { utf8: true });
    parseMailbox(character.repeat(250), { utf8: true });
  }
  assert(performance.now() - started < 1_000);
});
