import { assert, assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../src/base/mod.ts";
import { BanTable, contains, isWithin, originOf, parseNetwork, parseNetworkList } from "../../src/policy/mod.ts";

Deno.test("a network has one form, whatever way it was written", () => {
  const forms: Record<string, string | null> = {
    "192.0.2.7": "192.0.2.7/32",
    "192.0.2.7/24": "192.0.2.0/24",
    "192.0.2.255/25": "192.0.2.128/25",
    "0.0.0.0/0": "0.0.0.0/0",
    "2001:DB8:0:0::1": "2001:db8::1/128",
    "2001:db8:1:2:3::/64": "2001:db8:1:2::/64",
    "2001:db8:ffff::/33": "2001:db8:8000::/33",
    "::ffff:192.0.2.7": "192.0.2.7/32",
    "192.0.2.7/33": null,
    "2001:db8::/129": null,
    "192.0.2.7/": null,
    "192.0.2.7/-1": null,
    "192.0.2.7/8/8": null,
    "192.0.2": null,
    "010.0.0.1": null,
    "0x7f.0.0.1": null,
    "3221225985": null,
    "mail.example.org": null,
    "": null,
    [`${"0".repeat(200)}::1`]: null,
  };
  for (const [text, wanted] of Object.entries(forms)) assertEquals(parseNetwork(text)?.text ?? null, wanted, text);
});

Deno.test("an IPv4 address stands for itself and its /24, an IPv6 address for its /64 and /48", () => {
  assertEquals(originOf("192.0.2.7"), { site: "192.0.2.7/32", network: "192.0.2.0/24" });
  assertEquals(originOf("2001:db8:1:2:3:4:5:6"), { site: "2001:db8:1:2::/64", network: "2001:db8:1::/48" });
  assertEquals(originOf("::ffff:192.0.2.7"), originOf("192.0.2.7"));
  assertEquals(originOf("/run/socket"), { site: "/run/socket", network: "/run/socket" });
});

Deno.test("a network contains its addresses, not those beside it and none of the other family", () => {
  const net = parseNetwork("192.0.2.128/25");
  assert(net !== null);
  assert(contains(net, [192, 0, 2, 128]) && contains(net, [192, 0, 2, 255]));
  assert(!contains(net, [192, 0, 2, 127]) && !contains(net, [192, 0, 3, 128]));
  assert(!contains(net, Array(16).fill(0)));
});

Deno.test("a ban holds for every address of its network, until its time and not after", () => {
  const table = new BanTable();
  table.reset([
    { network: "192.0.2.0/24", until: null },
    { network: "198.51.100.7/32", until: "2026-01-01T00:00:10.000Z" },
    { network: "2001:db8:1:2::/64", until: null },
  ]);
  const start = Date.UTC(2026, 0, 1);
  const banned = (address: string, ms = start) => table.isBanned(address, ms);
  assert(banned("192.0.2.0") && banned("192.0.2.255") && banned("::ffff:192.0.2.9"));
  assert(!banned("192.0.1.255") && !banned("192.0.3.0"));
  assert(banned("198.51.100.7", start + 9_999) && !banned("198.51.100.7", start + 10_000));
  assert(!banned("198.51.100.8"));
  assert(banned("2001:db8:1:2:ffff::1") && !banned("2001:db8:1:3::1"));
  assert(!banned("not an address") && !banned(""));
});

Deno.test("a ban that is lifted holds no longer, one that is given again ends when it says", () => {
  const table = new BanTable();
  table.set("192.0.2.0/24", { network: "192.0.2.0/24", until: null });
  table.set("192.0.2.7/32", { network: "192.0.2.7/32", until: null });
  table.set("192.0.2.0/24", null);
  assert(table.isBanned("192.0.2.7", 0) && !table.isBanned("192.0.2.8", 0));
  table.set("192.0.2.7/32", { network: "192.0.2.7/32", until: "1970-01-01T00:00:01.000Z" });
  assert(table.isBanned("192.0.2.7", 999) && !table.isBanned("192.0.2.7", 1_000));
  table.set("192.0.2.7/32", null);
  table.set("192.0.2.7/32", null);
  assertEquals(table.size, 0);
  assert(!table.isBanned("192.0.2.7", 0));
});

Deno.test("a list of networks holds every address of each of them; one that is no network is refused by name", () => {
  const list = parseNetworkList(["127.0.0.0/8", "::1", "192.0.2.7"]);
  for (const address of ["127.9.9.9", "::1", "::ffff:127.0.0.1", "192.0.2.7"]) assert(isWithin(list, address), address);
  for (const address of ["128.0.0.1", "::2", "192.0.2.8", "localhost", ""]) assert(!isWithin(list, address), address);
  assert(!isWithin([], "127.0.0.1"));
  assertEquals(
    assertThrows(() => parseNetworkList(["::1", "localhost"]), Failure).message,
    '"localhost" is no network',
  );
});
