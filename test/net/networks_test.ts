import { assertEquals } from "@std/assert";
import { parseNetworks } from "../../src/net/mod.ts";
import { failureKind } from "./support.ts";

Deno.test("an address is in a network or not, to the bit", () => {
  const networks = parseNetworks(["192.0.2.128/25", "198.51.100.7", "2001:db8::/33", "::1/128"]);
  const inside = ["192.0.2.128", "192.0.2.255", "198.51.100.7", "2001:db8:7fff::1", "::1"];
  const outside = [
    "192.0.2.127",
    "192.0.3.128",
    "198.51.100.8",
    "2001:db8:8000::1",
    "::2",
    "",
    "/run/x.sock",
    "localhost",
  ];
  assertEquals(inside.filter((address) => !networks.has(address)), []);
  assertEquals(outside.filter((address) => networks.has(address)), []);
  assertEquals(parseNetworks([]).has("127.0.0.1"), false);
  assertEquals(parseNetworks(["0.0.0.0/0"]).has("203.0.113.9"), true);
});

Deno.test("an IPv4 address mapped into IPv6 is an IPv4 address, in a network and in the address that is asked for", () => {
  const plain = parseNetworks(["192.0.2.128/25"]);
  assertEquals(["::ffff:192.0.2.128", "::ffff:c000:2ff", "::FFFF:192.0.2.200"].filter((it) => !plain.has(it)), []);
  assertEquals(["::ffff:192.0.2.127", "::c000:280", "64:ff9b::192.0.2.128"].filter((it) => plain.has(it)), []);
  const mapped = parseNetworks(["::ffff:192.0.2.128/121", "::ffff:198.51.100.7"]);
  assertEquals(["192.0.2.128", "192.0.2.255", "198.51.100.7"].filter((it) => !mapped.has(it)), []);
  assertEquals(["192.0.2.127", "198.51.100.6", "::1"].filter((it) => mapped.has(it)), []);
  assertEquals(parseNetworks(["::ffff:0:0/96"]).has("203.0.113.9"), true);
});

Deno.test("a network of one family holds no address of the other, however short its prefix is", () => {
  assertEquals(parseNetworks(["::/0"]).has("2001:db8::1"), true);
  assertEquals(parseNetworks(["::/0"]).has("192.0.2.1"), false);
  assertEquals(parseNetworks(["0.0.0.0/0"]).has("2001:db8::1"), false);
});

Deno.test("what is no network is refused", async () => {
  for (
    const bad of ["192.0.2.0/33", "192.0.2.0/", "192.0.2/24", "::/129", "1.2.3.4/8/8", "localhost", "", "1.2.3.4/-1"]
  ) {
    assertEquals(await failureKind(() => parseNetworks([bad])), "invalid", bad);
  }
});
