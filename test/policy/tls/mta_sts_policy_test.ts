import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { type DomainName, parseDomain } from "../../../src/mail/mod.ts";
import {
  matchesMx,
  MAX_AGE_SECONDS_MAX,
  type MtaStsPolicy,
  mtaStsPolicyHost,
  mtaStsRecordName,
  parseMtaStsPolicy,
  parseMtaStsRecord,
  POLICY_BYTES_MAX,
  POLICY_HOSTS_MAX,
  policyLines,
} from "../../../src/policy/mod.ts";

const domain = (text: string) => parseDomain(text) as DomainName;
const parse = (text: string) => parseMtaStsPolicy(utf8(text));
const LINES_MAX = 2_000;
const VALID = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmax_age: 604800\n";

Deno.test("the record of the RFC's example announces its id", () => {
  // RFC 8461 §3.1 and Appendix A.
  assertEquals(parseMtaStsRecord(["v=STSv1; id=20160831085700Z;"]), "20160831085700Z");
  assertEquals(mtaStsRecordName(domain("example.com")), "_mta-sts.example.com");
  assertEquals(mtaStsPolicyHost(domain("example.com")), "mta-sts.example.com");
});

Deno.test("a record needs its version first and an id of 1 to 32 letters and digits", () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ["v=STSv1;id=1", "1"],
    ["v=STSv1 ;\tid=1 ; ", "1"],
    ["v=STSv1; other=x; id=abc", "abc"],
    ["v=STSv1; id=first; id=second", "first"],
    [`v=STSv1; id=${"a".repeat(32)}`, "a".repeat(32)],
    [`v=STSv1; id=${"a".repeat(33)}`, null],
    ["v=STSv1; id=", null],
    ["v=STSv1; id=a-b", null],
    ["v=STSv1;", null],
    ["v=STSv1", null],
    ["v=STSv1; ;id=1", null],
    ["v=STSv1; id=1;;", null],
    ["v=STSv1; novalue; id=1", null],
    ["v=STSv1; =x; id=1", null],
    [`v=STSv1; ${"n".repeat(33)}=x; id=1`, null],
    ["v=STSv1; x=\u0001; id=1", null],
    ["v=stsv1; id=1", null],
    ["V=STSv1; id=1", null],
    [" v=STSv1; id=1", null],
    ["v=STSv10; id=1", null],
    ["id=1; v=STSv1", null],
    ["", null],
  ];
  for (const [record, id] of cases) assertEquals(parseMtaStsRecord([record]), id, record);
});

Deno.test("records of other versions are passed over, two of this one are none", () => {
  assertEquals(parseMtaStsRecord([]), null);
  assertEquals(parseMtaStsRecord(["v=spf1 -all", "v=STSv1; id=1", "v=STSv2; id=2"]), "1");
  assertEquals(parseMtaStsRecord(["v=STSv1; id=1", "v=STSv1; id=1"]), null);
});

Deno.test("the policy of the RFC's example is read", () => {
  // RFC 8461 §3.2.
  const text = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmx: backupmx.example.com\n" +
    "max_age: 604800\n";
  const policy: MtaStsPolicy = {
    mode: "enforce",
    maxAgeSeconds: 604_800,
    mx: ["mail.example.com", "*.example.net", "backupmx.example.com"],
  };
  assertEquals(parse(text), policy);
  assertEquals(parse(text.replaceAll("\n", "\r\n")), policy);
  assertEquals(parse(text.trimEnd()), policy);
  assertEquals(parse(`${text}\r\n\n`), policy);
  assertEquals(parse(policyLines(policy).join("\n")), policy);
});

Deno.test("unknown fields mean nothing, a field that stands twice counts where it stands first", () => {
  const policy = parse(
    "mode: testing\nversion: STSv1\nnew-field: a: b\nmx: A.Example\nmax_age: 1\nmode: none\nmax_age: 9",
  );
  assertEquals(policy, { mode: "testing", maxAgeSeconds: 1, mx: ["a.example"] });
  assertEquals(parse("version:STSv1 \t\nmode:\t none\nmax_age:   0"), { mode: "none", maxAgeSeconds: 0, mx: [] });
});

