import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  FIELD_BYTES_MAX,
  findMechanism,
  MECHANISMS,
  plain,
  type SaslStep,
  usableMechanisms,
} from "../../../src/protocol/sasl/mod.ts";

const credentials = (user: string, secret: string): SaslStep => ({
  type: "credentials",
  credentials: { user, secret },
});
const MALFORMED: SaslStep = { type: "failed", problem: "malformed" };

Deno.test("PLAIN reads name and password from an initial response", () => {
  assertEquals(plain.begin(utf8("\0tim\0tanstaaftanstaaf")), credentials("tim", "tanstaaftanstaaf"));
  assertEquals(plain.begin(utf8("tim\0tim\0pw")), credentials("tim", "pw"));
  assertEquals(plain.begin(utf8("\0jürgen\0☃ mit Leerzeichen ")), credentials("jürgen", "☃ mit Leerzeichen "));
});

Deno.test("PLAIN without an initial response sends an empty challenge first", () => {
  const step = plain.begin(null);
  assert(step.type === "challenge");
  assertEquals(step.data.length, 0);
  assertEquals(step.next(utf8("\0a\0b")), credentials("a", "b"));
  // The exchange is a value: the same step can be taken again.
  assertEquals(step.next(utf8("\0c\0d")), credentials("c", "d"));
});

Deno.test("PLAIN lets nobody act for somebody else", () => {
  assertEquals(plain.begin(utf8("Ursel\0Kurt\0xipj3plmq")), { type: "failed", problem: "otherIdentity" });
  assertEquals(plain.begin(utf8("KURT\0Kurt\0xipj3plmq")), { type: "failed", problem: "otherIdentity" });
});

Deno.test("PLAIN refuses what its grammar does not allow", () => {
  const wrong = [
    "",
    "a",
    "\0",
    "\0\0",
    "\0a",
    "\0a\0",
    "\0\0b",
    "a\0\0b",
    "\0a\0b\0",
    "\0a\0b\0c",
    "\0a\nb\0c",
    "\0a\0b\u001b",
  ];
  for (const message of wrong) assertEquals(plain.begin(utf8(message)), MALFORMED, JSON.stringify(message));
  assertEquals(plain.begin(Uint8Array.of(0, 0xff, 0, 0x61)), MALFORMED);
  assertEquals(plain.begin(Uint8Array.of(0, 0xc0, 0xaf, 0, 0x61)), MALFORMED);
});

Deno.test("PLAIN takes fields of 1,024 octets and no longer ones", () => {
  const field = "x".repeat(FIELD_BYTES_MAX);
  assertEquals(plain.begin(utf8(`${field}\0${field}\0${field}`)), credentials(field, field));
  assertEquals(plain.begin(utf8(`\0${field}x\0pw`)), MALFORMED);
  assertEquals(plain.begin(utf8(`\0u\0${field}x`)), MALFORMED);
});

Deno.test("PLAIN never throws, and gives only what was sent", () => {
  const bytes = fc.array(fc.constantFrom(0, 0, 0x61, 0x62, 0xc3, 0xa4, 0x07, 0xff), { maxLength: 12 });
  fc.assert(
    fc.property(bytes, (given) => {
      const step = plain.begin(Uint8Array.from(given));
      if (step.type !== "credentials") return;
      const { user, secret } = step.credentials;
      const sent = new TextDecoder().decode(Uint8Array.from(given));
      assert(sent === `\0${user}\0${secret}` || sent === `${user}\0${user}\0${secret}`);
    }),
    { seed: 4616, numRuns: 3_000 },
  );
});

Deno.test("without TLS no mechanism is usable unless allowed, and each only where what it needs is there", () => {
  const names = (allowed: boolean, offer = {}) =>
    usableMechanisms(allowed, { binding: null, certified: false, bearer: false, ...offer }).map(({ name }) => name);
  assertEquals(names(false, { binding: new Uint8Array(32), certified: true, bearer: true }), []);
  assertEquals(names(true), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"]);
  assertEquals(names(true, { binding: new Uint8Array(32) })[0], "SCRAM-SHA-256-PLUS");
  assertEquals(
    names(true, { binding: new Uint8Array(32), certified: true, bearer: true }),
    MECHANISMS.map(({ name }) => name),
  );
  assertEquals(findMechanism("plain"), plain);
  assertEquals(findMechanism("PLAINX"), null);
  assertEquals(findMechanism("__proto__"), null);
});

Deno.test("every mechanism has a registrable name", () => {
  for (const { name } of MECHANISMS) assert(/^[A-Z0-9_-]{1,20}$/.test(name));
});
