import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { FakeClock } from "../../../src/base/mod.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { eventually } from "../../support/eventually.ts";
import { Delivery, FakeNames, oneHost, outcomes } from "./support.ts";

Deno.test("mails to one host follow each other over one connection, RSET where one was refused", async () => {
  await using sink = await SmtpSink.start({
    answer: ({ line }) => line.startsWith("RCPT TO:<no@") ? "550 5.1.1 no" : undefined,
  });
  await using delivery = await Delivery.start({ port: sink.port, limits: { keepMsMax: 5_000 } });
  for (const to of ["a@there.test", "no@there.test", "b@there.test"]) await delivery.attempt({ to: [to] });
  assertEquals((await sink.until(2)).map(({ to }) => to[0]), ["a@there.test", "b@there.test"]);
  assertEquals(sink.connections.length, 1);
  const commands = sink.connections[0]?.commands ?? [];
  assertEquals([commands.filter((line) => line === "RSET").length, commands.indexOf("RSET")], [1, 9]);
});

Deno.test("mails at the same time have a connection each; the next ones share those", async () => {
  await using sink = await SmtpSink.start();
  await using delivery = await Delivery.start({ port: sink.port, limits: { keepMsMax: 5_000 } });
  const five = () => Promise.all(Array.from({ length: 5 }, () => delivery.attempt()));
  await five();
  await five();
  assertEquals([sink.connections.length, sink.taken], [5, 10]);
  assertEquals((await delivery.ref.ask("delivery.status", null)).connections, 5);
});

Deno.test("a connection is kept as long as it is allowed, carries as many mails as it is allowed, and ends with QUIT", async () => {
  const clock = new FakeClock();
  await using sink = await SmtpSink.start();
  const limits = { keepMsMax: 5_000, mailsPerConnectionMax: 2 };
  await using delivery = await Delivery.start({ port: sink.port, clock, limits });
  for (let i = 0; i < 3; i++) await delivery.attempt();
  assertEquals(sink.connections.map(({ commands }) => commands.filter((line) => line === "DATA").length), [2, 1]);
  await sink.said("QUIT");
  clock.advance(4_000);
  await delivery.attempt();
  assertEquals(sink.connections.length, 2);
  await sink.said("QUIT", 2);
  await delivery.attempt();
  clock.advance(5_500);
  assertEquals(await sink.said("QUIT", 3), 3);
  await sink.when("all are closed", () => sink.open === 0);
  await eventually("none is counted", async () => (await delivery.ref.ask("delivery.status", null)).connections === 0);
});

Deno.test("a server's own limit of mails is kept", async () => {
  await using sink = await SmtpSink.start({ extensions: ["PIPELINING", "LIMITS MAILMAX=1"] });
  await using delivery = await Delivery.start({ port: sink.port, limits: { keepMsMax: 5_000 } });
  for (let i = 0; i < 3; i++) await delivery.attempt();
  assertEquals([sink.connections.length, sink.taken], [3, 3]);
});

Deno.test("a kept connection that died, or dies over the next mail, costs the mail nothing", async () => {
  await using sink = await SmtpSink.start({
    answer: ({ verb, connection, mails }) => {
      if (verb === "MAIL" && mails === 1 && connection === 0) return "drop";
      return verb === "MAIL" && mails === 2 && connection === 1 ? "421 4.4.2 timeout" : undefined;
    },
  });
  await using delivery = await Delivery.start({ port: sink.port, limits: { keepMsMax: 5_000 } });
  for (let i = 0; i < 3; i++) assertEquals(outcomes(await delivery.attempt()), ["delivered 250 2.0.0 taken"]);
  assertEquals(sink.connections.length, 3);
  sink.dropAll();
  await sink.when("all are closed", () => sink.open === 0);
  assertEquals(outcomes(await delivery.attempt()), ["delivered 250 2.0.0 taken"]);
});

Deno.test("a connection on which the server has just said good-bye is not used, though it is still there", async () => {
  await using sink = await SmtpSink.start();
  await using delivery = await Delivery.start({ port: sink.port, limits: { keepMsMax: 5_000 } });
  await delivery.attempt();
  const [kept] = delivery.office.conversations;
  const waiting = new Promise<void>((resolve) => {
    const look = () => kept?.phase === "closed" ? resolve() : void setImmediate(look);
    look();
  });
  sink.say("421 4.4.2 idle too long\r\n");
  await waiting;
  assertEquals(outcomes(await delivery.attempt()), ["delivered 250 2.0.0 taken"]);
});

Deno.test("a connection made without TLS, or for another host's name, is not used where that matters", async () => {
  await using sink = await SmtpSink.start();
  const names = new FakeNames({ "there.test": ["mx1.test"], "other.test": ["mx2.test"] }, {
    "mx1.test": ["127.0.0.1"],
    "mx2.test": ["127.0.0.1"],
  });
  await using delivery = await Delivery.start({ port: sink.port, names, limits: { keepMsMax: 5_000 } });
  await delivery.attempt();
  await delivery.attempt({ destination: "other.test" });
  assertEquals(sink.connections.length, 2);
});

Deno.test("no more connections are kept than the limit; the oldest goes", async () => {
  await using sink = await SmtpSink.start();
  await using delivery = await Delivery.start({
    port: sink.port,
    names: oneHost("127.0.0.1"),
    limits: { keepMsMax: 5_000, keptMax: 2 },
  });
  await Promise.all(Array.from({ length: 5 }, () => delivery.attempt()));
  assertEquals(await sink.said("QUIT", 3), 3);
  await sink.when("two are left", () => sink.open === 2);
});

Deno.test("a drain waits for the mail under way, takes no new one, and takes leave of the kept connections", async () => {
  const clock = new FakeClock();
  await using sink = await SmtpSink.start({ pauseContent: true });
  await using other = await SmtpSink.start({ host: "127.0.0.2", port: sink.port });
  const names = new FakeNames({ "there.test": ["mx1.test"], "other.test": ["mx2.test"] }, {
    "mx1.test": ["127.0.0.1"],
    "mx2.test": ["127.0.0.2"],
  });
  await using delivery = await Delivery.start({ port: sink.port, clock, names, limits: { keepMsMax: 60_000 } });
  await delivery.attempt({ destination: "other.test" });
  const under = delivery.attempt();
  await sink.said("DATA");
  let drained = false;
  const drain = delivery.office.drain(60_000, clock).then(() => drained = true);
  const refused = await delivery.attempt().catch((error) => error.kind);
  assertEquals([refused, drained], ["busy", false]);
  sink.resume();
  assertEquals((await under).outcomes[0]?.action, "delivered");
  await drain;
  await Promise.all([other.said("QUIT"), sink.said("QUIT")]);
});
