import { assert, assertEquals } from "@std/assert";
import { concat, utf8 } from "../../../src/base/mod.ts";
import { type DkimVerdict, SIGNATURES_MAX, verifyDkim } from "../../../src/policy/dkim/mod.ts";
import { readMessage } from "../../../src/policy/header/mod.ts";
import type { FakeDns } from "../support/fake_dns.ts";
import { craft, dnsWith, ED25519, keyRecord, largeKeyRecord, RSA, rsaOfBits } from "../support/signing.ts";

const NOW = 1_700_000_000;
const MAIL = "From: a@example.test\r\nSubject: hello\r\n\r\nHello Mary.\r\nGoodbye.\r\n";
const RECORD = keyRecord(RSA);

async function verdictOn(mail: string, dns: FakeDns): Promise<DkimVerdict> {
  const { verdicts } = await verifyDkim(readMessage([utf8(mail)]), { resolver: dns, nowSeconds: NOW });
  return verdicts[0]!;
}

async function said(mail: string, record = RECORD): Promise<string> {
  const { result, reason } = await verdictOn(mail, dnsWith(record));
  return reason === null ? result : `${result}: ${reason}`;
}

Deno.test("a message without signatures has no verdicts", async () => {
  const dns = dnsWith(RECORD);
  assertEquals(await verifyDkim(readMessage([utf8(MAIL)]), { resolver: dns, nowSeconds: NOW }), {
    verdicts: [],
    ignored: 0,
  });
  assertEquals(dns.asked, []);
});

Deno.test("RSA and Ed25519, relaxed and simple, verify", async () => {
  for (const key of [RSA, ED25519]) {
    for (const way of ["relaxed", "simple"] as const) {
      assertEquals(await said(craft(MAIL, { key, way }), keyRecord(key)), "pass", `${key.asymmetricKeyType} ${way}`);
    }
  }
});

Deno.test("RSA keys of 1,024 to 4,096 bits are believed, smaller and larger ones never (RFC 8301)", async () => {
  for (const [bits, expected] of [[1_024, "pass"], [4_096, "pass"], [512, "policy: key of 512 bits"]] as const) {
    const key = rsaOfBits(bits);
    assertEquals(await said(craft(MAIL, { key }), keyRecord(key)), expected);
  }
  for (const bits of [4_224, 16_384]) {
    const { result, reason } = await verdictOn(craft(MAIL), dnsWith(largeKeyRecord(bits)));
    assert(result === "policy" || result === "permerror", `${result} ${reason}`);
  }
});

Deno.test("rsa-sha1 is no algorithm any more, nor is anything unknown (RFC 8301 §3.1)", async () => {
  for (const algorithm of ["rsa-sha1", "rsa-sha512", "dsa-sha256", "__proto__"]) {
    assertEquals(await said(craft(MAIL, { algorithm })), "permerror: unknown algorithm");
  }
});

Deno.test("x= in the past fails, x= at this second does not, t= far ahead is ignored", async () => {
  assertEquals(await said(craft(MAIL, { tags: `t=${NOW - 9}; x=${NOW - 1}; ` })), "fail: expired");
  assertEquals(await said(craft(MAIL, { tags: `t=${NOW - 9}; x=${NOW}; ` })), "pass");
  assertEquals(await said(craft(MAIL, { tags: `t=${NOW + 300}; ` })), "pass");
  assertEquals(await said(craft(MAIL, { tags: `t=${NOW + 301}; ` })), "neutral: signed in the future");
  assertEquals(await said(craft(MAIL, { tags: `t=9; x=9; ` })), "permerror: x= is not after t=");
  assertEquals(await said(craft(MAIL, { tags: `t=9; x=${"9".repeat(76)}; ` })), "pass");
});

Deno.test("what l= leaves unsigned may be changed, and is reported", async () => {
  const signed = craft(MAIL, { limit: 13 });
  const verdict = await verdictOn(signed, dnsWith(RECORD));
  assertEquals([verdict.result, verdict.unsignedBytes], ["pass", 10]);
  const longer = await verdictOn(`${signed}Send money.\r\n`, dnsWith(RECORD));
  assertEquals([longer.result, longer.unsignedBytes], ["pass", 23]);
  assertEquals(longer.reason, "23 bytes of the body are not signed");
  assertEquals(await said(signed.replace("Hello", "Hullo")), "fail: body has changed");
  assertEquals(await said(craft(MAIL, { limit: 23 })), "pass");
  assertEquals(await said(craft(MAIL, { limit: 24 })), "permerror: l= is longer than the body");
});

Deno.test("i= is the domain or below it; t=s in the key wants the domain itself", async () => {
  assertEquals(await said(craft(MAIL, { tags: "i=@mail.example.test; " })), "pass");
  assertEquals(await said(craft(MAIL, { tags: "i=a@EXAMPLE.test; " })), "pass");
  assertEquals(await said(craft(MAIL, { tags: "i=@notexample.test; " })), "permerror: i= is not of the domain");
  assertEquals(
    await said(craft(MAIL, { tags: "i=@mail.example.test; " }), keyRecord(RSA, "t=y:s; ")),
    "permerror: key is not for subdomains",
  );
});