Deno.test("whatever is not a whole, well-formed policy is none", () => {
  assert(parse(VALID) !== null);
  const broken = [
    "",
    "version: STSv1\n",
    VALID.replace("version: STSv1", "version: STSv2"),
    VALID.replace("version: STSv1\n", ""),
    VALID.replace("mode: enforce\n", ""),
    VALID.replace("enforce", "Enforce"),
    VALID.replace("enforce", "report"),
    VALID.replace("mx: mail.example.com\n", ""),
    VALID.replace("max_age: 604800\n", ""),
    VALID.replace("604800", "-1"),
    VALID.replace("604800", "1.5"),
    VALID.replace("604800", "0x10"),
    VALID.replace("604800", "1".repeat(11)),
    VALID.replace("mail.example.com", "*"),
    VALID.replace("mail.example.com", "*.*.example.com"),
    VALID.replace("mail.example.com", "m*.example.com"),
    VALID.replace("mail.example.com", "mail.example.com."),
    VALID.replace("mail.example.com", "mail.example.com mx2.example.com"),
    VALID.replace("mail.example.com", "192.0.2.1"),
    VALID.replace("mail.example.com", "måil.example.com"),
    VALID.replace("mode", " mode"),
    VALID.replace("mode:", "mode"),
    VALID.replace("mode:", "mode :"),
    VALID.replace("\n", "\n\n"),
    VALID.replace("\n", "\r"),
    VALID.replace("\n", "\r\r\n"),
    VALID.replace("enforce", "enforce\0"),
    `\ufeff${VALID}`,
    `${VALID}x: \n`,
    `${VALID}<html>\n`,
  ];
  for (const text of broken) assertEquals(parse(text), null, JSON.stringify(text));
  assertEquals(parseMtaStsPolicy(Uint8Array.from([...utf8(VALID), 0x78, 0x3a, 0xff])), null);
});

Deno.test("a policy lives a year at most", () => {
  const life = (seconds: number) => parse(VALID.replace("604800", String(seconds)))?.maxAgeSeconds;
  assertEquals(life(MAX_AGE_SECONDS_MAX), 31_557_600);
  assertEquals(life(MAX_AGE_SECONDS_MAX + 1), 31_557_600);
  assertEquals(life(9_999_999_999), 31_557_600);
});

Deno.test("64 KiB and 1,000 hosts are read, one more of either is not", () => {
  const padded = (bytes: number) => {
    const filler = `x: ${"y".repeat(bytes - VALID.length - 4)}\n`;
    return VALID + filler;
  };
  assertEquals(padded(POLICY_BYTES_MAX).length, POLICY_BYTES_MAX);
  assert(parse(padded(POLICY_BYTES_MAX)) !== null);
  assertEquals(parse(padded(POLICY_BYTES_MAX + 1)), null);
  const hosts = (count: number) => VALID + Array.from({ length: count - 1 }, (_, i) => `mx: h${i}.example\n`).join("");
  assertEquals(parse(hosts(POLICY_HOSTS_MAX))?.mx.length, POLICY_HOSTS_MAX);
  assertEquals(parse(hosts(POLICY_HOSTS_MAX + 1)), null);
});

Deno.test("blanks without end cost linear time", () => {
  const begun = performance.now();
  const blanks = " ".repeat(65_000);
  assert(parse(`version: STSv1\nmode: none\nmax_age: 1\nx: y${blanks}z`) !== null);
  assertEquals(parseMtaStsRecord([`v=STSv1; ${" ".repeat(4_000)}x`]), null);
  assert(performance.now() - begun < 1_000, "much slower than linear");
});

Deno.test("a wildcard stands for exactly one label, and everything else for itself", () => {
  const policy: MtaStsPolicy = { mode: "enforce", maxAgeSeconds: 1, mx: ["*.example.com", "mx.example.net"] };
  const matches = (host: string) => matchesMx(policy, domain(host));
  // RFC 8461 §4.1: the first three are its example.
  assertEquals(matches("mail.example.com"), true);
  assertEquals(matches("example.com"), false);
  assertEquals(matches("foo.bar.example.com"), false);
  assertEquals(matches("MX.example.NET"), true);
  assertEquals(matches("a.mx.example.net"), false);
  assertEquals(matches("mailexample.com"), false);
  assertEquals(matches("com"), false);
});

Deno.test("a policy of two thousand lines is read, of a longer one nothing is", () => {
  const lines = (count: number) => VALID + "x: y\n".repeat(count - VALID.split("\n").length + 1);
  assertEquals(parse(lines(LINES_MAX - 1))?.mode, "enforce");
  assertEquals(parse(lines(LINES_MAX + 1)), null);
});
