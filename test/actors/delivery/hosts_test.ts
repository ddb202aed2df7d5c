import { assert, assertEquals } from "@std/assert";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { CONTENT, Delivery, FakeNames, oneHost, outcomes } from "./support.ts";

Deno.test("a mail reaches the host of its destination as it is, and the report says how", async () => {
  await using sink = await SmtpSink.start();
  await using delivery = await Delivery.start({ port: sink.port });
  const report = await delivery.attempt();
  assertEquals(report, {
    outcomes: [{ action: "delivered", code: 250, status: "2.0.0", text: "taken" }],
    destinationFault: false,
    host: { name: "mx.test", address: "127.0.0.1", port: sink.port },
    tls: null,
  });
  const [mail] = await sink.until(1);
  assertEquals([mail?.from, mail?.to, mail?.content, mail?.helo], [
    "a@here.test",
    ["b@there.test"],
    CONTENT,
    "here.test",
  ]);
  assertEquals(await delivery.ref.ask("delivery.status", null), { attempts: 1, active: 0, connections: 1 });
});

Deno.test("of five hosts four are dead, and the fifth gets the mail", async () => {
  await using sink = await SmtpSink.start({ host: "127.0.0.6" });
  await using greets = await SmtpSink.start({
    host: "127.0.0.3",
    port: sink.port,
    answer: ({ verb }) => verb === "CONNECT" ? "421 4.3.2 too busy" : undefined,
  });
  await using refuses = await SmtpSink.start({
    host: "127.0.0.4",
    port: sink.port,
    answer: ({ verb }) => verb === "CONNECT" ? "554 5.3.2 no mail here" : undefined,
  });
  await using drops = await SmtpSink.start({
    host: "127.0.0.5",
    port: sink.port,
    answer: ({ verb }) => verb === "EHLO" ? "drop" : undefined,
  });
  const hosts = [2, 3, 4, 5, 6].map((n) => `mx${n}.test`);
  const addresses = Object.fromEntries(hosts.map((name, i) => [name, [`127.0.0.${i + 2}`]]));
  await using delivery = await Delivery.start({
    port: sink.port,
    names: new FakeNames({ "there.test": hosts }, addresses),
  });
  const report = await delivery.attempt();
  assertEquals(outcomes(report), ["delivered 250 2.0.0 taken"]);
  assertEquals([report.host?.name, report.destinationFault], ["mx6.test", false]);
  assertEquals([greets, refuses, drops].map(({ connections }) => connections.length), [1, 1, 1]);
  assertEquals((await sink.until(1)).length, 1);
});

Deno.test("when no host answers, the mail is deferred and the fault is the destination's", async () => {
  const names = new FakeNames({ "there.test": ["mx1.test", "mx2.test"] }, {
    "mx1.test": ["127.0.0.2"],
    "mx2.test": ["127.0.0.3"],
  });
  await using sink = await SmtpSink.start(); // Only for a port on which nobody else listens.
  await using delivery = await Delivery.start({ port: sink.port, names });
  const report = await delivery.attempt({ to: ["b@there.test", "c@there.test"] });
  assertEquals(outcomes(report), new Array(2).fill("deferred - 4.4.1 cannot connect: ECONNREFUSED"));
  assertEquals([report.destinationFault, report.host], [true, null]);
});

Deno.test("a destination is given up only when every host refuses for good", async () => {
  const answer = (greeting: string) => ({ verb }: { verb: string }) => verb === "CONNECT" ? greeting : undefined;
  await using first = await SmtpSink.start({ host: "127.0.0.2", answer: answer("554 5.7.1 not you") });
  await using second = await SmtpSink.start({
    host: "127.0.0.3",
    port: first.port,
    answer: answer("521 5.3.2 no mail"),
  });
  const names = (...hosts: string[]) => new FakeNames({ "there.test": ["mx.test"] }, { "mx.test": hosts });
  await using both = await Delivery.start({ port: first.port, names: names("127.0.0.2", "127.0.0.3") });
  assertEquals(outcomes(await both.attempt()), ["failed 521 5.3.2 no mail"]);
  await using withDead = await Delivery.start({ port: first.port, names: names("127.0.0.9", "127.0.0.2") });
  const report = await withDead.attempt();
  assertEquals(outcomes(report), ["deferred - 4.4.1 cannot connect: ECONNREFUSED"]);
  assertEquals([report.destinationFault, report.host?.address], [true, "127.0.0.2"]);
  assertEquals(second.connections.length, 1);
});

Deno.test("both families of addresses are tried, and no more addresses than the limit", async () => {
  await using sink = await SmtpSink.start({ host: "::1" });
  const dead = Array.from({ length: 30 }, (_, i) => `127.0.1.${i + 1}`);
  await using delivery = await Delivery.start({ port: sink.port, names: oneHost(...dead, "::1") });
  assertEquals(outcomes(await delivery.attempt()), ["delivered 250 2.0.0 taken"]);
  await using other = await SmtpSink.start({ host: "127.0.0.9" });
  await using limited = await Delivery.start({
    port: other.port,
    names: oneHost("127.0.0.7", "127.0.0.7", "127.0.0.8", "127.0.0.9"),
    limits: { addressesMax: 2 },
  });
  assertEquals((await limited.attempt()).outcomes[0]?.action, "deferred");
  assertEquals(other.connections.length, 0);
});

