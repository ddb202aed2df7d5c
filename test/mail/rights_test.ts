import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  ALL_RIGHTS,
  formatRights,
  hasAnyRight,
  hasRights,
  joinRights,
  NO_RIGHTS,
  parseRights,
  type Rights,
  withoutRights,
} from "../../src/mail/mod.ts";

const SEED = 4_314;
const anyRights = fc.subarray([...ALL_RIGHTS]).map((letters) => parseRights(letters.join(""))!);

Deno.test("rights are letters in one order, each once, and the old ones stand for their parts (RFC 4314 §2.1.1)", () => {
  const cases: readonly [string, string | null][] = [
    ["", ""],
    ["arl", "lra"],
    ["lrllr", "lr"],
    ["lrswida", "lrswitea"],
    ["c", "kx"],
    ["q", null],
    ["L", null],
    ["lr ", null],
    ["0", null],
  ];
  for (const [text, expected] of cases) assertEquals(parseRights(text) as string | null, expected, text);
});

Deno.test("the old rights are told with any of their parts, and read again rights have not grown but by the other part", () => {
  assertEquals(formatRights(parseRights("lrk")!), "lrkc");
  assertEquals(formatRights(parseRights("lrx")!), "lrxc");
  assertEquals(formatRights(parseRights("te")!), "ted");
  assertEquals(formatRights(ALL_RIGHTS), "lrswipkxteancd");
  assertEquals(formatRights(NO_RIGHTS), "");
});

Deno.test("joined and taken apart, rights are as sets of letters are", () => {
  const letters = (rights: Rights) => new Set(rights);
  fc.assert(
    fc.property(anyRights, anyRights, (one, other) => {
      assertEquals(letters(joinRights(one, other)), letters(one).union(letters(other)));
      assertEquals(letters(withoutRights(one, other)), letters(one).difference(letters(other)));
      assertEquals(hasRights(one, other), letters(other).isSubsetOf(letters(one)));
      assertEquals(hasAnyRight(one, other), !letters(other).isDisjointFrom(letters(one)));
      assert([one, joinRights(one, other), withoutRights(one, other)].every((each) => parseRights(each) === each));
    }),
    { seed: SEED },
  );
});
