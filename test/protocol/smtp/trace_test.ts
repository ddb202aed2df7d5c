import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseMailbox } from "../../../src/mail/mod.ts";
import { formatDate } from "../../../src/mime/date.ts";
import { receivedField, returnPathField, type TraceInfo } from "../../../src/protocol/smtp/mod.ts";

const bob = parseMailbox("bob@mx.test", { utf8: false })!;
const info: TraceInfo = {
  helo: "client.test",
  clientIp: "192.0.2.1",
  hostname: "mx.test",
  protocol: "ESMTPS",
  id: "abc123",
  recipients: [bob],
  wallMs: Date.UTC(2026, 0, 4, 5, 6, 7),
};

Deno.test("the Received field says who sent it, to whom, how and when", () => {
  assertEquals(
    receivedField({ ...info, tlsVersion: "TLSv1.3" }),
    "Received: from client.test ([192.0.2.1])\r\n\tby mx.test with ESMTPS (TLSv1.3) id abc123\r\n" +
      "\tfor <bob@mx.test>;\r\n\tSun, 4 Jan 2026 05:06:07 +0000\r\n",
  );
});

Deno.test("a client's name that a proxy has looked up stands before its address, and is no more than a word", () => {
  assert(
    receivedField({ ...info, clientName: "spike.test" }).startsWith(
      "Received: from client.test (spike.test [192.0.2.1])\r\n",
    ),
  );
  assert(receivedField({ ...info, clientName: "a) (b\r\nX" }).includes("(a???b??X [192.0.2.1])"));
});

Deno.test("two recipients are not named to each other", () => {
  assert(!receivedField({ ...info, recipients: [bob, bob] }).includes("bob"));
});

Deno.test("an IPv6 client is shown as a literal, an IPv4 one in IPv6 clothes as IPv4", () => {
  assert(receivedField({ ...info, clientIp: "2001:db8::1" }).includes("([IPv6:2001:db8::1])"));
  assert(receivedField({ ...info, clientIp: "::ffff:192.0.2.9" }).includes("([192.0.2.9])"));
  assert(receivedField({ ...info, clientIp: "fe80::1%eth0" }).includes("([IPv6:fe80::1])"));
});

Deno.test("nothing a client says adds a line or a field", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), (helo, id) => {
      const lines = receivedField({ ...info, helo, id }).split("\r\n");
      assertEquals(lines.length, 5);
      const known = / \(\[192\.0\.2\.1\]\)|<bob@mx\.test>;/;
      for (const line of lines) assert(/^[\t\x20-\x3a\x3d\x3f-\x7e]*$/.test(line.replace(known, "")), line);
    }),
    { seed: 28, numRuns: 2_000 },
  );
  assertEquals(receivedField({ ...info, helo: "a\r\nX: y" }).split("\r\n")[0], "Received: from a??X:?y ([192.0.2.1])");
});

Deno.test("the return path is the sender, or empty for the null sender", () => {
  assertEquals(returnPathField(null), "Return-Path: <>\r\n");
  assertEquals(returnPathField(parseMailbox('"a b"@c.test', { utf8: false })), 'Return-Path: <"a b"@c.test>\r\n');
});

Deno.test("dates are those of RFC 5322 in UTC", () => {
  assertEquals(formatDate(0), "Thu, 1 Jan 1970 00:00:00 +0000");
  assertEquals(formatDate(Date.UTC(2026, 11, 31, 23, 59, 59)), "Thu, 31 Dec 2026 23:59:59 +0000");
});
