import { assert, assertEquals, assertMatch } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { TestCertificate } from "../../support/certificates.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { pairFor, PolicyWorld, ROOT, tlsa } from "./policy_world.ts";
import { Delivery, outcomes } from "./support.ts";

const policy = (mode: string, mx = "mx.there.test") => `version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: 86400\n`;
const REQUIRED = { envelope: { requireTls: true } } as const;
const STRANGER = TestCertificate.selfSigned({ commonName: "mx.there.test", names: ["mx.there.test"] });
const strange = { cert: STRANGER.pem, key: STRANGER.keyPem };

/** What a delivery to a sink brings: the outcome without the peer's words, and the protection. */
async function delivered(world: PolicyWorld, sink: SmtpSink, over = {}): Promise<string> {
  await using delivery = await world.deliver(sink.port);
  const report = await delivery.attempt(over);
  const { action, status, text } = report.outcomes[0]!;
  if (action !== "delivered") return `${action} ${status} ${text}`;
  return `delivered ${report.tls === null ? "in the clear" : report.tls.split(" ").slice(2).join(" ") || "unverified"}`;
}

Deno.test("under an enforced policy mail goes to a host that it names and that proves its name", async () => {
  await using world = await PolicyWorld.start({}, policy("enforce", "*.there.test"));
  await using sink = await world.sink();
  assertEquals(await delivered(world, sink), "delivered pkix");
  assertEquals(world.server.requests, [{
    method: "GET",
    path: "/.well-known/mta-sts.txt",
    host: "mta-sts.there.test",
  }]);
  assertEquals(world.counted(), ["sts: 1"]);
});

