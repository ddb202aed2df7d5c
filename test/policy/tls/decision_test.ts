import { assertEquals } from "@std/assert";
import type { TlsaRecord } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import {
  type DaneFinding,
  decideRoute,
  decideTransport,
  type MtaStsPolicy,
  type TransportDecision,
  type TransportFacts,
  verifyPeer,
} from "../../../src/policy/mod.ts";
import { TestCertificate } from "../../support/certificates.ts";

const domain = (text: string) => parseDomain(text) as DomainName;
const RECORD: TlsaRecord = { usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) };
const DANE: Record<string, DaneFinding> = {
  none: { type: "none" },
  usable: { type: "usable", records: [RECORD] },
  unusable: { type: "unusable" },
  failed: { type: "failed" },
};
const sts = (mode: MtaStsPolicy["mode"], mx = "*.a.example"): MtaStsPolicy => ({ mode, maxAgeSeconds: 1, mx: [mx] });
const STS: Record<string, MtaStsPolicy | null> = {
  "-": null,
  none: sts("none"),
  testing: sts("testing"),
  enforce: sts("enforce"),
  "enforce, others": sts("enforce", "mx.b.example"),
  "testing, others": sts("testing", "mx.b.example"),
};

const FACTS: TransportFacts = {
  destination: domain("a.example"),
  host: domain("mx.a.example"),
  byMx: true,
  mxSecure: false,
  dane: { type: "none" },
  tlsaBase: "mx.a.example",
  destinationAlias: null,
  mtaSts: null,
  requireTls: false,
};

/** A decision in a word: the level, or the status that is said. */
function said(decision: TransportDecision): string {
  return decision.mayUseHost ? decision.level : decision.status;
}

const decide = (facts: Partial<TransportFacts>) => decideTransport({ ...FACTS, ...facts });

Deno.test("DANE outranks MTA-STS, and each demands what its RFC says", () => {
  const table: readonly (readonly [dane: string, mtaSts: string, said: string, policy: string])[] = [
    ["none", "-", "opportunistic", "no-policy-found"],
    ["none", "none", "opportunistic", "no-policy-found"],
    ["none", "testing", "opportunistic", "sts"],
    ["none", "testing, others", "opportunistic", "sts"],
    ["none", "enforce", "verify-pkix", "sts"],
    ["none", "enforce, others", "4.7.5", "sts"],
    ["unusable", "-", "encrypt", "tlsa"],
    ["unusable", "testing", "encrypt", "tlsa"],
    ["unusable", "enforce", "verify-pkix", "sts"],
    ["unusable", "enforce, others", "4.7.5", "sts"],
    ["usable", "-", "verify-dane", "tlsa"],
    ["usable", "testing", "verify-dane", "tlsa"],
    ["usable", "enforce", "verify-dane", "tlsa"],
    ["usable", "enforce, others", "verify-dane", "tlsa"],
    ["failed", "-", "4.4.3", "tlsa"],
    ["failed", "testing", "4.4.3", "tlsa"],
    ["failed", "enforce", "4.4.3", "tlsa"],
  ];
  for (const [dane, mtaSts, expected, policy] of table) {
    const decision = decide({ dane: DANE[dane]!, mtaSts: STS[mtaSts]!, mxSecure: dane !== "none" });
    assertEquals([said(decision), decision.policy], [expected, policy], `${dane}, ${mtaSts}`);
  }
});

Deno.test("REQUIRETLS never goes without a checked certificate, nor to a host that nobody vouches for", () => {
  const table: readonly (readonly [way: "mx" | "secure mx" | "no mx", dane: string, mtaSts: string, said: string])[] = [
    ["mx", "none", "-", "5.7.10"],
    ["mx", "none", "none", "5.7.10"],
    ["mx", "none", "testing", "verify-pkix"],
    ["mx", "none", "testing, others", "5.7.10"],
    ["mx", "none", "enforce", "verify-pkix"],
    ["mx", "none", "enforce, others", "4.7.5"],
    ["secure mx", "none", "-", "verify-pkix"],
    ["secure mx", "unusable", "-", "verify-pkix"],
    ["secure mx", "usable", "-", "verify-dane"],
    ["secure mx", "failed", "-", "4.4.3"],
    ["no mx", "none", "-", "verify-pkix"],
  ];
  for (const [way, dane, mtaSts, expected] of table) {
    const decision = decide({
      requireTls: true,
      byMx: way !== "no mx",
      mxSecure: way === "secure mx",
      dane: DANE[dane]!,
      mtaSts: STS[mtaSts]!,
    });
    assertEquals(said(decision), expected, `${way}, ${dane}, ${mtaSts}`);
    if (!decision.mayUseHost) assertEquals(decision.action, expected.startsWith("5") ? "failed" : "deferred");
  }
});

