import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseProxyHeader, PROXY_HEADER_BYTES_MAX, type ProxyHeader } from "../../src/net/proxy_header.ts";
import { latin1Bytes as bytes } from "../support/latin1.ts";

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/** A header of version 2. */
function v2(command: number, family: number, body: readonly number[], length = body.length): Uint8Array {
  return Uint8Array.of(...bytes(SIGNATURE), command, family, length >> 8, length & 255, ...body);
}

function header(input: string | Uint8Array): ProxyHeader {
  return parseProxyHeader(typeof input === "string" ? bytes(input) : input);
}

/** The client's end as text, or what the header is instead. */
function client(input: string | Uint8Array): string | null {
  const found = header(input);
  if (found.type !== "header") return found.type;
  return found.ends === null ? null : `${found.ends.remote.address} ${found.ends.remote.port}`;
}

const TCP4 = [192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 0x05, 0, 25];
const TCP6 = [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 5, ...Array(15).fill(0), 1, 1, 0, 0, 25];

Deno.test("version 1 names both ends in a line", () => {
  const line = "PROXY TCP4 192.0.2.7 198.51.100.1 56325 25\r\n";
  assertEquals(header(`${line}EHLO x\r\n`), {
    type: "header",
    bytes: line.length,
    ends: { remote: { address: "192.0.2.7", port: 56325 }, local: { address: "198.51.100.1", port: 25 } },
  });
  assertEquals(client("PROXY TCP6 2001:DB8:0:0::5 ::1 1 65535\r\n"), "2001:db8::5 1");
  assertEquals(client("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 1\r\n"), "192.0.2.7 1");
  assertEquals(client("PROXY UNKNOWN\r\n"), null);
  assertEquals(client("PROXY UNKNOWN ffff:f:f 1 2\r\n"), null);
});

Deno.test("a line of 107 bytes is read, one that has no end by then is refused", () => {
  const line = (bytesLong: number) => `PROXY UNKNOWN ${"x".repeat(bytesLong - 16)}\r\n`;
  assertEquals(client(line(107)), null);
  assertEquals(client(line(108)), "bad");
  assertEquals(client(line(108).slice(0, 106)), "more");
  assertEquals(client(line(108).slice(0, 107)), "bad");
});

Deno.test("what is not quite version 1 is refused", () => {
  for (
    const bad of [
      "PROXY TCP4 192.0.2.7 198.51.100.1 56325 25\n",
      "PROXY TCP4 192.0.2.7 198.51.100.1 56325 65536\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.1 056325 25\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.1 056 25\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.1 -1 25\r\n",
      "PROXY TCP4 192.0.2.07 198.51.100.1 1 25\r\n",
      "PROXY TCP4 192.0.2 198.51.100.1 1 25\r\n",
      "PROXY TCP4 ::1 ::1 1 25\r\n",
      "PROXY TCP6 192.0.2.7 ::1 1 25\r\n",
      "PROXY TCP6 fe80::1%eth0 ::1 1 25\r\n",
      "PROXY UDP4 192.0.2.7 198.51.100.1 1 25\r\n",
      "PROXY  TCP4 192.0.2.7 198.51.100.1 1 25\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.1 1 25 \r\n",
      "PROXY TCP4\r\n",
      "PROXY UNKNOWN\0\r\n",
      "proxy UNKNOWN\r\n",
      "EHLO client.test\r\n",
      "\x16\x03\x01",
    ]
  ) assertEquals(client(bad), "bad", JSON.stringify(bad));
});

Deno.test("version 2 names both ends in bytes, and what else it says is passed over", () => {
  assertEquals(header(v2(0x21, 0x11, TCP4)), {
    type: "header",
    bytes: 28,
    ends: { remote: { address: "192.0.2.7", port: 56325 }, local: { address: "198.51.100.1", port: 25 } },
  });
  assertEquals(client(v2(0x21, 0x21, TCP6)), "2001:db8::5 256");
  assertEquals(client(v2(0x21, 0x11, [...TCP4, 1, 0, 2, 0x68, 0x32])), "192.0.2.7 56325");
  const mapped = [...Array(10).fill(0), 255, 255, 192, 0, 2, 9, ...Array(16).fill(0), 0, 1, 0, 2];
  assertEquals(client(v2(0x21, 0x21, mapped)), "192.0.2.9 1");
  assertEquals(client(v2(0x20, 0x11, TCP4)), null); // LOCAL
  assertEquals(client(v2(0x20, 0x77, [])), null);
  assertEquals(client(v2(0x21, 0x00, [])), null);
  assertEquals(client(v2(0x21, 0x31, Array(216).fill(97))), null);
});

Deno.test("version 2 with too little, too much or of another kind is refused", () => {
  assertEquals(client(v2(0x21, 0x11, TCP4.slice(1))), "bad");
  assertEquals(client(v2(0x21, 0x21, TCP6.slice(1))), "bad");
  assertEquals(client(v2(0x21, 0x31, Array(215).fill(0))), "bad");
  assertEquals(client(v2(0x21, 0x12, TCP4)), "bad"); // a datagram
  assertEquals(client(v2(0x22, 0x11, TCP4)), "bad");
  assertEquals(client(v2(0x11, 0x11, TCP4)), "bad");
  assertEquals(client(v2(0x21, 0x11, TCP4, PROXY_HEADER_BYTES_MAX - 16)), "more");
  assertEquals(client(v2(0x21, 0x11, TCP4, PROXY_HEADER_BYTES_MAX - 15)), "bad");
  assertEquals(client(v2(0x21, 0x11, TCP4, 0xffff)), "bad");
});

Deno.test("every beginning of a header asks for more, and the header is the same whatever follows", () => {
  const headers = [bytes("PROXY TCP4 192.0.2.7 198.51.100.1 56325 25\r\n"), v2(0x21, 0x21, TCP6), v2(0x20, 0, [])];
  for (const whole of headers) {
    for (let i = 0; i < whole.length; i++) assertEquals(header(whole.slice(0, i)).type, "more", String(i));
    assertEquals(header(Uint8Array.of(...whole, 13, 10, 0)), header(whole));
  }
});

Deno.test("whatever comes, a header is found within its bounds or not at all, at once or bit by bit", () => {
  const part = fc.oneof(
    fc.constantFrom(
      "PROXY ",
      "TCP4 ",
      "TCP6 ",
      "UNKNOWN",
      "192.0.2.7 ",
      "::1 ",
      "25",
      "\r\n",
      SIGNATURE,
      "\x21\x11\0\x0c",
    ),
    fc.uint8Array({ maxLength: 20 }).map((codes) => String.fromCharCode(...codes)),
  );
  const start = fc.constantFrom(
    "",
    "PROXY UNKNOWN",
    "PROXY TCP4 192.0.2.7 192.0.2.7 25 25",
    `${SIGNATURE}\x20\0\0`,
    `${SIGNATURE}\x21\x11\0`,
  );
  let whole = 0;
  fc.assert(
    fc.property(start, fc.array(part, { maxLength: 12 }), (first, parts) => {
      const input = bytes(first + parts.join(""));
      const found = header(input);
      if (found.type === "more") assert(input.length < PROXY_HEADER_BYTES_MAX);
      if (found.type !== "header") return;
      whole++;
      assert(found.bytes <= input.length && found.bytes <= PROXY_HEADER_BYTES_MAX);
      assertEquals(header(input.slice(0, found.bytes)), found);
      for (let i = 0; i < found.bytes; i++) assertEquals(header(input.slice(0, i)).type, "more");
    }),
    { seed: 107, numRuns: 20_000 },
  );
  assert(whole > 100, `only ${whole} headers`);
});