Deno.test("what the DNS says of hosts is honoured: no such domain, null MX, trouble, no address", async () => {
  const names = new FakeNames(
    {
      "null.test": { type: "failed", status: "5.1.10", text: "takes no mail (null MX)" },
      "trouble.test": "trouble",
      "bare.test": ["nowhere.test"],
      "half.test": ["unsure.test", "nowhere.test"],
    },
    { "unsure.test": "trouble" },
  );
  await using delivery = await Delivery.start({ port: 1, names });
  const verdict = async (destination: string) => {
    const report = await delivery.attempt({ destination });
    return [...outcomes(report), report.destinationFault];
  };
  assertEquals(await verdict("none.test"), ["failed - 5.1.2 no such domain", true]);
  assertEquals(await verdict("null.test"), ["failed - 5.1.10 takes no mail (null MX)", true]);
  assertEquals(await verdict("trouble.test"), [
    "deferred - 4.4.3 the name servers did not answer for trouble.test",
    true,
  ]);
  assertEquals(await verdict("bare.test"), ["failed - 5.4.4 the host nowhere.test has no address", true]);
  assertEquals(await verdict("half.test"), ["deferred - 4.4.3 the name servers did not answer for unsure.test", true]);
});

Deno.test("an address that mail must not be sent to is not connected to, whether named by the DNS or by the sender", async () => {
  await using sink = await SmtpSink.start();
  const names = new FakeNames(
    { "there.test": ["evil.test"], "both.test": ["mixed.test"] },
    { "evil.test": ["127.0.0.1"], "mixed.test": ["127.0.0.1", "127.0.0.2"] },
    ["127.0.0.1"],
  );
  await using delivery = await Delivery.start({ port: sink.port, names });
  assertEquals(outcomes(await delivery.attempt()), [
    "failed - 5.4.4 the host evil.test has no address that mail may be sent to",
  ]);
  assertEquals(outcomes(await delivery.attempt({ destination: "[127.0.0.1]" })), [
    "failed - 5.4.4 mail must not be sent to [127.0.0.1]",
  ]);
  assertEquals((await delivery.attempt({ destination: "both.test" })).outcomes[0]?.action, "deferred");
  assertEquals(sink.connections.length, 0);
});

Deno.test("ten thousand hosts of a destination cost no more than the limits: a few questions and connections", async () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `mx${i}.test`);
  const names = new FakeNames(
    { "there.test": many },
    Object.fromEntries(many.map((name, i) => [name, i % 2 === 0 ? [] : [`127.1.${i >> 8}.${i & 255}`]])),
  );
  await using sink = await SmtpSink.start();
  await using delivery = await Delivery.start({ port: sink.port, names });
  const report = await delivery.attempt();
  assertEquals(report.outcomes[0]?.action, "deferred");
  assert(names.asked.length <= 40, `${names.asked.length} questions`);
});

Deno.test("an address literal is connected to as it is", async () => {
  await using sink = await SmtpSink.start();
  await using six = await SmtpSink.start({ host: "::1", port: sink.port });
  const names = new FakeNames({});
  await using delivery = await Delivery.start({ port: sink.port, names });
  const report = await delivery.attempt({ destination: "[127.0.0.1]", to: ["b@[127.0.0.1]"] });
  assertEquals([outcomes(report)[0], report.host?.name], ["delivered 250 2.0.0 taken", "127.0.0.1"]);
  await delivery.attempt({ destination: "[IPv6:::1]", to: ["b@[IPv6:::1]"] });
  assertEquals((await six.until(1))[0]?.to, ["b@[IPv6:::1]"]);
  assertEquals(names.asked, []);
});

Deno.test("a host that says it is ready and good-bye in one breath is a dead host", async () => {
  await using sink = await SmtpSink.start({
    host: "127.0.0.2",
    answer: ({ verb }) => verb === "EHLO" ? "250 mx.test\r\n421 4.3.2 changed my mind" : undefined,
  });
  await using good = await SmtpSink.start({ host: "127.0.0.3", port: sink.port });
  await using delivery = await Delivery.start({ port: sink.port, names: oneHost("127.0.0.2", "127.0.0.3") });
  assertEquals(outcomes(await delivery.attempt()), ["delivered 250 2.0.0 taken"]);
  assertEquals([sink.connections.length, good.taken], [1, 1]);
});

Deno.test("mail leaves from the address that is set", async () => {
  await using sink = await SmtpSink.start();
  await using delivery = await Delivery.start({ port: sink.port, source: { ipv4: "127.0.0.77", ipv6: null } });
  await delivery.attempt();
  assertEquals((await sink.until(1))[0]?.remote, "127.0.0.77");
});
