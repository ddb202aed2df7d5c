import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import type { DnsAnswer, TlsaRecord } from "../../../src/base/mod.ts";
import {
  CHAIN_MAX,
  daneFinding,
  TLSA_RECORDS_MAX,
  tlsaBases,
  tlsaName,
  usableTlsa,
  verifyDane,
} from "../../../src/policy/mod.ts";
import { type CertificateRequest, TestCertificate } from "../../support/certificates.ts";

const NOW_MS = Date.now();
const DAY_MS = 24 * 60 * 60 * 1000;
const HOST = "mx.a.example";

const ROOT = TestCertificate.selfSigned({ commonName: "Root", authority: true });
const MIDDLE = ROOT.issue({ commonName: "Middle", authority: true });
const LEAF = MIDDLE.issue({ commonName: HOST, names: [HOST] });
const OTHER = TestCertificate.selfSigned({ commonName: HOST, names: [HOST] });

/** A record of a certificate in its short notation, e.g. `3 1 1`. */
function record(kind: string, certificate: TestCertificate): TlsaRecord {
  const [usage, selector, matching] = kind.split(" ").map(Number) as [number, number, number];
  const selected = selector === 0 ? certificate.der : certificate.spki;
  const digest = matching === 1 ? "sha256" : "sha512";
  const data = matching === 0 ? selected : new Uint8Array(createHash(digest).update(selected).digest());
  return { usage, selector, matching, data };
}

const found = (records: TlsaRecord[], secure = true): DnsAnswer<TlsaRecord> => ({ type: "found", records, secure });

/** What checking a chain brings, in a word. */
function verdict(chain: TestCertificate[], records: TlsaRecord[], names = [HOST], nowMs = NOW_MS): string {
  const result = verifyDane(chain.map(({ der }) => der), usableTlsa(records), { names, nowMs });
  return result.ok ? result.by : result.result;
}

Deno.test("the records of a mail server stand below its port", () => {
  assertEquals(tlsaName("mx.a.example", 25), "_25._tcp.mx.a.example"); // RFC 7672 §2.2.3
});

Deno.test("what the DNS says decides whether a host is checked, only encrypted, as any other, or not used", () => {
  const cases: readonly (readonly [string, DnsAnswer<TlsaRecord> | null])[] = [
    ["usable", found([record("3 1 1", LEAF)])],
    ["usable", found([record("1 1 1", LEAF), record("2 0 1", ROOT)])],
    ["unusable", found([record("0 0 1", ROOT), record("1 1 1", LEAF)])],
    ["none", found([record("3 1 1", LEAF)], false)],
    ["none", found([])],
    ["none", { type: "nodata", secure: true }],
    ["none", { type: "nodata", secure: false }],
    ["none", { type: "nxdomain", secure: true }],
    ["failed", null],
  ];
  for (const [type, answer] of cases) assertEquals(daneFinding(answer).type, type, JSON.stringify(answer));
});

Deno.test("records are asked for only where MX and addresses were validated", () => {
  const way = { host: "mx.a.example", alias: null };
  assertEquals(tlsaBases({ ...way, mxSecure: true, addressesSecure: true }), ["mx.a.example"]);
  assertEquals(tlsaBases({ ...way, mxSecure: false, addressesSecure: true }), []);
  assertEquals(tlsaBases({ ...way, mxSecure: true, addressesSecure: false }), []);
});

Deno.test("where a host is an alias, records are looked for at what it stands for first", () => {
  const way = { host: "mx.a.example", alias: "host.b.example" };
  assertEquals(tlsaBases({ ...way, mxSecure: true, addressesSecure: true }), ["host.b.example", "mx.a.example"]);
  assertEquals(tlsaBases({ ...way, mxSecure: false, addressesSecure: true }), []);
  // RFC 7672 §2.2.2: a signed alias may lead out of the signed part; its own name has records then.
  assertEquals(tlsaBases({ ...way, mxSecure: true, addressesSecure: false }), "if alias is signed");
});

