import { assertEquals } from "@std/assert";
import { formatIp, parseIp, parseIpv4, sharePrefix, unmapped } from "../../src/base/mod.ts";

Deno.test("addresses have one canonical form", () => {
  for (
    const [text, canonical] of [
      ["192.0.2.1", "192.0.2.1"],
      ["0.0.0.0", "0.0.0.0"],
      ["::", "::"],
      ["::1", "::1"],
      ["0:0:0:0:0:0:0:1", "::1"],
      ["1::", "1::"],
      ["2001:DB8::0001", "2001:db8::1"],
      ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
      ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
      ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
      ["::FFFF:c000:0201", "::ffff:192.0.2.1"],
      ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
      ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ] as const
  ) {
    const octets = parseIp(text);
    assertEquals(octets === null ? null : formatIp(octets), canonical, text);
  }
});

Deno.test("what is no address, or means something on one machine only, is none", () => {
  const texts = [
    "",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.01",
    "00.0.2.1",
    "192.0.2.1.",
    ".192.0.2.1",
    "192..2.1",
    "192.0.2.1.1",
    "192.0.2.1000",
    "192.0.2.-1",
    "192.0.2.１",
    "0x7f.1",
    "2130706433",
    " 192.0.2.1",
    "192.0.2.1 ",
    "::g",
    ":::",
    "1:2:3:4:5:6:7",
    "fe80::1%eth0",
    "[::1]",
    "example.test",
  ];
  for (const text of texts) assertEquals(parseIp(text), null, text);
});

Deno.test("an IPv4 address has four octets, each in its one form", () => {
  for (let octet = 0; octet < 256; octet++) {
    assertEquals(parseIpv4(`${octet}.0.255.${octet}`), [octet, 0, 255, octet]);
  }
  for (const octet of ["", "256", "00", "01", "001", "1e1", " 1", "+1", "4294967296", "9".repeat(400)]) {
    assertEquals(parseIpv4(`${octet}.0.255.1`), null, octet);
    assertEquals(parseIpv4(`1.0.255.${octet}`), null, octet);
  }
});

Deno.test("addresses share a prefix to the bit, and none with the other family", () => {
  const octets = [0b10110101, 0b01001010, 0xff, 0x00];
  for (let at = 0; at < 32; at++) {
    const other = octets.map((octet, i) => i === at >> 3 ? octet ^ (0x80 >> (at & 7)) : octet);
    for (let bits = 0; bits <= 32; bits++) assertEquals(sharePrefix(octets, other, bits), bits <= at, `${at} ${bits}`);
  }
  assertEquals(sharePrefix(octets, octets, 32), true);
  assertEquals(sharePrefix(new Array(16).fill(0), [0, 0, 0, 0], 0), false);
});

Deno.test("an IPv4 address mapped into IPv6 is unmapped, and nothing else is", () => {
  const plain = (text: string) => formatIp(unmapped(parseIp(text)!));
  assertEquals(plain("::ffff:192.0.2.1"), "192.0.2.1");
  assertEquals(plain("::ffff:c000:201"), "192.0.2.1");
  assertEquals(plain("192.0.2.1"), "192.0.2.1");
  assertEquals(plain("::fffe:c000:201"), "::fffe:c000:201");
  assertEquals(plain("::c000:201"), "::c000:201");
});
