import { assert, assertEquals } from "@std/assert";
import { listAccepts } from "../../../src/actors/lists/accepts.ts";
import { NO_PARAMETERS } from "../../../src/mail/mod.ts";

const GOOD = {
  id: "m1-l1.0/0",
  target: { list: "cats@smith.test", role: "post", address: "cats+x@smith.test", verp: false },
  envelope: { ...NO_PARAMETERS, id: "m1", sender: "", account: null },
  parts: [new Uint8Array(3)],
};

Deno.test("the list actor takes what its protocol promises, and nothing else", () => {
  assert(listAccepts["list.take"](GOOD));
  const bad: readonly unknown[] = [
    null,
    [],
    "x",
    { ...GOOD, id: "" },
    { ...GOOD, id: "a b" },
    { ...GOOD, id: "x".repeat(201) },
    { ...GOOD, target: null },
    { ...GOOD, target: { ...GOOD.target, role: "owner" } },
    { ...GOOD, target: { ...GOOD.target, list: 1 } },
    { ...GOOD, target: { ...GOOD.target, address: "x".repeat(513) } },
    { ...GOOD, target: { ...GOOD.target, verp: "yes" } },
    { ...GOOD, envelope: { ...GOOD.envelope, sender: null } },
    { ...GOOD, envelope: { ...GOOD.envelope, priority: 10 } },
    { ...GOOD, parts: new Uint8Array(3) },
    { ...GOOD, parts: ["text"] },
  ];
  for (const request of bad) assertEquals(listAccepts["list.take"](request), false, JSON.stringify(request));
  assert(listAccepts["list.leave"]({ token: "x".repeat(2_000) }));
  for (const token of [null, 1, "x".repeat(2_001)]) assertEquals(listAccepts["list.leave"]({ token }), false);
});
