import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { type SinkOptions, SmtpSink } from "../../support/smtp_sink.ts";
import { CONTENT, Delivery, FakeNames, oneHost, outcomes } from "./support.ts";

/** More than sockets hold on their own: 16 MB. */
const BIG = new Array<Uint8Array>(256).fill(utf8(`${"x".repeat(62)}\r\n`.repeat(1_024)));

const THREE = ["b@there.test", "c@there.test", "d@there.test"];

/** Two hosts of one domain: the first as the options say, the second in order. */
async function twoHosts(first: SinkOptions) {
  const bad = await SmtpSink.start({ host: "127.0.0.2", ...first });
  const good = await SmtpSink.start({ host: "127.0.0.3", port: bad.port });
  const delivery = await Delivery.start({ port: bad.port, names: oneHost("127.0.0.2", "127.0.0.3") });
  return {
    bad,
    good,
    delivery,
    async [Symbol.asyncDispose]() {
      await delivery[Symbol.asyncDispose]();
      await bad[Symbol.asyncDispose]();
      await good[Symbol.asyncDispose]();
    },
  };
}

Deno.test("greylisting defers the mail, goes to no other host, and is no fault of the destination", async () => {
  await using world = await twoHosts({
    answer: ({ verb }) => verb === "RCPT" ? "450 4.7.1 come back later" : undefined,
  });
  const report = await world.delivery.attempt();
  assertEquals(outcomes(report), ["deferred 450 4.7.1 come back later"]);
  assertEquals([report.destinationFault, report.host?.address], [false, "127.0.0.2"]);
  assertEquals(world.good.connections.length, 0);
});

Deno.test("each recipient has its own verdict, with PIPELINING and without", async () => {
  for (const extensions of [["PIPELINING", "DSN"], ["DSN"]]) {
    await using sink = await SmtpSink.start({
      extensions,
      answer: ({ line }) =>
        line.startsWith("RCPT TO:<c@")
          ? "550 5.1.1 nobody"
          : line.startsWith("RCPT TO:<d@")
          ? "451 4.2.1 full"
          : undefined,
    });
    await using delivery = await Delivery.start({ port: sink.port });
    const report = await delivery.attempt({ to: THREE });
    assertEquals(outcomes(report), ["delivered 250 2.0.0 taken", "failed 550 5.1.1 nobody", "deferred 451 4.2.1 full"]);
    assertEquals((await sink.until(1)).map(({ to }) => to), [["b@there.test"]]);
  }
});

Deno.test("a refusal of MAIL, of DATA or of the content is everybody's", async () => {
  for (
    const [verb, reply] of [["MAIL", "550 5.7.1 no"], ["DATA", "554 5.5.1 no"], ["CONTENT", "554 5.6.0 no"]] as const
  ) {
    await using world = await twoHosts({ answer: (event) => event.verb === verb ? reply : undefined });
    const report = await world.delivery.attempt({ to: THREE });
    assertEquals(outcomes(report), new Array(3).fill(`failed ${reply}`));
    assertEquals([report.destinationFault, world.good.connections.length, world.bad.taken], [false, 0, 0]);
  }
});

Deno.test("a connection that breaks in the middle of the content sends the mail to the next host, once", async () => {
  await using world = await twoHosts({ dropAfterBytes: 10_000 });
  const report = await world.delivery.attempt({ parts: [utf8(CONTENT), ...BIG] });
  assertEquals([outcomes(report)[0], report.host?.address], ["delivered 250 2.0.0 taken", "127.0.0.3"]);
  const [mail] = await world.good.until(1);
  assertEquals([mail?.content.length, world.bad.taken], [CONTENT.length + 64 * 1_024 * 256, 0]);
});

Deno.test("where every host breaks off over the content, the mail is deferred, and the fault is not the destination's", async () => {
  await using sink = await SmtpSink.start({ dropAfterBytes: 1 });
  await using delivery = await Delivery.start({ port: sink.port });
  const report = await delivery.attempt();
  assertEquals([report.outcomes[0]?.action, report.outcomes[0]?.status, report.destinationFault], [
    "deferred",
    "4.4.2",
    false,
  ]);
});

