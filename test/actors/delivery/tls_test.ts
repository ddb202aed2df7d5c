import { assert, assertEquals, assertMatch } from "@std/assert";
import { selfSignedCertificate } from "../../../src/net/mod.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { CONTENT, Delivery, FakeNames, oneHost, outcomes } from "./support.ts";

const REQUIRED = { envelope: { requireTls: true } } as const;
const EXTENSIONS = ["PIPELINING", "DSN", "REQUIRETLS"];

/** The same as `oneHost`, its hosts known for sure. */
function secureHost(...addresses: string[]): FakeNames {
  const hosts = [{ name: "mx.test" }];
  return new FakeNames({ "there.test": { type: "hosts", hosts, secure: true } }, { "mx.test": addresses });
}

Deno.test("TLS is used where it is offered, whatever the certificate, and the report names it", async () => {
  await using sink = await SmtpSink.start({ tls: "starttls" });
  await using delivery = await Delivery.start({ port: sink.port });
  const report = await delivery.attempt();
  assertEquals(outcomes(report), ["delivered 250 2.0.0 taken"]);
  assertMatch(report.tls ?? "", /^TLSv1\.3 TLS_/);
  assertEquals((await sink.until(1))[0]?.tls, "TLSv1.3");
  assertEquals(sink.connections[0]?.commands.slice(0, 4), [
    "(CONNECT)",
    "EHLO here.test",
    "STARTTLS",
    "EHLO here.test",
  ]);
});

Deno.test("a host whose TLS is broken gets the mail without it", async () => {
  await using sink = await SmtpSink.start({ tls: "broken" });
  await using delivery = await Delivery.start({ port: sink.port });
  const report = await delivery.attempt();
  assertEquals([outcomes(report)[0], report.tls], ["delivered 250 2.0.0 taken", null]);
  assertEquals(sink.connections.map(({ commands }) => commands.includes("STARTTLS")), [true, false]);
});

Deno.test("what somebody says in the clear behind the 220 to STARTTLS is not taken for the server's word under TLS", async () => {
  const injected = [
    "220 go",
    "250-mx.test",
    "250-REQUIRETLS",
    "250 AUTH PLAIN",
    "250 2.1.0 ok",
    "250 2.1.5 ok",
    "354 go",
  ];
  const answer = ({ verb }: { verb: string }) => verb === "STARTTLS" ? injected.join("\r\n") : undefined;
  await using sink = await SmtpSink.start({ tls: "starttls", answer });
  const ca = sink.certificate!.cert;
  await using delivery = await Delivery.start({ port: sink.port, names: secureHost("127.0.0.1"), ca });
  assertEquals(outcomes(await delivery.attempt(REQUIRED)), ["failed - 5.7.30 the server does not support REQUIRETLS"]);
  assertEquals(sink.taken, 0, "REQUIRETLS was offered in the clear only");
  // Whether TLS comes about behind such bytes or not, what is delivered was taken by the server itself.
  const report = await delivery.attempt();
  assertEquals([outcomes(report)[0], sink.taken], ["delivered 250 2.0.0 taken", 1]);
  assertEquals(sink.mails[0]?.content, CONTENT);
});

Deno.test("a host that answers before it is asked has taken nothing", async () => {
  const early = ["220 mx.test", "250 mx.test", "250 2.1.0 ok", "250 2.1.5 ok", "354 go", "250 2.0.0 taken"];
  for (let count = 2; count <= early.length; count++) {
    const answer = ({ verb }: { verb: string }) => verb === "CONNECT" ? early.slice(0, count).join("\r\n") : undefined;
    await using sink = await SmtpSink.start({ answer });
    await using delivery = await Delivery.start({ port: sink.port });
    const [outcome = ""] = outcomes(await delivery.attempt());
    assertEquals([outcome.startsWith("delivered"), sink.taken], [false, 0], `${count} replies: ${outcome}`);
  }
});

