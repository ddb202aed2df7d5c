import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, latin1, utf8 } from "../../../src/base/mod.ts";
import { authenticationResults, authorOf, readMessage, withoutForgedResults } from "../../../src/policy/header/mod.ts";

const OURS = "mx.example.test";

function without(text: string): string {
  return latin1(concat([...withoutForgedResults([utf8(text)], OURS)]));
}

Deno.test("results are written one a line, values quoted where they must be", () => {
  const field = authenticationResults(OURS, [
    { method: "spf", result: "pass", properties: [["smtp.mailfrom", "a.test"], ["smtp.helo", null]] },
    { method: "iprev", result: "fail", comment: "no name", properties: [["policy.iprev", "2001:db8::1"]] },
  ]);
  assertEquals(
    field,
    `Authentication-Results: mx.example.test;\r\n\tspf=pass smtp.mailfrom=a.test;\r\n\tiprev=fail (no name) policy.iprev="2001:db8::1"\r\n`,
  );
  assertEquals(authenticationResults(OURS, []), "Authentication-Results: mx.example.test; none\r\n");
});

Deno.test("nothing a stranger chose ends the field, a comment or a quoted string", () => {
  const hostile = 'a"; spf=pass b=\\"';
  const [, line] = authenticationResults(OURS, [{ method: "m", result: "fail", properties: [["a.b", hostile]] }])
    .split("\r\n");
  assertEquals(line?.trim(), String.raw`m=fail a.b="a\"; spf=pass b=\\\""`);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (comment, value) => {
      const field = authenticationResults(OURS, [{
        method: "m",
        result: "pass",
        comment,
        properties: [["a.b", value]],
      }]);
      assert(/^[\x20-\x7e\r\n\t]*$/.test(field));
      assertEquals(field.split("\r\n").length, 3);
      assertEquals(readMessage([utf8(field)]).fields.length, 1);
      // Without quoted strings, there is at most the one comment of ours left.
      const bare = field.replace(/"(?:[^"\\]|\\.)*"/g, "");
      assert(!bare.includes('"') && bare.split("(").length <= 2 && bare.split(")").length === bare.split("(").length);
    }),
    { seed: 3, numRuns: 2_000 },
  );
});

Deno.test("fields that claim to be ours go, however they are written; others stay byte for byte", () => {
  const kept =
    "From: a@b.test\r\nauthentication-results: other.test; spf=pass\r\n\r\nAuthentication-Results: mx.example.test\r\n";
  const forged = [
    "Authentication-Results: mx.example.test; spf=pass\r\n",
    "AUTHENTICATION-RESULTS : MX.Example.TEST 1; dkim=pass\r\n\theader.d=x\r\n",
    'Authentication-Results: "mx.example.test"; dmarc=pass\r\n',
    "Authentication-Results: (a (nested\\) one)) mx.example.test.;\r\n",
    "Authentication-Results:\r\n\tmx.example.test(x); none\r\n",
    "Authentication-Results: \r\n",
    "Authentication-Results: (never ends; mx.example.test\r\n",
    'Authentication-Results: "mx.example.test; spf=pass\r\n',
  ];
  for (const field of forged) assertEquals(without(field + kept), kept, field);
  assertEquals(without(forged.join("") + kept), kept);
  const between = "A: 1\r\n" + forged[1] + "B: \xff 2\r\n" + forged[0] + "C: 3\r\n\r\n\r\nbody";
  const bytes = Uint8Array.from(between, (char) => char.charCodeAt(0));
  assertEquals(latin1(concat([...withoutForgedResults([bytes], OURS)])), "A: 1\r\nB: \xff 2\r\nC: 3\r\n\r\n\r\nbody");
});

Deno.test("a message without such fields is handed back as it is, not copied", () => {
  const parts = [utf8("From: a@b.test\r\n"), utf8("\r\nbody")];
  assertEquals(withoutForgedResults(parts, OURS) === parts, true);
});

Deno.test("how a message is cut into pieces makes no difference to what is taken out", () => {
  const text = "X: 1\r\nAuthentication-Results: mx.example.test; none\r\nY: 2\r\n\r\nbody\r\n\r\n.";
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), text.length];
      const parts = places.slice(1).map((end, i) => utf8(text.slice(places[i], end)));
      assertEquals(latin1(concat([...withoutForgedResults(parts, OURS)])), "X: 1\r\nY: 2\r\n\r\nbody\r\n\r\n.");
    }),
    { seed: 5, numRuns: 500 },
  );
});

Deno.test("the author of a field is its first word", () => {
  assertEquals(authorOf(" a.test; x"), "a.test");
  assertEquals(authorOf(" a.test 1;"), "a.test");
  assertEquals(authorOf(""), null);
  assertEquals(authorOf(" ;"), null);
});
