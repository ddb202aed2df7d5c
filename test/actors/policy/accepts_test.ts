import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { policyAccepts } from "../../../src/actors/policy/accepts.ts";
import { policyActor } from "../../../src/actors/policy/mod.ts";

const CHECK = { ip: "192.0.2.1", helo: "h.test", sender: "", parts: [new Uint8Array(3)] };
const KEY = { domain: "bank.test", selector: "s", pem: "x" };
const SIGN = { parts: [new Uint8Array(3)], keys: [KEY] };

Deno.test("every message of the policy actor has a check, which takes what its type promises", () => {
  assertEquals(Object.keys(policyActor.accepts ?? {}).sort(), Object.keys(policyActor.receive).sort());
  assert(policyAccepts["policy.check"](CHECK) && policyAccepts["policy.sign"](SIGN));
  assert(policyAccepts["policy.check"]({ ...CHECK, parts: [] }) && policyAccepts["policy.sign"]({ ...SIGN, keys: [] }));
});

Deno.test("a part of another type or a missing field is refused", () => {
  for (const bad of [null, 1, [], {}, undefined, new Uint8Array(1), ["x"], [[1]], [null]]) {
    for (const field of Object.keys(CHECK)) {
      if (field === "parts" && Array.isArray(bad) && bad.length === 0) continue;
      assertEquals(policyAccepts["policy.check"]({ ...CHECK, [field]: bad }), false, `${field} ${String(bad)}`);
    }
    if (!Array.isArray(bad) || bad.length > 0) {
      assertEquals(policyAccepts["policy.sign"]({ ...SIGN, keys: bad }), false);
    }
    for (const field of Object.keys(KEY)) {
      assertEquals(policyAccepts["policy.sign"]({ ...SIGN, keys: [{ ...KEY, [field]: bad }] }), false, field);
    }
  }
});

Deno.test("every limit of a request to the policy actor holds at its value and not one beyond", () => {
  const check = (over: object) => policyAccepts["policy.check"]({ ...CHECK, ...over });
  const sign = (over: object) => policyAccepts["policy.sign"]({ ...SIGN, ...over });
  for (const field of ["ip", "helo", "sender"]) {
    assert(check({ [field]: "x".repeat(4_096) }));
    assert(!check({ [field]: "x".repeat(4_097) }));
  }
  const empty = new Uint8Array(0);
  assert(check({ parts: new Array(100_000).fill(empty) }) && !check({ parts: new Array(100_001).fill(empty) }));
  const block = new Uint8Array(1024 * 1024);
  assert(
    sign({ parts: new Array(256).fill(block) }) && !sign({ parts: [...new Array(256).fill(block), new Uint8Array(1)] }),
  );
  assert(sign({ keys: new Array(8).fill(KEY) }) && !sign({ keys: new Array(9).fill(KEY) }));
  assert(sign({ keys: [{ ...KEY, pem: "x".repeat(8_192) }] }) && !sign({ keys: [{ ...KEY, pem: "x".repeat(8_193) }] }));
});

Deno.test("no check of the policy actor's requests ever throws", () => {
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom("ip", "parts", "keys"), (value, field) => {
      for (const accepts of Object.values(policyAccepts)) {
        assertEquals(typeof accepts(value), "boolean");
        assertEquals(typeof accepts({ ...CHECK, ...SIGN, [field]: value }), "boolean");
      }
    }),
    { seed: 51, numRuns: 2_000 },
  );
});