Deno.test("the names to verify are the host, and under DANE the destination too", () => {
  const names = (facts: Partial<TransportFacts>) => {
    const decision = decide(facts);
    return decision.mayUseHost ? decision.names : null;
  };
  assertEquals(names({ mtaSts: STS.enforce! }), ["mx.a.example"]);
  assertEquals(names({ dane: DANE.usable!, mxSecure: true }), ["mx.a.example", "a.example"]);
  const self = { host: FACTS.destination, byMx: false, mxSecure: true };
  assertEquals(names({ dane: DANE.usable!, ...self, tlsaBase: "a.example" }), ["a.example"]);
  // RFC 7672 §3.2.2: what aliases stand for comes first, or third.
  const alias = { dane: DANE.usable!, mxSecure: true, tlsaBase: "host.b.example" };
  assertEquals(names(alias), ["host.b.example", "a.example"]);
  assertEquals(names({ ...alias, destinationAlias: "c.example" }), ["host.b.example", "a.example", "c.example"]);
  assertEquals(names({ ...alias, ...self }), ["host.b.example", "a.example"]);
});

Deno.test("a policy in testing stops nothing, but says what is to be reported", () => {
  const testing = (mtaSts: MtaStsPolicy | null) => {
    const decision = decide({ mtaSts });
    return decision.mayUseHost ? decision.testing : "refused";
  };
  assertEquals(testing(STS.testing!), { hostMatches: true });
  assertEquals(testing(STS["testing, others"]!), { hostMatches: false });
  assertEquals(testing(STS.enforce!), null);
  assertEquals(testing(null), null);
});

Deno.test("a route is taken as its operator wrote it, but never below what the mail asks for", () => {
  const table = [
    ["none", true, "none"],
    ["opportunistic", true, "opportunistic"],
    ["required", true, "verify-pkix"],
    ["required", false, "encrypt"],
    ["implicit", true, "verify-pkix"],
    ["implicit", false, "encrypt"],
  ] as const;
  for (const [tls, verify, plain] of table) {
    const route = { tls, verify, host: "relay.example" };
    assertEquals(said(decideRoute({ ...route, requireTls: false })), plain, tls);
    assertEquals(said(decideRoute({ ...route, requireTls: true })), "verify-pkix", tls);
  }
});

Deno.test("a peer is checked by its level", () => {
  const nowMs = Date.now();
  const names = [domain("mx.a.example")];
  const make = (request: { names?: string[]; notAfterMs?: number }) =>
    TestCertificate.selfSigned({ commonName: "mx.a.example", notBeforeMs: 0, ...request }).der;
  const good = make({ names: ["mx.a.example"] });
  const check = (
    level: "encrypt" | "opportunistic" | "verify-pkix" | "verify-dane",
    der: Uint8Array,
    trusted = true,
  ) => {
    const peer = { chain: [der], trusted, error: trusted ? null : "SELF_SIGNED" };
    const verdict = verifyPeer({ level, names, tlsa: [RECORD] }, peer, nowMs);
    return verdict.ok ? verdict.by : verdict.result;
  };
  assertEquals(check("opportunistic", good, false), "nothing");
  assertEquals(check("encrypt", new Uint8Array(), false), "nothing");
  assertEquals(check("verify-pkix", good), "pkix");
  assertEquals(check("verify-pkix", good, false), "certificate-not-trusted");
  assertEquals(check("verify-pkix", make({ names: ["mx.b.example"] })), "certificate-host-mismatch");
  assertEquals(check("verify-pkix", make({})), "certificate-host-mismatch", "a common name is no DNS name");
  assertEquals(
    check("verify-pkix", make({ names: ["mx.a.example"], notAfterMs: nowMs - 1_000 })),
    "certificate-expired",
  );
  assertEquals(check("verify-pkix", new Uint8Array(3)), "certificate-not-trusted");
  assertEquals(check("verify-dane", good), "validation-failure");
});
