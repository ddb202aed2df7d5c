import { assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { within } from "../../support/eventually.ts";
import { latin1 } from "../../support/latin1.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { Delivery, oneHost, outcomes } from "./support.ts";

/** One connection at a time, which is kept. */
const LIMITS = { keepMsMax: 5_000, perDestinationMax: 1 };

/** Attempts that begin together, each to its own recipient. */
function together(delivery: Delivery, ...to: string[]): Promise<string[]>[] {
  return to.map((name) => delivery.attempt({ to: [`${name}@there.test`] }).then(outcomes));
}

/** A server that answers no content before it has heard the next MAIL, `mails` - 1 times. */
async function serveWaiting(listener: Deno.TcpListener, mails: number): Promise<string> {
  using connection = await listener.accept();
  const say = (...lines: string[]) => connection.write(utf8(lines.map((line) => `${line}\r\n`).join("")));
  let heard = "";
  const hear = async (text: string) => {
    const chunk = new Uint8Array(65_536);
    while (!heard.includes(text)) heard += latin1(chunk.subarray(0, (await connection.read(chunk))!));
    const at = heard.indexOf(text) + text.length;
    [heard, all] = [heard.slice(at), all + heard.slice(0, at)];
  };
  let all = "";
  await say("220 there.test");
  await hear("\r\n");
  await say("250-there.test", "250 PIPELINING");
  await hear("DATA\r\n");
  await say("250 ok", "250 ok", "354 go");
  for (let left = mails; left > 1; left--) {
    await hear("\r\n.\r\nMAIL FROM:<a@here.test>\r\n");
    await say("250 2.0.0 taken", "250 ok");
    await hear("DATA\r\n");
    await say("250 ok", "354 go");
  }
  await hear("\r\n.\r\n");
  await say("250 2.0.0 taken");
  return all;
}

Deno.test("the next mail begins before the one in front of it is answered, over the same connection, in its order", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using delivery = await Delivery.start({ port: listener.addr.port, limits: LIMITS });
  const served = serveWaiting(listener, 3);
  const attempts = together(delivery, "one", "two", "three");
  assertEquals(await within(10_000, "three mails", Promise.all(attempts)), Array(3).fill(["relayed 250 2.0.0 taken"]));
  const recipients = [...(await served).matchAll(/^RCPT TO:<(.*)@/gm)].map(([, name]) => name);
  assertEquals(recipients, ["one", "two", "three"]);
  assertEquals((await delivery.ref.ask("delivery.status", null)).connections, 1);
});

Deno.test("each mail has its own verdict, whatever became of the one in front of it", async () => {
  await using sink = await SmtpSink.start({
    answer: ({ verb, line, mails }) => {
      if (line.startsWith("RCPT TO:<no@")) return "550 5.1.1 no";
      return verb === "CONTENT" && mails === 1 ? "554 5.7.1 spam" : undefined;
    },
  });
  await using delivery = await Delivery.start({ port: sink.port, limits: LIMITS });
  const found = await Promise.all(together(delivery, "one", "spam", "no", "late", "last"));
  // Of those in front of it one was refused: `mails` counts what was taken, so `late` is content after one mail, too.
  assertEquals(found, [
    ["delivered 250 2.0.0 taken"],
    ["failed 554 5.7.1 spam"],
    ["failed 550 5.1.1 no"],
    ["failed 554 5.7.1 spam"],
    ["failed 554 5.7.1 spam"],
  ]);
  assertEquals(sink.connections.length, 1);
});

Deno.test("a server that goes after a mail costs the one behind it nothing, and no mail is given twice", async () => {
  for (const how of ["421 4.3.2 going", "close", "drop"]) {
    await using sink = await SmtpSink.start({
      // The reply to the second mail's content on the first connection is the end of it.
      answer: ({ verb, mails, connection }) => verb === "CONTENT" && mails === 1 && connection === 0 ? how : undefined,
    });
    await using delivery = await Delivery.start({ port: sink.port, limits: LIMITS });
    const found = await Promise.all(together(delivery, "one", "two", "three", "four"));
    const [second] = found[1]!;
    assertEquals(second?.startsWith("deferred"), true, `${how}: ${second}`);
    assertEquals([found[0], found[2], found[3]], Array(3).fill(["delivered 250 2.0.0 taken"]), how);
    assertEquals(sink.mails.map(({ to }) => to[0]), ["one@there.test", "three@there.test", "four@there.test"], how);
    assertEquals(sink.connections.length, 2, how);
  }
});

Deno.test("a server that goes over the MAIL that followed is asked again", async () => {
  for (const how of ["421 4.4.2 enough", "close"]) {
    await using sink = await SmtpSink.start({
      answer: ({ verb, mails, connection }) => verb === "MAIL" && mails === 1 && connection === 0 ? how : undefined,
    });
    await using delivery = await Delivery.start({ port: sink.port, limits: LIMITS });
    const found = await Promise.all(together(delivery, "one", "two", "three"));
    assertEquals(found, Array(3).fill(["delivered 250 2.0.0 taken"]), how);
    const taken = sink.mails.map(({ to }) => to[0]).toSorted();
    assertEquals(taken, ["one@there.test", "three@there.test", "two@there.test"], how);
  }
});

