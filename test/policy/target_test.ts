import { assertEquals } from "@std/assert";
import { isForbiddenTarget } from "../../src/policy/mod.ts";

/** Addresses of this machine, and how else IPv6 can write the first. */
const LOOPBACK = [
  "127.0.0.1",
  "127.255.255.255",
  "::1",
  "0:0:0:0:0:0:0:1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
];

const NEVER = [
  "0.0.0.0",
  "0.1.2.3",
  "::",
  "::ffff:0.0.0.0",
  "169.254.169.254",
  "::ffff:169.254.169.254",
  "2002:a9fe:a9fe::1",
  "fe80::1",
  "febf::1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::ffff:255.255.255.255",
  "ff02::1",
  "::2", // Compatible with 0.0.0.2.
];

const PRIVATE = [
  "10.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "100.64.0.1",
  "100.127.255.255",
  "198.19.0.1",
  "::ffff:10.0.0.1",
  "64:ff9b::a00:1",
  "fc00::1",
  "fdff::1",
  "fec0::1",
];

const GLOBAL = [
  "1.1.1.1",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "::ffff:8.8.8.8",
  "64:ff9b::808:808",
  "2606:4700::1111",
  "2002:808:808::1",
  "fbff::1",
];

/** Judged with neither, private, loopback and both allowed. */
function verdicts(ip: string): string {
  return [{}, { privateAllowed: true }, { loopbackAllowed: true }, { privateAllowed: true, loopbackAllowed: true }]
    .map((options) => isForbiddenTarget(ip, options) ? "x" : "-").join("");
}

Deno.test("mail is sent to addresses of the Internet, to others only where it is allowed, to some never", () => {
  for (const ip of LOOPBACK) assertEquals(verdicts(ip), "xx--", ip);
  for (const ip of PRIVATE) assertEquals(verdicts(ip), "x-x-", ip);
  for (const ip of NEVER) assertEquals(verdicts(ip), "xxxx", ip);
  for (const ip of GLOBAL) assertEquals(verdicts(ip), "----", ip);
});

Deno.test("what is no address is forbidden, however a resolver of the system would read it", () => {
  for (
    const ip of ["", "localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "fe80::1%lo", "[::1]", "1.1.1.1 "]
  ) {
    assertEquals(verdicts(ip), "xxxx", ip);
  }
});

Deno.test("no mail is sent to our own addresses, whatever form they come in", () => {
  const own = new Set(["198.51.100.7", "2001:db8::7"]);
  for (const ip of ["198.51.100.7", "::ffff:198.51.100.7", "64:ff9b::c633:6407", "2001:DB8:0::7"]) {
    assertEquals(isForbiddenTarget(ip, { own }), true, ip);
  }
  for (const ip of ["198.51.100.8", "2001:db8::8"]) assertEquals(isForbiddenTarget(ip, { own }), false, ip);
});