Deno.test("usable are DANE-TA and DANE-EE, of known selectors and digests of the right length", () => {
  const kinds = [0, 1, 2, 3, 4, 255].flatMap((usage) =>
    [0, 1, 2].flatMap((selector) => [0, 1, 2, 3].map((matching) => ({ usage, selector, matching })))
  );
  const usable = kinds.filter(({ usage, selector, matching }) => {
    const { data } = record(`${usage} ${selector} ${Math.min(matching, 2)}`, LEAF);
    return usableTlsa([{ usage, selector, matching, data }]).length === 1;
  }).map(({ usage, selector, matching }) => `${usage} ${selector} ${matching}`);
  assertEquals(usable, [
    ...["2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"],
    ...["3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2"],
  ]);
  const { data } = record("3 1 1", LEAF);
  for (const wrong of [data.subarray(1), Uint8Array.from([...data, 0]), new Uint8Array()]) {
    assertEquals(usableTlsa([{ usage: 3, selector: 1, matching: 1, data: wrong }]), []);
  }
  assertEquals(usableTlsa([{ usage: 3, selector: 0, matching: 0, data }]), [], "not a certificate");
});

Deno.test("of the digests of one usage and selector only the strongest counts", () => {
  const weak = record("3 1 1", LEAF);
  const strong = record("3 1 2", OTHER);
  assertEquals(usableTlsa([weak, strong]), [strong]);
  assertEquals(usableTlsa([weak, record("3 0 2", OTHER), record("3 1 0", OTHER)]).length, 3);
  // RFC 7672 §5: a broken digest must not vouch for what the strong one does not.
  assertEquals(verdict([LEAF, MIDDLE], [weak, strong]), "validation-failure");
});

Deno.test(`${TLSA_RECORDS_MAX} records are looked at, and no more`, () => {
  const many = (count: number) => [...Array(count).fill(record("3 1 1", OTHER)), record("3 1 1", LEAF)];
  assertEquals(verdict([LEAF], many(TLSA_RECORDS_MAX - 1)), "dane-ee");
  assertEquals(verdict([LEAF], many(TLSA_RECORDS_MAX)), "validation-failure");
});

Deno.test("a certificate named by its own record needs neither name nor date nor issuer", () => {
  for (const kind of ["3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2"]) {
    assertEquals(verdict([LEAF], [record(kind, LEAF)], ["elsewhere.example"]), "dane-ee", kind);
    assertEquals(verdict([OTHER], [record(kind, LEAF)]), "validation-failure", kind);
    assertEquals(verdict([LEAF], [record(kind, LEAF)], [HOST], NOW_MS + 1_000 * DAY_MS), "dane-ee", kind);
  }
  assertEquals(verdict([OTHER, LEAF], [record("3 1 1", LEAF)]), "validation-failure", "not the server's own");
  assertEquals(verdict([], [record("3 1 1", LEAF)]), "validation-failure");
});

Deno.test("a certificate under the anchor of a record must be for the host", () => {
  for (const kind of ["2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"]) {
    for (const anchor of [ROOT, MIDDLE]) {
      assertEquals(verdict([LEAF, MIDDLE, ROOT], [record(kind, anchor)]), "dane-ta", kind);
      assertEquals(verdict([LEAF, ROOT, OTHER, MIDDLE], [record(kind, anchor)]), "dane-ta", "in any order");
      const other = verdict([LEAF, MIDDLE, ROOT], [record(kind, anchor)], ["mx.b.example"]);
      assertEquals(other, "certificate-host-mismatch", kind);
    }
    assertEquals(verdict([OTHER, MIDDLE, ROOT], [record(kind, ROOT)]), "validation-failure", kind);
    assertEquals(verdict([LEAF, MIDDLE], [record(kind, LEAF)]), "validation-failure", "the end is no anchor");
  }
  assertEquals(verdict([LEAF, MIDDLE], [record("2 0 1", ROOT)]), "validation-failure", "the anchor must be sent");
  assertEquals(verdict([LEAF, MIDDLE], [record("2 0 0", ROOT)]), "dane-ta", "unless the record holds it");
  // RFC 7672 §3.2.2: the destination's own name does as well.
  const leaf = MIDDLE.issue({ commonName: "x", names: ["a.example"] });
  assertEquals(verdict([leaf, MIDDLE], [record("2 1 1", MIDDLE)], [HOST, "a.example"]), "dane-ta");
});

