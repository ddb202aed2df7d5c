import { assertEquals } from "@std/assert";
import { formatIp, parseIp } from "../../src/base/mod.ts";

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
