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

Deno.test("what is no network is refused", async () => {
  for (
    const bad of ["192.0.2.0/33", "192.0.2.0/", "192.0.2/24", "::/129", "1.2.3.4/8/8", "localhost", "", "1.2.3.4/-1"]
  ) {
    assertEquals(await failureKind(() => parseNetworks([bad])), "invalid", bad);
  }
});
