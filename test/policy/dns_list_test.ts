import { assert, assertEquals } from "@std/assert";
import { listQueryName, listText, readListAnswer } from "../../src/policy/dns_list.ts";

Deno.test("a list is asked for an address with its bytes reversed, for IPv6 by its digits", () => {
  const names: readonly (readonly [string, string | null])[] = [
    ["192.0.2.99", "99.2.0.192.bad.test"], // RFC 5782 §2.1
    ["127.0.0.2", "2.0.0.127.bad.test"],
    ["::ffff:192.0.2.99", "99.2.0.192.bad.test"],
    // RFC 5782 §2.4
    [
      "2001:db8:1:2:3:4:567:89ab",
      "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bad.test",
    ],
    ["fe80::1%eth0", `1.${"0.".repeat(28)}8.e.f.bad.test`],
    ["here", null],
    ["192.0.2", null],
    ["", null],
  ];
  for (const [ip, name] of names) assertEquals(listQueryName(ip, "bad.test"), name, ip);
  assertEquals(
    listQueryName("2001:db8::1", "x".repeat(189))?.length,
    253,
    "the longest zone leads to the longest name",
  );
});

Deno.test("every answer of 127.0.0.0/8 names a client, unless codes say which; an error of the list never does", () => {
  const answers: readonly (readonly [records: readonly string[], codes: readonly string[], string])[] = [
    [["127.0.0.2"], [], "named"],
    [["127.0.0.10", "127.0.0.2"], ["127.0.0.2"], "named"],
    [["127.0.0.10"], ["127.0.0.2"], "notNamed"],
    [["127.0.0.2"], ["127.0.0.20"], "notNamed"],
    [["127.255.254.255"], [], "named"],
    [["127.255.255.0"], [], "error"],
    [["127.255.255.254"], [], "error"],
    [["127.255.255.254"], ["127.255.255.254"], "error"],
    [["127.255.255.255", "127.0.0.4"], [], "named"],
    [["127.255.255.255", "127.0.0.4"], ["127.0.0.2"], "error"],
    [["192.0.2.1"], [], "error"],
    [["12.7.0.1"], [], "error"],
    [["192.0.2.1"], ["192.0.2.1"], "error"],
    [[], [], "notNamed"],
  ];
  for (const [records, codes, meaning] of answers) {
    assertEquals(readListAnswer(records, { codes }), meaning, `${records} by ${codes}`);
  }
});

Deno.test("a list's own words become one line of at most 300 printable characters", () => {
  assertEquals(listText(["https://bad.test/?ip=192.0.2.1", "more"]), "https://bad.test/?ip=192.0.2.1");
  assertEquals(listText(["a\r\n250 b\u00e9\u001b[0m\0"]), "a??250 b??[0m?");
  assertEquals([listText([]), listText([""]), listText(["  "])], [null, null, null]);
  assertEquals(listText(["x".repeat(300)])?.length, 300);
  assertEquals(listText(["x".repeat(301)])?.length, 300);
  assert(/^[ -~]*$/.test(listText([String.fromCharCode(...Array(256).keys())])!));
});
