import { assertEquals } from "@std/assert";
import { dispositionOf, type Findings } from "../../../src/policy/sender/mod.ts";

/** A mail that its author's domain wants rejected, and what a forwarder says of it. */
function forwarded(arc: Partial<Findings["arc"]>, trusted: readonly string[], dmarc: Partial<Findings["dmarc"]> = {}) {
  const nothing = { domain: null, mechanism: null, problem: null, explanation: null };
  const findings: Findings = {
    spf: { ...nothing, result: "fail", identity: "mailfrom" },
    dkim: [],
    arc: { result: "pass", reason: null, sets: 1, sealer: "list.test", dmarc: "pass", ...arc },
    dmarc: {
      ...{ result: "fail", decision: "reject", domain: "bank.test", policy: "reject", policyDomain: "bank.test" },
      reason: "",
      ...dmarc,
    },
  };
  return dispositionOf(findings, trusted).type;
}

Deno.test("a forwarder that the operator trusts vouches for a mail, and nobody else does", () => {
  assertEquals(forwarded({}, ["list.test"]), "accept");
  for (const trusted of [[], ["other.test"], ["test"], ["sub.list.test"]]) {
    assertEquals(forwarded({}, trusted), "reject", trusted.join());
  }
  assertEquals(forwarded({ sealer: null }, ["list.test"]), "reject");
});

Deno.test("who is trusted vouches by a chain that is whole, and for what passed there", () => {
  for (const result of ["none", "fail", "temperror"] as const) {
    assertEquals(forwarded({ result }, ["list.test"]), "reject", result);
  }
  for (const dmarc of ["fail", "none", null]) assertEquals(forwarded({ dmarc }, ["list.test"]), "reject");
});

Deno.test("of a mail without one author nobody can say whose it is, whoever forwards it", () => {
  assertEquals(forwarded({}, ["list.test"], { result: "permerror" }), "reject");
});