Deno.test("who was refused by the host that broke off stays refused; the others go to the next", async () => {
  await using world = await twoHosts({
    dropAfterBytes: 1,
    answer: ({ line }) => line.startsWith("RCPT TO:<c@") ? "550 5.1.1 nobody" : undefined,
  });
  const report = await world.delivery.attempt({ to: THREE, parts: BIG });
  assertEquals(outcomes(report), ["delivered 250 2.0.0 taken", "failed 550 5.1.1 nobody", "delivered 250 2.0.0 taken"]);
  assertEquals((await world.good.until(1))[0]?.to, ["b@there.test", "d@there.test"]);
});

Deno.test("a connection that breaks after the end of the content defers the mail and is not tried elsewhere", async () => {
  await using world = await twoHosts({ answer: ({ verb }) => verb === "CONTENT" ? "drop" : undefined });
  const report = await world.delivery.attempt();
  assertEquals([report.outcomes[0]?.action, report.outcomes[0]?.status], ["deferred", "4.4.2"]);
  assert(report.outcomes[0]?.text.endsWith("; the mail may have been taken"));
  assertEquals([report.destinationFault, world.good.connections.length], [false, 0]);
});

Deno.test("a host that broke off at the last attempt comes after the others, and has its turn when they fail", async () => {
  await using world = await twoHosts({});
  const last = { doubtfulAddress: "127.0.0.2" };
  assertEquals((await world.delivery.attempt(last)).host?.address, "127.0.0.3");
  assertEquals([world.bad.connections.length, world.good.taken], [0, 1]);
  assertEquals((await world.delivery.attempt({ doubtfulAddress: "127.0.0.3" })).host?.address, "127.0.0.2");
  await using alone = await Delivery.start({ port: world.bad.port, names: oneHost("127.0.0.9", "127.0.0.2") });
  assertEquals(outcomes(await alone.attempt(last)), ["delivered 250 2.0.0 taken"]);
});

Deno.test("421 in the middle of a transaction sends the mail to the next host", async () => {
  await using world = await twoHosts({ answer: ({ verb }) => verb === "RCPT" ? "421 4.3.2 going down" : undefined });
  assertEquals(outcomes(await world.delivery.attempt()), ["delivered 250 2.0.0 taken"]);
  assertEquals(world.good.taken, 1);
});

Deno.test("what was asked of delivery reports decides whether the mail is delivered or relayed", async () => {
  for (const [extensions, action] of [[["DSN"], "delivered"], [["PIPELINING"], "relayed"]] as const) {
    await using sink = await SmtpSink.start({ extensions });
    await using delivery = await Delivery.start({ port: sink.port });
    const report = await delivery.attempt({
      envelope: { ret: "headers", envid: "e+1" },
      to: [{ address: "b@there.test", notify: ["success", "failure"], orcpt: "rfc822;old@there.test" }],
    });
    assertEquals(report.outcomes[0]?.action, action);
    const [mail] = await sink.until(1);
    const known = action === "delivered";
    assertEquals(mail?.fromParameters, known ? "RET=HDRS ENVID=e+2B1" : "");
    assertEquals(mail?.toParameters[0], known ? "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;old@there.test" : "");
  }
});

