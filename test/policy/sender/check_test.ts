import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { checkSender, type SenderVerdict } from "../../../src/policy/sender/mod.ts";
import { FakeDns, type FakeName } from "../support/fake_dns.ts";
import { craft, keyRecord, RSA } from "../support/signing.ts";

const IP = "192.0.2.1";
const MAIL = "From: Anna <anna@bank.test>\r\nSubject: your account\r\n\r\nThe word is swordfish.\r\n";

/** A bank with everything in order. */
const BANK: Readonly<Record<string, FakeName>> = {
  "bank.test": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"], a: [IP] },
  "_dmarc.bank.test": { txt: ["v=DMARC1; p=reject"] },
  "s._domainkey.bank.test": { txt: [keyRecord(RSA)] },
  "mail.bank.test": { a: [IP] },
  [IP]: { ptr: ["mail.bank.test"] },
};

interface Over {
  readonly ip?: string;
  readonly sender?: string;
  readonly mail?: string;
  readonly zone?: Readonly<Record<string, FakeName>>;
  readonly trustedSealers?: readonly string[];
}

async function check(
  { ip = IP, sender = "bounces@bank.test", mail = MAIL, zone = BANK, trustedSealers = [] }: Over = {},
) {
  const resolver = new FakeDns(zone);
  const world = { resolver, nowSeconds: 1_700_000_000, authservId: "mx.here.test", trustedSealers };
  return await checkSender({ ip, helo: "mail.bank.test", sender, parts: [utf8(mail)] }, world);
}

function said({ disposition }: SenderVerdict): string {
  const { type } = disposition;
  return type === "accept"
    ? type
    : `${type}: ${"enhanced" in disposition ? `${disposition.enhanced} ` : ""}${disposition.text}`;
}

const signed = (mail: string) => craft(mail, { domain: "bank.test" });

Deno.test("a mail in order is accepted, and the field says why", async () => {
  const verdict = await check({ mail: signed(MAIL) });
  assertEquals(said(verdict), "accept");
  const start = verdict.dkim[0]!.start!;
  assertEquals(
    verdict.field.replace(start, "START").replace('"START"', "START"),
    [
      "Authentication-Results: mx.here.test;",
      "\tiprev=pass (mail.bank.test) policy.iprev=192.0.2.1;",
      "\tspf=pass smtp.mailfrom=bank.test;",
      "\tdkim=pass header.d=bank.test header.s=s header.a=rsa-sha256 header.b=START;",
      "\tarc=none;",
      "\tdmarc=pass header.from=bank.test policy.dmarc=reject",
      "",
    ].join("\r\n"),
  );
});

Deno.test("SPF or DKIM alone is enough for DMARC; neither is rejected by name", async () => {
  assertEquals(said(await check({ mail: MAIL })), "accept");
  assertEquals(said(await check({ ip: "203.0.113.9", mail: signed(MAIL) })), "accept");
  assertEquals(said(await check({ ip: "203.0.113.9" })), "reject: 5.7.1 Rejected by the DMARC policy of bank.test");
  assertEquals(said(await check({ sender: "x@evil.test" })), "reject: 5.7.1 Rejected by the DMARC policy of bank.test");
});

Deno.test("the null sender is judged by its HELO name", async () => {
  const zone = { ...BANK, "mail.bank.test": { a: [IP], txt: ["v=spf1 a -all"] } };
  const verdict = await check({ sender: "", zone });
  assertEquals(said(verdict), "accept");
  assert(verdict.field.includes("spf=pass smtp.helo=mail.bank.test"), verdict.field);
});

Deno.test("quarantine is told apart from reject, and p=none lets everything through", async () => {
  const policy = async (text: string) =>
    said(await check({ ip: "203.0.113.9", zone: { ...BANK, "_dmarc.bank.test": { txt: [text] } } }));
  assertEquals(await policy("v=DMARC1; p=quarantine"), "quarantine: Quarantined by the DMARC policy of bank.test");
  assertEquals(await policy("v=DMARC1; p=none"), "accept");
});

Deno.test("without DMARC an SPF fail counts when nobody signed, with the domain's own words", async () => {
  const { "_dmarc.bank.test": _gone, ...rest } = BANK;
  const zone = {
    ...rest,
    "bank.test": { txt: ["v=spf1 -all exp=e.bank.test"] },
    "e.bank.test": { txt: ["Only from our counters, not %{i}"] },
  };
  assertEquals(
    said(await check({ zone })),
    "reject: 5.7.23 Not sent by a server of bank.test (SPF); it explains: Only from our counters, not 192.0.2.1",
  );
  assertEquals(said(await check({ zone, mail: signed(MAIL) })), "accept");
  assertEquals(said(await check({ zone: { ...zone, "bank.test": { txt: ["v=spf1 ~all"] } } })), "accept");
});