/** A server that has taken a mail, and dies over the MAIL that came with its end, before the 250 for it has left. */
async function dieOver(listener: Deno.TcpListener, last: string, taken: string[]): Promise<void> {
  using connection = await listener.accept();
  const say = (...lines: string[]) => connection.write(utf8(lines.map((line) => `${line}\r\n`).join("")));
  const chunk = new Uint8Array(65_536);
  let heard = "";
  /** What came up to the end of this. */
  const hear = async (end: string) => {
    while (!heard.includes(end)) heard += latin1(chunk.subarray(0, (await connection.read(chunk))!));
    const at = heard.indexOf(end) + end.length;
    const text = heard.slice(0, at);
    heard = heard.slice(at);
    return text;
  };
  await say("220 there.test");
  await hear("\r\n");
  await say("250-there.test", "250 PIPELINING");
  let commands = await hear("DATA\r\n");
  await say("250 ok", "250 ok", "354 go");
  for (;;) {
    await hear("\r\n.\r\n");
    const [, name = ""] = /^RCPT TO:<(.*)@/m.exec(commands)!;
    taken.push(name);
    await hear("MAIL FROM:<a@here.test>\r\n");
    if (name === last) return;
    await say("250 2.0.0 taken", "250 ok");
    commands = await hear("DATA\r\n");
    await say("250 ok", "354 go");
  }
}

Deno.test("a server that dies over the MAIL behind a content before its 250 gets that one mail again, and no other", async () => {
  const names = ["one", "two", "three", "four", "five"];
  const taken: string[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await using delivery = await Delivery.start({ port, limits: LIMITS });
  const dying = dieOver(listener, "three", taken);
  const attempts = together(delivery, ...names);
  await within(10_000, "the server's death", dying);
  listener.close();
  await using sink = await SmtpSink.start({ port });
  const first = await Promise.all(attempts);
  assertEquals(first.slice(0, 2), Array(2).fill(["relayed 250 2.0.0 taken"]));
  assertEquals(first[2]?.[0]?.startsWith("deferred"), true, `${first[2]}`);
  // Whoever was put off comes again, as the queue would have it.
  const again = names.filter((_, i) => first[i]?.[0]?.startsWith("deferred"));
  assertEquals((await Promise.all(together(delivery, ...again))).flat(), again.map(() => "delivered 250 2.0.0 taken"));
  const all = [...taken, ...sink.mails.map(({ to }) => to[0]!.split("@")[0]!)];
  assertEquals(all.toSorted(), [...names, "three"].toSorted());
});

Deno.test("a connection carries no more mails than it may, followed or not", async () => {
  await using sink = await SmtpSink.start();
  await using delivery = await Delivery.start({ port: sink.port, limits: { ...LIMITS, mailsPerConnectionMax: 2 } });
  await Promise.all(together(delivery, "one", "two", "three", "four", "five"));
  const datas = sink.connections.map(({ commands }) => commands.filter((line) => line === "DATA").length);
  assertEquals([datas, sink.taken], [[2, 2, 1], 5]);
});

Deno.test("no mail follows at a server without PIPELINING, or where no connection is kept", async () => {
  for (
    const [extensions, limits] of [[["SIZE 1000000"], LIMITS], [["PIPELINING"], { ...LIMITS, keepMsMax: 0 }]] as const
  ) {
    await using sink = await SmtpSink.start({ extensions, pauseContent: true });
    await using delivery = await Delivery.start({ port: sink.port, limits, names: oneHost() });
    const attempts = together(delivery, "one", "two");
    await sink.said("DATA");
    // Whatever the client has sent by now is read in one go with the content.
    sink.resume();
    await attempts[0];
    const before = sink.connections[0]!.commands.filter((line) => line.startsWith("MAIL")).length;
    await sink.said("DATA", 2);
    sink.resume();
    await attempts[1];
    assertEquals([before, sink.taken], [1, 2]);
  }
});

Deno.test("recipients beyond what a server takes at a time go on another connection when one has followed", async () => {
  await using sink = await SmtpSink.start({
    answer: ({ line }) => line.startsWith("RCPT TO:<surplus@") && surplus-- > 0 ? "452 4.5.3 too many" : undefined,
  });
  let surplus = 1;
  await using delivery = await Delivery.start({ port: sink.port, limits: LIMITS });
  const first = delivery.attempt({ to: ["one@there.test", "surplus@there.test"] }).then(outcomes);
  const [second] = together(delivery, "two");
  assertEquals(await first, Array(2).fill("delivered 250 2.0.0 taken"));
  assertEquals(await second, ["delivered 250 2.0.0 taken"]);
  assertEquals(sink.mails.map(({ to }) => to.join()), ["one@there.test", "two@there.test", "surplus@there.test"]);
});