Deno.test("an anchor's digest in the chain is worth nothing without its signature", () => {
  const forgedMiddle = TestCertificate.selfSigned({ commonName: "Middle", authority: true });
  const forged = forgedMiddle.issue({ commonName: HOST, names: [HOST] });
  assertEquals(verdict([forged, MIDDLE, ROOT], [record("2 1 1", ROOT)]), "validation-failure");
  assertEquals(verdict([forged, forgedMiddle, ROOT], [record("2 1 1", ROOT)]), "validation-failure");
  const notAuthority = ROOT.issue({ commonName: "Customer", names: ["customer.example"] });
  const below = notAuthority.issue({ commonName: HOST, names: [HOST] });
  assertEquals(verdict([below, notAuthority, ROOT], [record("2 1 1", ROOT)]), "validation-failure");
});

Deno.test("dates, rights and depth are checked along the way to an anchor", () => {
  const late = { notBeforeMs: NOW_MS - 20 * DAY_MS, notAfterMs: NOW_MS - DAY_MS };
  const leaf = (request: Partial<CertificateRequest>, issuer = MIDDLE) =>
    issuer.issue({ commonName: HOST, names: [HOST], ...request });
  const anchored = [record("2 1 1", ROOT)];
  assertEquals(verdict([leaf(late), MIDDLE, ROOT], anchored), "certificate-expired");
  assertEquals(verdict([leaf({ notBeforeMs: NOW_MS + DAY_MS }), MIDDLE, ROOT], anchored), "certificate-expired");
  const lateMiddle = ROOT.issue({ commonName: "Middle", authority: true, ...late });
  assertEquals(verdict([leaf({}, lateMiddle), lateMiddle, ROOT], anchored), "validation-failure");
  assertEquals(verdict([leaf({ extendedKeyUsage: "2b06010505070302" }), MIDDLE, ROOT], anchored), "validation-failure");
  const strange = ROOT.issue({ commonName: "Middle", authority: true, unknownExtension: "551d1e" });
  assertEquals(verdict([leaf({}, strange), strange, ROOT], anchored), "validation-failure");
  const short = TestCertificate.selfSigned({ commonName: "Short", authority: true, pathLength: 0 });
  const below = short.issue({ commonName: "Below", authority: true });
  assertEquals(verdict([leaf({}, short), short], [record("2 1 1", short)]), "dane-ta");
  assertEquals(verdict([leaf({}, below), below, short], [record("2 1 1", short)]), "validation-failure");
});

Deno.test(`a chain of ${CHAIN_MAX} certificates is followed, one more is not; authorities that sign each other end it`, () => {
  const chain: TestCertificate[] = [TestCertificate.selfSigned({ commonName: "0", authority: true })];
  for (let i = 1; i < CHAIN_MAX; i++) chain.unshift(chain[0]!.issue({ commonName: `${i}`, authority: true }));
  const end = (issuer: TestCertificate) => issuer.issue({ commonName: HOST, names: [HOST] });
  const anchored = [record("2 1 1", chain.at(-1)!)];
  assertEquals(verdict([end(chain[1]!), ...chain.slice(1)], anchored), "dane-ta");
  assertEquals(verdict([end(chain[0]!), ...chain], anchored), "validation-failure");
  assertEquals(verdict([LEAF, MIDDLE, MIDDLE, ROOT, ROOT, MIDDLE], [record("2 1 1", OTHER)]), "validation-failure");
});