Deno.test("a thousand names may be signed, one more is too many", async () => {
  const names = (count: number) => ["from", ...Array.from({ length: count - 1 }, (_, i) => `x${i}`)];
  assertEquals(await said(craft(MAIL, { names: names(1_000) })), "pass");
  assertEquals(await said(craft(MAIL, { names: names(1_001) })), "permerror: too many names in h=");
});

Deno.test("From must be signed", async () => {
  assertEquals(await said(craft(MAIL, { names: ["subject"] })), "permerror: From is not signed");
});

Deno.test("a key that is revoked, of another type, hash or service, or no key, is no key", async () => {
  const signed = craft(MAIL);
  const cases: readonly (readonly [record: string, expected: string])[] = [
    ["v=DKIM1; p=", "permerror: key revoked"],
    [keyRecord(ED25519), "permerror: key is of another type"],
    [keyRecord(RSA, "h=sha1; "), "permerror: key is for another hash"],
    [keyRecord(RSA, "h=sha1:sha256; s=*; n=any; "), "pass"],
    [keyRecord(RSA, "s=tlsrpt; "), "permerror: key is for another service"],
    [RECORD.replace("DKIM1", "DKIM2"), "permerror: bad key record"],
    [RECORD.replace("v=DKIM1; ", ""), "pass"],
    ["v=DKIM1; p=AAAA", "permerror: bad key"],
    ["v=DKIM1; k=rsa; p=!", "permerror: bad key"],
    [`v=DKIM1; k=rsa; p=${"A".repeat(8_200)}`, "permerror: bad key record"],
    ["v=DKIM1; p=AAAA; p=AAAA", "permerror: bad key record"],
    ["hello", "permerror: bad key record"],
  ];
  for (const [record, expected] of cases) assertEquals(await said(signed, record), expected, record.slice(0, 40));
});

Deno.test("a name server that does not answer is a temporary error, a name without a key a permanent one", async () => {
  const signed = craft(MAIL);
  const broken = dnsWith("", { "s._domainkey.example.test": { broken: true } });
  assertEquals((await verdictOn(signed, broken)).result, "temperror");
  const none = dnsWith("", { "s._domainkey.example.test": {} });
  assertEquals((await verdictOn(signed, none)).reason, "no key");
});

Deno.test("of a thousand signatures ten are looked at, their keys asked for and no more (ATTACKS S29)", async () => {
  const field = craft(MAIL).slice(0, -MAIL.length);
  const dns = dnsWith(RECORD);
  const mail = readMessage([utf8(field.repeat(1_000) + MAIL)]);
  const { verdicts, ignored } = await verifyDkim(mail, { resolver: dns, nowSeconds: NOW });
  assertEquals([verdicts.length, ignored], [SIGNATURES_MAX, 1_000 - SIGNATURES_MAX]);
  assert(verdicts.every(({ result }) => result === "pass"));
  assert(dns.asked.length <= SIGNATURES_MAX);
});

Deno.test("ten megabytes with ten signatures, each with its own l=, cost two passes over the body (ATTACKS S29)", async () => {
  const body = new Array(160).fill(utf8(`${"x".repeat(1_022)}\r\n`.repeat(64)));
  const head = "From: a@example.test\r\nSubject: hello\r\n\r\n";
  const fields = Array.from(
    { length: 10 },
    (_, i) =>
      craft(head, { way: i % 2 === 0 ? "relaxed" : "simple" }).slice(0, -head.length).replace(
        "h=",
        `l=${10_000_000 + i}; h=`,
      ),
  );
  const message = readMessage([utf8(fields.join("") + head), ...body]);
  const { verdicts } = await verifyDkim(message, { resolver: dnsWith(RECORD), nowSeconds: NOW });
  assertEquals(verdicts.map(({ reason }) => reason), new Array(10).fill("body has changed"));
});

Deno.test("a header that is longer than is read fails every signature", async () => {
  const signed = craft(MAIL);
  const long = concat([utf8(`X: ${"x".repeat(1_100_000)}\r\n`), utf8(signed)]);
  const { verdicts } = await verifyDkim(readMessage([utf8(signed.slice(0, 500)), long]), {
    resolver: dnsWith(RECORD),
    nowSeconds: NOW,
  });
  assert(verdicts.every(({ result }) => result !== "pass"));
});

Deno.test("whatever stands in a signature field, there is a verdict and no crash", async () => {
  for (
    const value of [
      "",
      ";",
      "=",
      "v=1",
      `${"a=b;".repeat(50_000)}`,
      "v=1; a=rsa-sha256; b=; bh=; d=; h=; s=",
      "(".repeat(9_999),
    ]
  ) {
    const { result } = await verdictOn(`DKIM-Signature: ${value}\r\n${MAIL}`, dnsWith(RECORD));
    assertEquals(result, "permerror");
  }
});