Deno.test("a host that insists on TLS, which is broken, defers the mail; nobody hears that it was refused for good", async () => {
  const wanted = "530 5.7.0 Must issue a STARTTLS command first";
  const answer = ({ verb }: { verb: string }) => verb === "MAIL" ? wanted : undefined;
  await using broken = await SmtpSink.start({ tls: "broken", answer });
  await using delivery = await Delivery.start({ port: broken.port });
  assertEquals(outcomes(await delivery.attempt()), ["deferred 530 4.7.5 Must issue a STARTTLS command first"]);
  await using plain = await SmtpSink.start({ answer });
  await using other = await Delivery.start({ port: plain.port });
  assertEquals(outcomes(await other.attempt()), [`failed ${wanted}`]);
});

Deno.test("a mail that requires TLS is not sent where TLS is broken, missing, unproven or ends at the next host", async () => {
  const verdict = async (sink: SmtpSink, ca: string | null = sink.certificate?.cert ?? null) => {
    await using delivery = await Delivery.start({
      port: sink.port,
      names: secureHost("127.0.0.1"),
      ...(ca === null ? {} : { ca }),
    });
    const report = await delivery.attempt(REQUIRED);
    assertEquals([report.destinationFault, sink.taken], [false, 0]);
    return outcomes(report)[0] ?? "";
  };
  await using broken = await SmtpSink.start({ tls: "broken", extensions: EXTENSIONS });
  assertMatch(await verdict(broken), /^failed - 5\.7\.10 the TLS handshake failed/);
  await using stripped = await SmtpSink.start({ extensions: EXTENSIONS });
  assertEquals(await verdict(stripped), "failed - 5.7.10 TLS is required, and the server does not offer it");
  await using stranger = await SmtpSink.start({ tls: "starttls", extensions: EXTENSIONS });
  assertMatch(await verdict(stranger, null), /^failed - 5\.7\.10 the TLS handshake failed/);
  const certificate = await selfSignedCertificate({ names: ["other.test"], days: 2 });
  await using misnamed = await SmtpSink.start({ tls: "starttls", extensions: EXTENSIONS, certificate });
  assertMatch(await verdict(misnamed), /^failed - 5\.7\.10 the TLS handshake failed/);
  await using last = await SmtpSink.start({ tls: "starttls", extensions: ["DSN"] });
  assertEquals(await verdict(last), "failed - 5.7.30 the server does not support REQUIRETLS");
});

Deno.test("a mail that requires TLS is handed on as such to a host that proves its name", async () => {
  await using sink = await SmtpSink.start({ tls: "starttls", extensions: EXTENSIONS });
  const ca = sink.certificate?.cert ?? "";
  await using delivery = await Delivery.start({ port: sink.port, names: secureHost("127.0.0.1"), ca });
  const report = await delivery.attempt(REQUIRED);
  assertEquals(outcomes(report), ["delivered 250 2.0.0 taken"]);
  assertEquals((await sink.until(1))[0]?.fromParameters, "REQUIRETLS");
  await using unsure = await Delivery.start({ port: sink.port, ca });
  assertEquals(outcomes(await unsure.attempt(REQUIRED)), [
    "failed - 5.7.10 REQUIRETLS, but neither DNSSEC nor MTA-STS vouches for mx.test",
  ]);
});

Deno.test("a mail that requires TLS trusts the host that a route names, not those that the DNS puts in its place", async () => {
  await using sink = await SmtpSink.start({ tls: "starttls", extensions: EXTENSIONS });
  const ca = sink.certificate?.cert ?? "";
  const verdict = async (host: string, lookupMx: boolean) => {
    const routes = [{ domain: "*", host, port: sink.port, tls: "none", ca, lookupMx }] as const;
    await using delivery = await Delivery.start({ port: 1, routes, names: oneHost("127.0.0.1") });
    return outcomes(await delivery.attempt({ destination: "any.test", ...REQUIRED }))[0];
  };
  assertEquals(await verdict("mx.test", false), "delivered 250 2.0.0 taken");
  assertEquals(
    await verdict("there.test", true),
    "failed - 5.7.10 TLS is required, and the hosts of there.test are not known for sure",
  );
});

