import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { type TlsaRecord, utf8 } from "../../../src/base/mod.ts";
import {
  type MtaStsPolicy,
  parseCertificate,
  parseMtaStsPolicy,
  parseMtaStsRecord,
  parseReportRecord,
  POLICY_HOSTS_MAX,
  policyLines,
  usableTlsa,
  verifyDane,
} from "../../../src/policy/mod.ts";
import { TestCertificate } from "../../support/certificates.ts";

const SEED = 8461;

const label = fc.string({
  minLength: 1,
  maxLength: 10,
  unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz"),
});
const host = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join("."));
const policy: fc.Arbitrary<MtaStsPolicy> = fc.record({
  mode: fc.constantFrom("enforce", "testing", "none"),
  maxAgeSeconds: fc.nat(31_557_600),
  mx: fc.array(fc.oneof(host, host.map((name) => `*.${name}`)), { minLength: 1, maxLength: 5 }),
});

/** Whether every policy that is written comes back, whatever ends its lines and whatever unknown field stands among them. */
function roundTrip(write: (policy: MtaStsPolicy) => readonly string[]): void {
  fc.assert(
    fc.property(policy, fc.constantFrom("\n", "\r\n"), fc.nat(3), (wanted, end, place) => {
      const lines = [...write(wanted)];
      lines.splice(place, 0, "x-new_field.1: a:b c");
      assertEquals(parseMtaStsPolicy(utf8(lines.join(end))), wanted);
    }),
    { seed: SEED, numRuns: 500 },
  );
}

Deno.test("every policy that is written is read as it was", () => roundTrip(policyLines));

Deno.test("canary: the fuzzer finds a writer that forgets that a wildcard is one", () => {
  const wrong = (wanted: MtaStsPolicy) =>
    policyLines({ ...wanted, mx: wanted.mx.map((name) => name.replace(/^\*\./, "")) });
  assertThrows(() => roundTrip(wrong), Error, "Property failed");
});

const piece = fc.oneof(
  fc.constantFrom("version", "mode", "mx", "max_age", ":", ": ", "\n", "\r\n", "\r", "STSv1", "enforce", "none", "*."),
  fc.constantFrom("v=STSv1", "v=TLSRPTv1", ";", "id", "rua", "=", ",", " ", "mailto:a@b.example", "https://b.example/"),
  fc.constantFrom("\0", "\ufeff", "é", "1", "99999999999", "a.example", ".", "%41", "%"),
  fc.string({ maxLength: 5, unit: "binary" }),
);
const soup = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));

Deno.test("any text is a sound policy or none, a sound record or none", () => {
  fc.assert(
    fc.property(soup, (text) => {
      const found = parseMtaStsPolicy(utf8(text));
      if (found !== null) {
        assert(found.mx.length <= POLICY_HOSTS_MAX && (found.mx.length > 0 || found.mode === "none"));
        assert(found.mx.every((name) => /^(\*\.)?[a-z0-9.-]+$/.test(name)));
        assertEquals(parseMtaStsPolicy(utf8(policyLines(found).join("\n"))), found);
      }
      assert(/^[A-Za-z0-9]{1,32}$/.test(parseMtaStsRecord([text]) ?? "x"));
      for (const target of parseReportRecord([text])) {
        assert(/^[\x21-\x7e]+$/.test(target.type === "mailto" ? target.address : target.url));
      }
    }),
    { seed: SEED, numRuns: 3_000 },
  );
});

const ROOT = TestCertificate.selfSigned({ commonName: "Root", authority: true });
const LEAF = ROOT.issue({ commonName: "mx.a.example", names: ["mx.a.example"] });
const damage = fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { minLength: 1, maxLength: 4 });

function damaged(der: Uint8Array, at: readonly (readonly [number, number])[]): Uint8Array {
  const copy = der.slice();
  for (const [place, value] of at) copy[place % copy.length] = value;
  return copy;
}

Deno.test("any bytes are a certificate or none, and a damaged one never passes for the whole", () => {
  const digest = (certificate: TestCertificate) =>
    new Uint8Array(createHash("sha256").update(certificate.der).digest());
  const records: TlsaRecord[] = [
    { usage: 3, selector: 0, matching: 1, data: digest(LEAF) },
    { usage: 2, selector: 0, matching: 1, data: digest(ROOT) },
  ];
  const check = (chain: Uint8Array[]) =>
    verifyDane(chain, usableTlsa(records), { names: ["mx.a.example"], nowMs: Date.now() }).ok;
  assertEquals(check([LEAF.der, ROOT.der]), true);
  fc.assert(
    fc.property(damage, (at) => {
      const [leaf, root] = [damaged(LEAF.der, at), damaged(ROOT.der, at)];
      const same = leaf.every((byte, i) => byte === LEAF.der[i]);
      if (!same) assertEquals(check([leaf, ROOT.der]), false);
      if (!root.every((byte, i) => byte === ROOT.der[i])) check([LEAF.der, root]);
    }),
    { seed: SEED, numRuns: 500 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (der) => parseCertificate(der) === null), { seed: SEED });
  fc.assert(fc.property(fc.nat(LEAF.der.length - 1), (end) => parseCertificate(LEAF.der.subarray(0, end)) === null), {
    seed: SEED,
  });
});

Deno.test("canary: a checker that looks at the key alone lets damaged certificates pass", () => {
  const spki = new Uint8Array(createHash("sha256").update(LEAF.spki).digest());
  const records: TlsaRecord[] = [{ usage: 3, selector: 1, matching: 1, data: spki }];
  assertThrows(
    () =>
      fc.assert(
        fc.property(damage, (at) => {
          const leaf = damaged(LEAF.der, at);
          const same = leaf.every((byte, i) => byte === LEAF.der[i]);
          assertEquals(verifyDane([leaf], records, { names: [], nowMs: 0 }).ok, same);
        }),
        { seed: SEED, numRuns: 500 },
      ),
    Error,
    "Property failed",
  );
});
