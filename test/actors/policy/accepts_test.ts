import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { policyAccepts } from "../../../src/actors/policy/accepts.ts";
import { policyActor } from "../../../src/actors/policy/mod.ts";

const CHECK = { ip: "192.0.2.1", helo: "h.test", sender: "", parts: [new Uint8Array(3)], seal: null };
const SCAN = {
  id: "i",
  direction: "incoming",
  staysHere: true,
  ip: "192.0.2.1",
  name: "mail.there.test",
  helo: "h.test",
  sender: "a@there.test",
  recipients: ["b@here.test"],
  user: "c@here.test",
  parts: [new Uint8Array(3)],
};
const SIGNING = { domain: "bank.test", selectors: ["r", "e"] };
const SIGN = { ...SIGNING, head: new Uint8Array(3), bodyHash: new Uint8Array(32) };
const KEY = { domain: "bank.test", selector: "r", algorithm: "rsa-sha256", publicKey: "AAAA" };

Deno.test("every message of the policy actor has a check, which takes what its type promises", () => {
  assertEquals(Object.keys(policyActor.accepts ?? {}).sort(), Object.keys(policyActor.receive).sort());
  assert(policyAccepts["policy.check"](CHECK) && policyAccepts["policy.sign"](SIGN));
  assert(policyAccepts["policy.check"]({ ...CHECK, seal: SIGNING, parts: [] }));
  assert(policyAccepts["policy.sign"]({ ...SIGN, selectors: [] }));
  assert(policyAccepts["policy.listed"]({ ip: CHECK.ip }));
  assert(policyAccepts["policy.scan"](SCAN));
  assert(policyAccepts["policy.scan"]({ ...SCAN, direction: "outgoing", ip: null, name: null, user: null }));
  assert(
    policyAccepts["policy.checkKey"](KEY) && policyAccepts["policy.checkKey"]({ ...KEY, algorithm: "ed25519-sha256" }),
  );
});

Deno.test("a part of another type or a missing field is refused", () => {
  for (const bad of [null, 1, [], {}, undefined, new Uint8Array(1), ["x"], [[1]], [null]]) {
    for (const field of Object.keys(CHECK)) {
      if (field === "parts" && Array.isArray(bad) && bad.length === 0) continue;
      if (field === "seal" && bad === null) continue;
      assertEquals(policyAccepts["policy.check"]({ ...CHECK, [field]: bad }), false, `${field} ${String(bad)}`);
    }
    assertEquals(policyAccepts["policy.listed"]({ ip: bad }), false, `ip ${String(bad)}`);
    for (const field of Object.keys(SCAN)) {
      if (bad === null && (field === "ip" || field === "name" || field === "user")) continue;
      if (Array.isArray(bad) && (bad.length === 0 || (field === "recipients" && bad[0] === "x"))) continue;
      assertEquals(policyAccepts["policy.scan"]({ ...SCAN, [field]: bad }), false, `${field} ${String(bad)}`);
    }
    for (const field of Object.keys(SIGN)) {
      if (field === "selectors" && Array.isArray(bad) && (bad.length === 0 || bad[0] === "x")) continue;
      if (field === "head" && bad instanceof Uint8Array) continue;
      assertEquals(policyAccepts["policy.sign"]({ ...SIGN, [field]: bad }), false, field);
    }
    for (const field of Object.keys(KEY)) {
      assertEquals(policyAccepts["policy.checkKey"]({ ...KEY, [field]: bad }), false, field);
    }
  }
  assert(!policyAccepts["policy.checkKey"]({ ...KEY, algorithm: "rsa-sha1" }));
});

Deno.test("every limit of a request to the policy actor holds at its value and not one beyond", () => {
  const check = (over: object) => policyAccepts["policy.check"]({ ...CHECK, ...over });
  const sign = (over: object) => policyAccepts["policy.sign"]({ ...SIGN, ...over });
  for (const field of ["ip", "helo", "sender"]) {
    assert(check({ [field]: "x".repeat(4_096) }));
    assert(!check({ [field]: "x".repeat(4_097) }));
  }
  const listed = (chars: number) => policyAccepts["policy.listed"]({ ip: "x".repeat(chars) });
  assert(listed(4_096) && !listed(4_097));
  const scan = (over: object) => policyAccepts["policy.scan"]({ ...SCAN, ...over });
  assert(scan({ recipients: new Array(1_000).fill("r") }) && !scan({ recipients: new Array(1_001).fill("r") }));
  assert(!scan({ recipients: ["x".repeat(4_097)] }) && !scan({ direction: "sideways" }));
  const empty = new Uint8Array(0);
  assert(check({ parts: new Array(100_000).fill(empty) }) && !check({ parts: new Array(100_001).fill(empty) }));
  const block = new Uint8Array(1024 * 1024);
  const parts = new Array(256).fill(block);
  assert(check({ parts }) && !check({ parts: [...parts, new Uint8Array(1)] }));
  assert(sign({ head: block }) && !sign({ head: new Uint8Array(block.length + 1) }));
  assert(sign({ head: empty }) && !sign({ bodyHash: new Uint8Array(31) }) && !sign({ bodyHash: new Uint8Array(33) }));
  assert(sign({ selectors: new Array(100).fill("r") }) && !sign({ selectors: new Array(101).fill("r") }));
  const seal = (selectors: readonly string[]) => check({ seal: { ...SIGNING, selectors } });
  assert(seal(new Array(100).fill("r")) && !seal(new Array(101).fill("r")));
});

Deno.test("no check of the policy actor's requests ever throws", () => {
  fc.assert(
    fc.property(
      fc.anything(),
      fc.constantFrom("ip", "parts", "seal", "selectors", "recipients", "head", "bodyHash"),
      (value, field) => {
        for (const accepts of Object.values(policyAccepts)) {
          assertEquals(typeof accepts(value), "boolean");
          assertEquals(typeof accepts({ ...CHECK, ...SCAN, ...SIGN, ...KEY, [field]: value }), "boolean");
        }
      },
    ),
    { seed: 51, numRuns: 2_000 },
  );
});
