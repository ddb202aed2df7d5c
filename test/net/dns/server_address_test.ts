import { assertEquals } from "@std/assert";
import { parseResolvConf, parseServer } from "../../../src/net/mod.ts";
import { parseName, reverseName } from "../../../src/net/dns/name.ts";

Deno.test("a name server is an address, with or without a port", () => {
  for (
    const [text, address, port] of [
      ["192.0.2.1", "192.0.2.1", 53],
      ["127.0.0.1:5353", "127.0.0.1", 5353],
      ["::1", "::1", 53],
      ["[::1]", "::1", 53],
      ["[::1]:53", "::1", 53],
      ["2001:DB8:0::5353", "2001:db8::5353", 53],
      ["[2001:db8::1]:65535", "2001:db8::1", 65_535],
    ] as const
  ) assertEquals(parseServer(text), { address, port }, text);
});

Deno.test("the system's name servers are read as the C library reads them", () => {
  const text = `
# made by hand
domain example.test
search example.test\tother.test
nameserver 192.0.2.1
  nameserver\t2001:db8::1   # the second
nameserver fe80::1%eth0
nameserver
nameserver not.an.address
nameserver 192.0.2.256
#nameserver 192.0.2.9
;nameserver 192.0.2.9
options edns0 trust-ad
nameservers 192.0.2.9\r
nameserver 192.0.2.3\r
nameserver 192.0.2.4
`;
  assertEquals(parseResolvConf(text), ["192.0.2.1", "2001:db8::1", "192.0.2.3"]);
});

Deno.test("without a name server, this machine is the name server", () => {
  for (const text of ["", "search example.test\n", "nameserver fe80::1%eth0"]) {
    assertEquals(parseResolvConf(text), ["127.0.0.1"]);
  }
});

Deno.test("what a resolv.conf names is what a resolver takes", () => {
  for (const server of parseResolvConf("nameserver 2001:DB8::1\nnameserver 192.0.2.1")) {
    assertEquals(parseServer(server).port, 53);
  }
});

Deno.test("the names of an address stand under its octets or nibbles, reversed", () => {
  assertEquals(reverseName("192.0.2.1"), "1.2.0.192.in-addr.arpa");
  assertEquals(
    reverseName("2001:db8::567:89AB"),
    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
  );
  assertEquals(reverseName("fe80::1%eth0"), null);
  assertEquals(parseName(reverseName("::ffff:192.0.2.1")!)?.length, 72);
});