Deno.test("a mail that the host cannot take is not sent to it, and others to it are not held up", async () => {
  await using sink = await SmtpSink.start({ extensions: ["SIZE 20"] });
  await using delivery = await Delivery.start({ port: sink.port });
  const big = await delivery.attempt();
  assertEquals(outcomes(big), [`failed - 5.3.4 the mail has ${CONTENT.length} octets, the server takes 20`]);
  assertEquals(big.destinationFault, false);
  const eightBit = await delivery.attempt({ parts: [Uint8Array.of(0xe9, 0x0d, 0x0a)] });
  assertEquals(outcomes(eightBit), ["failed - 5.6.3 the server does not take 8-bit content"]);
  const utf8Address = await delivery.attempt({ to: ["ünal@there.test"], parts: [utf8("x\r\n")] });
  assertEquals(utf8Address.outcomes[0]?.status, "5.6.7");
  const bare = await delivery.attempt({ parts: [utf8("a\n.\r\n")] });
  assertEquals(bare.outcomes[0]?.status, "5.6.0");
  await delivery.attempt({ parts: [utf8("x\r\n")] });
  assertEquals((await sink.until(1)).map(({ fromParameters }) => fromParameters), ["SIZE=3"]);
});

Deno.test("more recipients than a host takes at a time go in several transactions over one connection", async () => {
  const names = Array.from({ length: 7 }, (_, i) => `r${i}@there.test`);
  await using stated = await SmtpSink.start({ extensions: ["PIPELINING", "LIMITS RCPTMAX=3"] });
  await using byLimit = await Delivery.start({ port: stated.port });
  await byLimit.attempt({ to: names });
  assertEquals((await stated.until(3)).map(({ to }) => to.length), [3, 3, 1]);
  assertEquals(stated.connections.length, 1);
  let taken = 0;
  await using unstated = await SmtpSink.start({
    answer: ({ verb }) => {
      if (verb === "MAIL") taken = 0;
      return verb === "RCPT" && taken++ >= 2 ? "452 4.5.3 too many recipients" : undefined;
    },
  });
  await using byReply = await Delivery.start({ port: unstated.port });
  const report = await byReply.attempt({ to: names });
  assertEquals(new Set(outcomes(report)), new Set(["delivered 250 2.0.0 taken"]));
  assertEquals((await unstated.until(4)).flatMap(({ to }) => to), names);
});

Deno.test("a host that takes no recipient at all for being too many defers them, and is not asked for ever", async () => {
  await using sink = await SmtpSink.start({ answer: ({ verb }) => verb === "RCPT" ? "452 4.5.3 too many" : undefined });
  await using delivery = await Delivery.start({ port: sink.port });
  assertEquals(new Set(outcomes(await delivery.attempt({ to: THREE }))), new Set(["deferred 452 4.5.3 too many"]));
  assertEquals(await sink.said("MAIL"), 1);
});

Deno.test("a reply that never ends, or is no reply, costs little and defers the mail; its text is made harmless", async () => {
  for (
    const [answer, text] of [["endless", "a reply has too many lines"], ["hello", "a reply is malformed"]] as const
  ) {
    await using sink = await SmtpSink.start({ answer: ({ verb }) => verb === "MAIL" ? answer : undefined });
    await using delivery = await Delivery.start({ port: sink.port });
    assertEquals(outcomes(await delivery.attempt()), [`deferred - 4.5.0 ${text}`]);
  }
  await using sink = await SmtpSink.start({
    answer: ({ verb }) => verb === "RCPT" ? "550-5.1.1 no\x1b[2J\r\n550 5.1.1 Subject: \t\x00evil" : undefined,
  });
  await using delivery = await Delivery.start({ port: sink.port });
  assertEquals(outcomes(await delivery.attempt()), ["failed 550 5.1.1 no?[2J Subject: ??evil"]);
});

Deno.test("a mail to one domain's two hosts that share an address is offered there once", async () => {
  await using sink = await SmtpSink.start({ answer: ({ verb }) => verb === "EHLO" ? "451 4.3.0 later" : undefined });
  const names = new FakeNames({ "there.test": ["mx1.test", "mx2.test"] }, {
    "mx1.test": ["127.0.0.1"],
    "mx2.test": ["127.0.0.1"],
  });
  await using delivery = await Delivery.start({ port: sink.port, names });
  assertEquals(outcomes(await delivery.attempt()), ["deferred 451 4.3.0 later"]);
  assertEquals(sink.connections.length, 1);
});