Deno.test("a mail that requires TLS goes on to a host that can, and a report of non-delivery goes in any case", async () => {
  await using first = await SmtpSink.start({ host: "127.0.0.2" });
  await using second = await SmtpSink.start({
    host: "127.0.0.3",
    port: first.port,
    tls: "starttls",
    extensions: EXTENSIONS,
  });
  const ca = second.certificate?.cert ?? "";
  const names = secureHost("127.0.0.2", "127.0.0.3");
  await using delivery = await Delivery.start({ port: first.port, names, ca });
  assertEquals(outcomes(await delivery.attempt(REQUIRED)), ["delivered 250 2.0.0 taken"]);
  assertEquals([first.taken, second.taken], [0, 1]);
  await delivery.attempt({ envelope: { requireTls: true, sender: "" } });
  assertEquals((await first.until(1))[0]?.from, "");
});

Deno.test("of two hosts under TLS the one that hands the demand on gets the mail", async () => {
  const certificate = await selfSignedCertificate({ names: ["mx.test"], days: 2 });
  const options = { tls: "starttls", certificate } as const;
  await using first = await SmtpSink.start({ host: "127.0.0.2", ...options, extensions: ["PIPELINING"] });
  await using second = await SmtpSink.start({
    host: "127.0.0.3",
    port: first.port,
    ...options,
    extensions: EXTENSIONS,
  });
  const names = secureHost("127.0.0.2", "127.0.0.3");
  await using delivery = await Delivery.start({ port: first.port, names, ca: certificate.cert });
  const report = await delivery.attempt(REQUIRED);
  assertEquals([outcomes(report)[0], report.host?.address], ["delivered 250 2.0.0 taken", "127.0.0.3"]);
  assertEquals([first.taken, second.taken], [0, 1]);
});

Deno.test("a route sends a domain's mail to its host, logged in, over TLS that is proven", async () => {
  await using sink = await SmtpSink.start({ tls: "starttls", extensions: ["AUTH PLAIN", "PIPELINING"] });
  const route = { domain: "*", host: "mx.test", port: sink.port, user: "tim", secret: "s3cret" };
  const start = (tls: "none" | "opportunistic" | "required", ca?: string) =>
    Delivery.start({
      port: 1,
      names: oneHost("127.0.0.1"),
      routes: [{ domain: "direct.test", host: "127.0.0.9", tls: "none" }, { ...route, tls, ...(ca ? { ca } : {}) }],
    });
  await using proven = await start("required", sink.certificate?.cert);
  const report = await proven.attempt({ destination: "anything.test" });
  assertEquals([outcomes(report)[0], report.host?.port], ["relayed 250 2.0.0 taken", sink.port]);
  assert(sink.connections[0]?.commands.includes("AUTH PLAIN AHRpbQBzM2NyZXQ="));
  const elsewhere = await proven.attempt({ destination: "direct.test" });
  assertEquals(elsewhere.outcomes[0]?.text, "cannot connect: ECONNREFUSED");
  await using unproven = await start("required");
  const refused = await unproven.attempt();
  assertEquals([refused.outcomes[0]?.action, refused.destinationFault, refused.tls], ["deferred", true, null]);
  assertEquals(sink.taken, 1);
});

Deno.test("a route over TLS from the first byte works by name and by address", async () => {
  await using sink = await SmtpSink.start({ tls: "implicit" });
  const ca = sink.certificate?.cert ?? "";
  for (const host of ["mx.test", "127.0.0.1"]) {
    await using delivery = await Delivery.start({
      port: 1,
      names: oneHost("127.0.0.1"),
      routes: [{ domain: "there.test", host, port: sink.port, tls: "implicit", ca }],
    });
    const report = await delivery.attempt();
    assertEquals(outcomes(report), ["delivered 250 2.0.0 taken"], host);
    assertMatch(report.tls ?? "", /^TLSv1\.3/);
  }
});

Deno.test("a password is not sent in the clear to another machine, and a route may follow the MX records of its host", async () => {
  await using sink = await SmtpSink.start({ extensions: ["AUTH PLAIN"] });
  const route = {
    domain: "*",
    host: "there.test",
    port: sink.port,
    tls: "none",
    user: "u",
    secret: "p",
    lookupMx: true,
  } as const;
  await using delivery = await Delivery.start({ port: 1, routes: [route], names: oneHost("127.0.0.1") });
  // This machine's loopback: nobody listens on the way.
  assertEquals((await delivery.attempt({ destination: "x.test" })).outcomes[0]?.action, "relayed");
  assertEquals(sink.connections[0]?.commands.filter((line) => line.startsWith("AUTH")).length, 1);
});