Deno.test("a text for a reply is one printable line that fits, whatever a domain explains", async () => {
  const long = `${"x".repeat(60)}.`.repeat(4) + "test";
  const zone = { [long]: { txt: ["v=spf1 -all exp=e.test"] }, "e.test": { txt: ["y".repeat(400)] } };
  const { disposition } = await check({ sender: `a@${long}`, zone });
  assert(disposition.type === "reject" && disposition.enhanced === "5.7.23" && disposition.text.length === 400);
});

Deno.test("a name server that fails defers what DMARC would decide, and nothing else", async () => {
  const broken = { broken: true };
  const zone = { ...BANK, "_dmarc.bank.test": broken };
  assertEquals((await check({ zone })).disposition.type, "defer");
  const noSpf = { ...BANK, "bank.test": broken };
  const verdict = await check({ zone: noSpf });
  assertEquals([verdict.spf.result, verdict.dmarc.result, verdict.disposition.type], [
    "temperror",
    "temperror",
    "defer",
  ]);
  assertEquals(said(await check({ zone: noSpf, mail: signed(MAIL) })), "accept");
  const noNames = await check({ zone: { ...BANK, [IP]: broken } });
  assertEquals([noNames.iprev.result, noNames.disposition.type], ["temperror", "accept"]);
});

Deno.test("more than one From, none or a malformed one is rejected whatever passes (ATTACKS S30)", async () => {
  const second = `From: ceo@other.test\r\n${signed(MAIL)}`;
  assertEquals(said(await check({ mail: second })), "reject: 5.7.1 Cannot tell the author: more than one From field");
  for (
    const from of ["From: a@bank.test@evil.test", "From: <a@bank.test", "From: a@bank.test\u0000", "To: x@bank.test"]
  ) {
    const verdict = await check({ mail: `${from}\r\n\r\nbody\r\n` });
    assertEquals(verdict.disposition.type, "reject", from);
    assert(/^[\x20-\x7e\r\n\t]*$/.test(verdict.field));
  }
});

Deno.test("of two authors both must let a mail through", async () => {
  const mail = "From: x@evil.test, ceo@bank.test\r\n\r\nbody\r\n";
  const zone = { ...BANK, "evil.test": { txt: ["v=spf1 +all"] }, "_dmarc.evil.test": { txt: ["v=DMARC1; p=none"] } };
  assertEquals(
    said(await check({ mail, zone, sender: "x@evil.test" })),
    "reject: 5.7.1 Rejected by the DMARC policy of bank.test",
  );
});

Deno.test("iprev: the name must lead back to the address", async () => {
  const result = async (names: Readonly<Record<string, FakeName>>) => {
    const { [IP]: _ip, "mail.bank.test": _name, ...rest } = BANK;
    return (await check({ zone: { ...rest, ...names } })).iprev.result;
  };
  assertEquals(await result({}), "permerror");
  assertEquals(await result({ [IP]: { ptr: ["x.test"] } }), "fail");
  assertEquals(await result({ [IP]: { ptr: ["x.test"] }, "x.test": { a: ["203.0.113.1"] } }), "fail");
  assertEquals(await result({ [IP]: { ptr: ["x.test", "y.test"] }, "y.test": { a: [IP] } }), "pass");
  assertEquals(await result({ [IP]: { ptr: ["x.test"] }, "x.test": { broken: true } }), "temperror");
});

Deno.test("a mapped IPv4 address is the IPv4 address, for SPF, for the DNS and in the field", async () => {
  const verdict = await check({ ip: `::FFFF:${IP}` });
  assertEquals([verdict.spf.result, verdict.iprev.result, verdict.disposition.type], ["pass", "pass", "accept"]);
  assert(verdict.field.includes(`policy.iprev=${IP};`));
  const zoned = await check({ ip: "FE80::1%eth0" });
  assert(zoned.field.includes('policy.iprev="fe80::1";'), zoned.field);
});

Deno.test("no word of the body and no header but names of domains comes out of a check", async () => {
  const verdict = await check({ mail: signed(MAIL) });
  assert(!JSON.stringify(verdict).includes("swordfish") && !JSON.stringify(verdict).includes("your account"));
});
