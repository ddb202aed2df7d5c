import { assert, assertEquals, assertMatch } from "@std/assert";
import * as fc from "fast-check";
import { parseMailbox } from "../../../src/mail/mod.ts";
import {
  BOUNCE_DAYS_VALID,
  LEAVE_HOURS_VALID,
  ListKeys,
  listName,
  TOKEN_HOURS_VALID,
} from "../../../src/policy/list/mod.ts";

const KEYS = new ListKeys(new Uint8Array(32).fill(7));
const OTHERS = new ListKeys(new Uint8Array(32).fill(8));
const LIST = "cats@smith.test";
const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The detail as it comes back: in lower case, as local parts are looked up. */
function detailOf(path: string | null): string {
  assert(path !== null && parseMailbox(path, { utf8: true }) !== null, `${path} is an address`);
  return listName(path.slice(0, path.lastIndexOf("@")).toLowerCase()).detail;
}

Deno.test("a common reverse-path leads back to the list, for three weeks", () => {
  const path = KEYS.bouncePath(LIST, NOW);
  assertMatch(path, /^cats-bounces\+[a-z2-7]{10}@smith\.test$/);
  assertEquals(KEYS.readBounce(LIST, detailOf(path), NOW + BOUNCE_DAYS_VALID * DAY), { type: "list" });
  assertEquals(KEYS.readBounce(LIST, detailOf(path), NOW + (BOUNCE_DAYS_VALID + 1) * DAY), null);
});

Deno.test("a member's own reverse-path leads back to him, however his letters were written", () => {
  const path = KEYS.memberPath(LIST, "Bea.B=x@Other.test", NOW);
  assertEquals(KEYS.readBounce(LIST, detailOf(path), NOW + DAY), { type: "member", address: "bea.b=x@other.test" });
});

Deno.test("a member whose reverse-path would be too long, or quoted, has none of his own", () => {
  assertEquals(KEYS.memberPath(LIST, `${"x".repeat(40)}@other.test`, NOW), null);
  assertEquals(KEYS.memberPath(LIST, '"bea b"@other.test', NOW), null);
});

Deno.test("nobody else can make a reverse-path, change one, or use one list's at another", () => {
  const detail = detailOf(KEYS.memberPath(LIST, "bea@other.test", NOW));
  const common = detailOf(KEYS.bouncePath(LIST, NOW));
  const forged = [
    detail.replace("bea", "ann"),
    `${common}=bea=other.test`,
    detail.slice(0, 10),
    detail.slice(1),
    `${detail}x`,
    "",
    "bea=other.test",
    detailOf(OTHERS.memberPath(LIST, "bea@other.test", NOW)),
    detailOf(OTHERS.bouncePath(LIST, NOW)),
  ];
  for (const other of forged) assertEquals(KEYS.readBounce(LIST, other, NOW), null, other);
  assertEquals(KEYS.readBounce("dogs@smith.test", common, NOW), null);
});

Deno.test("a token says what is confirmed and for whom, for three days, to its list alone", () => {
  const member = 'Ünï "q"=%@other.test';
  for (const kind of ["subscribe", "unsubscribe", "approve"] as const) {
    const token = KEYS.token(kind, { list: LIST, member }, NOW);
    assertMatch(token, /^[!-~]+$/);
    assertEquals(KEYS.readToken(LIST, token, NOW + TOKEN_HOURS_VALID * HOUR), { kind, member });
    assertEquals(KEYS.readToken(LIST, token, NOW + (TOKEN_HOURS_VALID + 1) * HOUR), null);
    assertEquals(KEYS.readToken("dogs@smith.test", token, NOW), null);
    assertEquals(OTHERS.readToken(LIST, token, NOW), null);
    assertEquals(KEYS.readToken(LIST, "x" + token.slice(1), NOW), null);
  }
  const token = KEYS.token("subscribe", { list: LIST, member: "bea@other.test" }, NOW);
  assertEquals(KEYS.readToken(LIST, token.replace(/^s/, "u"), NOW), null);
  assertEquals(KEYS.readToken(LIST, token.replace("bea", "ann"), NOW), null);
});

Deno.test("a member leaves by what stands in an old mail, at his own list, and by no other token", () => {
  const named = { list: LIST, member: "Bea+x@other.test" };
  const path = KEYS.leavePath(named, NOW);
  assertMatch(path, /^cats=smith\.test\/l[!-~]+$/);
  assertEquals(KEYS.readLeavePath(path, NOW + LEAVE_HOURS_VALID * HOUR), named);
  assertEquals(KEYS.readLeavePath(path, NOW + (LEAVE_HOURS_VALID + 1) * HOUR), null);
  assertEquals(KEYS.readLeavePath(decodeURIComponent(path), NOW), named, "a web server may have decoded it");
  const confirming = `cats=smith.test/${KEYS.token("unsubscribe", named, NOW)}`;
  for (const bad of [path.replace("cats", "dogs"), path.replace("Bea", "Ann"), path.slice(1), confirming, "", "/"]) {
    assertEquals(KEYS.readLeavePath(bad, NOW), null, bad);
  }
});

Deno.test("any text is a token or none: nothing is thrown", () => {
  const word = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.stringMatching(/^s[a-z2-7]{20}-[%=a-z]{0,20}$/));
  fc.assert(
    fc.property(word, (text) => {
      assertEquals(KEYS.readToken(LIST, text, NOW), null);
      assertEquals(KEYS.readBounce(LIST, text, NOW), null);
    }),
    { seed: 4, numRuns: 2_000 },
  );
});