Deno.test("under an enforced policy nothing goes to a host that is unproven, misnamed, out of date or without TLS", async () => {
  await using world = await PolicyWorld.start({}, policy("enforce"));
  const past = ROOT.issue({
    commonName: "x",
    names: ["mx.there.test"],
    notBeforeMs: Date.UTC(2020, 0),
    notAfterMs: Date.UTC(2021, 0),
  });
  const cases = [
    [strange, /^deferred 4\.7\.5 the TLS handshake failed \(the certificate is not trusted/],
    [pairFor("other.there.test"), /^deferred 4\.7\.5 .*the certificate is not for mx\.there\.test/],
    [{ cert: past.pem, key: past.keyPem }, /^deferred 4\.7\.5 .*the certificate is out of date/],
    [null, /^deferred 4\.7\.10 TLS is required, and the server does not offer it/],
  ] as const;
  for (const [certificate, expected] of cases) {
    await using sink = await world.sink(certificate);
    assertMatch(await delivered(world, sink), expected);
    assertEquals(sink.taken, 0);
  }
  await using broken = await SmtpSink.start({ tls: "broken" });
  assertMatch(await delivered(world, broken), /^deferred 4\.7\.5/);
  assertEquals(world.counted(), [
    "sts: 0 certificate-not-trusted 1 certificate-host-mismatch 1 certificate-expired 1 starttls-not-supported 1 " +
    "validation-failure 1",
  ]);
});

Deno.test("hosts that an enforced policy does not name are passed over, and without another one mail waits", async () => {
  const hosts = ["evil.test", "mx.there.test"];
  const addresses = { "evil.test": ["127.0.0.2"], "mx.there.test": ["127.0.0.3"] };
  await using world = await PolicyWorld.start({ hosts, addresses }, policy("enforce"));
  await using evil = await world.sink(pairFor("evil.test"), { host: "127.0.0.2" });
  await using good = await world.sink(pairFor("mx.there.test"), { host: "127.0.0.3", port: evil.port });
  assertEquals(await delivered(world, good), "delivered pkix");
  assertEquals([evil.connections.length, good.taken], [0, 1]);
  world.zone.hosts = ["evil.test"];
  assertEquals(await delivered(world, evil), "deferred 4.7.5 the MTA-STS policy does not name evil.test");
  assertEquals(evil.connections.length, 0);
  assertEquals(world.counted(), ["sts: 1 validation-failure 2"]);
});

Deno.test("a policy in testing stops nothing and counts everything", async () => {
  await using world = await PolicyWorld.start({}, policy("testing"));
  await using good = await world.sink();
  assertEquals(await delivered(world, good), "delivered unverified");
  await using unproven = await world.sink(strange);
  assertEquals(await delivered(world, unproven), "delivered unverified");
  await using clear = await world.sink(null);
  assertEquals(await delivered(world, clear), "delivered in the clear");
  world.zone.hosts = ["other.test"];
  assertEquals(await delivered(world, good), "delivered unverified");
  assertEquals(world.counted(), [
    "sts: 1 certificate-not-trusted 1 starttls-not-supported 1 validation-failure 1",
  ]);
});

Deno.test("a policy that cannot be had binds nobody, one that was had goes on to bind", async () => {
  await using world = await PolicyWorld.start({ txt: ["v=STSv1; id=1"] });
  await using stripped = await world.sink(null);
  assertEquals(await delivered(world, stripped), "delivered in the clear");
  world.policy = policy("enforce");
  world.zone.txt = ["v=STSv1; id=2"];
  world.forgetRecord();
  assertMatch(await delivered(world, stripped), /^deferred 4\.7\.10/);
  // Whoever can silence name server and web server does not switch the policy off.
  world.policy = null;
  for (const txt of ["trouble", [], ["v=STSv1; id=3"]] as const) {
    world.zone.txt = txt as string[] | "trouble";
    world.forgetRecord();
    assertMatch(await delivered(world, stripped), /^deferred 4\.7\.10/);
  }
  assertEquals(stripped.taken, 1);
  assertEquals(world.counted(), ["no-policy-found: 0 starttls-not-supported 1", "sts: 0 starttls-not-supported 4"]);
});

Deno.test("a policy's server is not looked for where mail must not go, and its trouble is counted", async () => {
  await using world = await PolicyWorld.start(
    { addresses: { "mta-sts.there.test": ["127.0.0.7"] } },
    policy("enforce"),
  );
  world.forbidden = ["127.0.0.7"];
  await using sink = await world.sink();
  assertEquals(await delivered(world, sink), "delivered unverified");
  assertEquals(world.server.requests, []);
  assertEquals(world.counted(), ["no-policy-found: 0 sts-policy-fetch-error 1"]);
});

Deno.test("mails that leave together ask once for the policy of their domain", async () => {
  await using world = await PolicyWorld.start({}, policy("enforce"));
  await using sink = await world.sink();
  await using delivery = await world.deliver(sink.port);
  const reports = await Promise.all(Array.from({ length: 10 }, () => delivery.attempt()));
  assertEquals(reports.map((report) => report.outcomes[0]?.action), Array(10).fill("delivered"));
  assertEquals([world.server.requests.length, world.asked.filter((name) => name.startsWith("TXT")).length], [1, 1]);
});

Deno.test("a certificate that the DNS names needs no authority, name or date", async () => {
  const leaf = TestCertificate.selfSigned({
    commonName: "whoever",
    notBeforeMs: Date.UTC(2020, 0),
    notAfterMs: Date.UTC(2021, 0),
  });
  await using world = await PolicyWorld.start({ secure: true, tlsa: [tlsa("3 1 1", leaf)] });
  await using sink = await world.sink({ cert: leaf.pem, key: leaf.keyPem });
  assertEquals(await delivered(world, sink), "delivered dane-ee");
  assert(world.asked.includes(`TLSA _${sink.port}._tcp.mx.there.test`));
  assertEquals(world.counted(), ["tlsa: 1"]);
});

Deno.test("a certificate under an anchor that the DNS names is taken from the chain that the server sends", async () => {
  const anchor = TestCertificate.selfSigned({ commonName: "Anchor", authority: true });
  const middle = anchor.issue({ commonName: "Middle", authority: true });
  const pair = (names: string[]) => {
    const leaf = middle.issue({ commonName: "x", names });
    return { cert: leaf.pem + middle.pem + anchor.pem, key: leaf.keyPem };
  };
  await using world = await PolicyWorld.start({ secure: true, tlsa: [tlsa("2 1 1", anchor)] });
  await using sink = await world.sink(pair(["mx.there.test"]));
  assertEquals(await delivered(world, sink), "delivered dane-ta");
  await using other = await world.sink(pair(["mx.elsewhere.test"]));
  assertMatch(await delivered(world, other), /^deferred 4\.7\.5 .*not for mx\.there\.test or there\.test/);
});

Deno.test("where the DNS names another certificate nothing is sent, though an authority vouches for this one", async () => {
  await using world = await PolicyWorld.start({ secure: true, tlsa: [tlsa("3 1 1", STRANGER)] }, policy("enforce"));
  await using sink = await world.sink();
  assertMatch(await delivered(world, sink), /^deferred 4\.7\.5 .*not that of the TLSA records/);
  await using stripped = await world.sink(null);
  assertMatch(await delivered(world, stripped), /^deferred 4\.7\.10/);
  assertEquals([sink.taken, stripped.taken], [0, 0]);
  assertEquals(world.counted(), ["tlsa: 0 validation-failure 1 starttls-not-supported 1"]);
});

Deno.test("TLSA records that are not validated, or could not be, mean nothing", async () => {
  const records = [tlsa("3 1 1", STRANGER)];
  for (const zone of [{ secure: true, tlsaSecure: false }, { secure: false }]) {
    await using world = await PolicyWorld.start({ ...zone, tlsa: records });
    await using sink = await world.sink();
    assertEquals(await delivered(world, sink), "delivered unverified");
    assertEquals(world.asked.some((name) => name.startsWith("TLSA")), zone.secure);
  }
});

Deno.test("a name server that does not answer for TLSA records holds the mail back, and no address is connected to", async () => {
  await using world = await PolicyWorld.start({ secure: true, tlsa: "trouble" }, policy("enforce"));
  await using sink = await world.sink();
  assertEquals(
    await delivered(world, sink),
    "deferred 4.4.3 the TLSA records of mx.there.test could not be looked up",
  );
  assertEquals(sink.connections.length, 0);
  assertEquals(world.counted(), ["tlsa: 0 dnssec-invalid 1"]);
});

Deno.test("a host whose name leaves no room for TLSA records has none", async () => {
  await using world = await PolicyWorld.start({ secure: true, tlsa: "impossible" });
  await using sink = await world.sink();
  assertEquals(await delivered(world, sink), "delivered unverified");
});

Deno.test("whoever silences the question for one address family does not switch DANE off", async () => {
  await using world = await PolicyWorld.start({ secure: true, aaaa: "trouble", tlsa: [tlsa("3 1 1", STRANGER)] });
  await using sink = await world.sink();
  assertMatch(await delivered(world, sink), /^deferred 4\.7\.5/);
});

Deno.test("where a host is an alias, TLSA records count at what it stands for, else at its own name", async () => {
  const alias = { name: "real.test", secure: true };
  const anchor = TestCertificate.selfSigned({ commonName: "Anchor", authority: true });
  const pair = (name: string) => {
    const leaf = anchor.issue({ commonName: "x", names: [name] });
    return { cert: leaf.pem + anchor.pem, key: leaf.keyPem };
  };
  for (const [tlsaAt, questions] of [["real.test", ["real"]], ["mx.there.test", ["real", "mx.there"]]] as const) {
    await using world = await PolicyWorld.start({ secure: true, alias, tlsaAt, tlsa: [tlsa("2 1 1", anchor)] });
    await using sink = await world.sink(pair(tlsaAt));
    assertEquals(await delivered(world, sink), "delivered dane-ta", tlsaAt);
    const asked = world.asked.filter((name) => name.startsWith("TLSA"));
    assertEquals(asked, questions.map((host) => `TLSA _${sink.port}._tcp.${host}.test`));
    assertEquals(
      sink.mails.map(({ serverName }) => serverName),
      [tlsaAt],
      "RFC 7672 §8.1: the certificate is asked for by that name",
    );
    await using other = await world.sink(pair(tlsaAt === "real.test" ? "mx.there.test" : "real.test"));
    assertMatch(await delivered(world, other), /^deferred 4\.7\.5 .*not for /);
  }
});

Deno.test("a signed alias of a host that is not signed has TLSA records at its own name only", async () => {
  const zone = { secure: true, addressesSecure: false, tlsa: [tlsa("3 1 1", STRANGER)] };
  await using signed = await PolicyWorld.start({ ...zone, alias: { name: "real.test", secure: true } });
  await using sink = await signed.sink();
  assertMatch(await delivered(signed, sink), /^deferred 4\.7\.5 /);
  assertEquals(signed.asked.filter((name) => name.startsWith("TLSA")), [`TLSA _${sink.port}._tcp.mx.there.test`]);
  await using unsigned = await PolicyWorld.start({ ...zone, alias: { name: "real.test", secure: false } });
  assertEquals(await delivered(unsigned, sink), "delivered unverified");
  await using silent = await PolicyWorld.start({
    ...zone,
    alias: { name: "real.test", secure: true },
    aliasTrouble: true,
  });
  assertMatch(await delivered(silent, sink), /^deferred 4\.4\.3 /);
  assertEquals(sink.taken, 1);
});

Deno.test("unusable TLSA records ask for TLS with any certificate", async () => {
  await using world = await PolicyWorld.start({ secure: true, tlsa: [tlsa("1 1 1", STRANGER)] });
  await using sink = await world.sink(strange);
  assertEquals(await delivered(world, sink), "delivered unverified");
  await using clear = await world.sink(null);
  assertMatch(await delivered(world, clear), /^deferred 4\.7\.10/);
  await using broken = await SmtpSink.start({ tls: "broken" });
  assertMatch(await delivered(world, broken), /^deferred 4\.7\.5/);
  assertEquals(world.counted(), ["tlsa: 0 tlsa-invalid 1 starttls-not-supported 1 validation-failure 1"]);
});

Deno.test("a mail that requires TLS trusts the hosts that a policy names, or that DNSSEC vouches for", async () => {
  const extensions = ["REQUIRETLS"];
  await using sts = await PolicyWorld.start({}, policy("testing"));
  await using sink = await sts.sink(pairFor("mx.there.test"), { extensions });
  assertEquals(await delivered(sts, sink, REQUIRED), "relayed 2.0.0 taken");
  await using unproven = await sts.sink(strange, { extensions });
  assertMatch(await delivered(sts, unproven, REQUIRED), /^failed 5\.7\.10 .*not trusted/);
  await using nobody = await PolicyWorld.start();
  assertMatch(await delivered(nobody, sink, REQUIRED), /^failed 5\.7\.10 REQUIRETLS, but neither/);
  await using dane = await PolicyWorld.start({ secure: true, tlsa: [tlsa("3 1 1", STRANGER)] });
  assertEquals(await delivered(dane, unproven, REQUIRED), "relayed 2.0.0 taken");
});

Deno.test("sessions for the sake of a report are in no report", async () => {
  await using world = await PolicyWorld.start({}, policy("enforce"));
  await using sink = await world.sink();
  assertEquals(await delivered(world, sink, { envelope: { id: "tlsrpt-abc" } }), "delivered pkix");
  world.zone.hosts = ["other.test"];
  assertMatch(await delivered(world, sink, { envelope: { id: "tlsrpt-abd" } }), /^deferred 4\.7\.5/);
  assertEquals(world.counted(), []);
});

/** A letter that asks for delivery whatever comes of TLS. */
const OPTIONAL = { parts: [utf8("TLS-Required: No\r\nSubject: your certificate\r\n\r\nis out of date\r\n")] };

Deno.test("a mail with TLS-Required: No goes out by a domain's policy where that can be met, and else without", async () => {
  await using world = await PolicyWorld.start({}, policy("enforce"));
  await using good = await world.sink();
  assertEquals(await delivered(world, good, OPTIONAL), "delivered pkix");
  await using unproven = await world.sink(strange);
  assertEquals(await delivered(world, unproven, OPTIONAL), "delivered unverified", "TLS is not given up");
  assertMatch(await delivered(world, unproven), /^deferred 4\.7\.5/, "for other mail the policy holds");
  await using stripped = await world.sink(null);
  assertEquals(await delivered(world, stripped, OPTIONAL), "delivered in the clear");
  world.zone.hosts = ["other.test", "mx.there.test"];
  assertEquals(await delivered(world, good, OPTIONAL), "delivered pkix", "a host that the policy names comes first");
  world.zone.hosts = ["other.test"];
  assertEquals(await delivered(world, good, OPTIONAL), "delivered unverified");
  assertEquals([good.taken, unproven.taken, stripped.taken], [3, 1, 1]);
});

Deno.test("TLS-Required: No sets wrong TLSA records aside, and name servers that do not answer for them", async () => {
  await using wrong = await PolicyWorld.start({ secure: true, tlsa: [tlsa("3 1 1", STRANGER)] });
  await using sink = await wrong.sink();
  assertEquals(await delivered(wrong, sink, OPTIONAL), "delivered unverified");
  await using silent = await PolicyWorld.start({ secure: true, tlsa: "trouble" });
  assertEquals(await delivered(silent, sink, OPTIONAL), "delivered unverified");
  assertEquals(wrong.counted(), ["tlsa: 0 validation-failure 1"]);
});

Deno.test("TLS-Required: No counts once, in the header, and never against REQUIRETLS", async () => {
  await using world = await PolicyWorld.start({}, policy("enforce"));
  await using stripped = await world.sink(null);
  for (
    const content of [
      "TLS-Required: No\r\nTLS-Required: No\r\n\r\nx\r\n",
      "TLS-Required: Yes\r\n\r\nx\r\n",
      "Subject: x\r\n\r\nTLS-Required: No\r\n",
    ]
  ) assertMatch(await delivered(world, stripped, { parts: [utf8(content)] }), /^deferred 4\.7\.10/, content);
  assertMatch(await delivered(world, stripped, { ...OPTIONAL, ...REQUIRED }), /^failed 5\.7\.10/);
  assertEquals(stripped.taken, 0);
  for (const field of ["tls-required:no", "TLS-REQUIRED: \r\n NO "]) {
    assertMatch(await delivered(world, stripped, { parts: [utf8(`${field}\r\n\r\nx\r\n`)] }), /^delivered/, field);
  }
});

Deno.test("TLS-Required: No does not loosen what an operator demands of a route", async () => {
  await using world = await PolicyWorld.start();
  await using stripped = await world.sink(null);
  const route = { domain: "there.test", host: "127.0.0.1", port: stripped.port, tls: "required" } as const;
  await using delivery = await Delivery.start({ port: stripped.port, names: world.names, routes: [route] });
  assertMatch(outcomes(await delivery.attempt(OPTIONAL))[0] ?? "", /^deferred - 4\.7\.10/);
  assertEquals(stripped.connections.length, 1);
});

Deno.test("a kept connection is not used once the domain asks for more than it was made with", async () => {
  await using world = await PolicyWorld.start();
  await using sink = await world.sink();
  await using delivery = await world.deliver(sink.port, { limits: { keepMsMax: 5_000 } });
  await delivery.attempt();
  await delivery.attempt();
  assertEquals(sink.connections.length, 1);
  world.policy = policy("enforce");
  world.zone.txt = ["v=STSv1; id=1"];
  world.forgetRecord();
  assertMatch((await delivery.attempt()).tls ?? "", / pkix$/);
  assertEquals(sink.connections.length, 2);
  world.zone.secure = true;
  world.zone.tlsa = [tlsa("3 1 1", STRANGER)];
  assertMatch(outcomes(await delivery.attempt())[0] ?? "", /^deferred - 4\.7\.5/);
  assertEquals(sink.taken, 3);
});

Deno.test("what is counted names host, addresses and policy", async () => {
  await using world = await PolicyWorld.start({}, policy("enforce"));
  await using sink = await world.sink(null);
  await using delivery = await world.deliver(sink.port);
  assertEquals(outcomes(await delivery.attempt())[0]?.startsWith("deferred - 4.7.10"), true);
  const [report] = world.reports();
  assertEquals(report?.domain, "there.test");
  assertEquals(report?.policies, [{
    policy: {
      type: "sts",
      lines: ["version: STSv1", "mode: enforce", "mx: mx.there.test", "max_age: 86400"],
      hosts: ["mx.there.test"],
    },
    successes: 0,
    failures: 1,
    details: [{
      result: "starttls-not-supported",
      host: "mx.there.test",
      sourceAddress: null,
      address: "127.0.0.1",
      reason: null,
      count: 1,
    }],
  }]);
});
