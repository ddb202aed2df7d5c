import { assertEquals } from "@std/assert";
import { addressBlock, isLoopback, normalizeAddress } from "../../src/net/address.ts";

Deno.test("an IPv4-mapped address is the IPv4 address, in either spelling", () => {
  for (
    const [given, expected] of [
      ["127.0.0.1", "127.0.0.1"],
      ["::ffff:192.0.2.7", "192.0.2.7"],
      ["::FFFF:C000:0207", "192.0.2.7"],
      ["::ffff:1:0:2", "::ffff:1:0:2"],
      ["FE80::1%eth0", "fe80::1"],
      ["2001:DB8::1", "2001:db8::1"],
    ] as const
  ) assertEquals(normalizeAddress(given), expected);
});

Deno.test("loopback is 127.0.0.0/8 and ::1 only", () => {
  const cases = ["127.0.0.1", "127.9.9.9", "::1", "128.0.0.1", "127.example", "::2", ""];
  assertEquals(cases.map(isLoopback), [true, true, true, false, false, false, false]);
});

Deno.test("IPv6 addresses of one /64 share a block, IPv4 addresses stand alone", () => {
  for (
    const [given, expected] of [
      ["192.0.2.7", "192.0.2.7"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
      ["2001:0db8:0001:0002::9", "2001:db8:1:2::/64"],
      ["2001:db8::1", "2001:db8:0:0::/64"],
      ["::1", "0:0:0:0::/64"],
      ["1::192.0.2.1", "1:0:0:0::/64"],
    ] as const
  ) assertEquals(addressBlock(given), expected);
});
