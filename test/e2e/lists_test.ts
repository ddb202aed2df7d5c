/** The life of a list against the real server: by mail and by its control methods, with the world outside as a sink. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { latin1 } from "../support/latin1.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { type SinkMail, SmtpSink } from "../support/smtp_sink.ts";

const LIST = "cats@smith.test";
const REQUEST = "cats-request@smith.test";
const OWNER = { user: "olga@smith.test", password: "boxing match" };
const BEA = "bea@other.test";
const ANN = "ann@elsewhere.test";

/** Every domain elsewhere is the sink. */
async function listServer(sink: SmtpSink, more: Readonly<Record<string, unknown>> = {}): Promise<TestServer> {
  const route = { host: "127.0.0.1", port: sink.port, tls: "none" };
  const server = await startServer({
    domains: ["smith.test"],
    accounts: [{ address: OWNER.user, password: OWNER.password }],
    config: {
      outbound: { routes: ["other.test", "elsewhere.test", "stranger.test"].map((domain) => ({ domain, ...route })) },
      queue: { retryMs: [300] },
    },
  });
  await server.rpc("list.add", { address: LIST, owners: [OWNER.user], title: "Cats", ...more });
  return server;
}

async function send(server: TestServer, from: string, to: string, text: string): Promise<string> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const content = new TextEncoder().encode(text.replaceAll("\n", "\r\n"));
  const reply = await client.send({ from, to: [to], content });
  await client.quit();
  return reply.text;
}

/** The newest mail in the sink, once there are so many. */
async function nth(sink: SmtpSink, count: number): Promise<SinkMail> {
  return (await sink.until(count))[count - 1]!;
}

function subjectOf({ content }: SinkMail): string {
  return /^Subject: (.*)$/m.exec(content)?.[1]?.trim() ?? "";
}

/** Asks by mail, answers the letter that comes, and gives back the one that follows. `seen`: mails in the sink before. */
async function confirmed(server: TestServer, sink: SmtpSink, command: string, seen: number): Promise<SinkMail> {
  await send(server, BEA, REQUEST, `From: Bea <${BEA}>\nSubject: ${command}\n\n`);
  const letter = await nth(sink, seen + 1);
  assertEquals([letter.from, letter.to], ["", [BEA]]);
  assertMatch(subjectOf(letter), /^confirm \S+$/);
  await send(server, BEA, REQUEST, `From: ${BEA}\nSubject: Re: ${subjectOf(letter)}\n\n`);
  return await nth(sink, seen + 2);
}

Deno.test("a list from the first letter to the last: join, post, leave; a bounce counts, a stranger is refused", async () => {
  await using sink = await SmtpSink.start();
  await using server = await listServer(sink);
  assertStringIncludes((await confirmed(server, sink, "subscribe", 0)).content, `${BEA} is a member now.`);
  await server.rpc("list.member.add", { address: LIST, member: ANN });

  const text = `From: Bea <${BEA}>\nSubject: a cat\nDKIM-Signature: v=1; kept\n\nmeow\n.\n`;
  assertMatch(await send(server, BEA, LIST, text), /^250 2\.0\.0 /);
  const posts = (await sink.until(4)).slice(2);
  assertEquals(posts.map(({ to }) => to).sort(), [[ANN], [BEA]]);
  for (const { from, content } of posts) {
    assertMatch(from, /^cats-bounces\+[a-z2-7]{10}@smith\.test$/);
    assertMatch(content, /^List-Id: "Cats" <cats\.smith\.test>\r\n/);
    assertStringIncludes(content, "\r\nList-Unsubscribe: <mailto:cats-request@smith.test?subject=unsubscribe>\r\n");
    assert(content.endsWith(text.replaceAll("\n", "\r\n")), content);
  }

  const report = [
    "From: <mailer-daemon@mx.test>",
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    "",
    "--b",
    "Content-Type: message/delivery-status",
    "",
    "Reporting-MTA: dns; mx.test",
    "",
    `Final-Recipient: rfc822; ${ANN}`,
    "Action: failed",
    "Status: 5.1.1",
    "",
    "--b--",
    "",
  ].join("\n");
  assertMatch(await send(server, "", posts[0]!.from, report), /^250 /);
  await eventually("the bounce is counted", async () => {
    const { records } = await server.rpc("list.member.list", { address: LIST }) as {
      records: { address: string; bounceDays: number }[];
    };
    return records.find(({ address }) => address === ANN)?.bounceDays === 1;
  });

  await send(server, "x@stranger.test", LIST, "From: x@stranger.test\nSubject: buy\n\nbuy\n");
  const refused = await nth(sink, 5);
  assertEquals([refused.from, refused.to], ["", ["x@stranger.test"]]);
  assertStringIncludes(refused.content, "Status: 5.7.2");

  assertStringIncludes((await confirmed(server, sink, "unsubscribe", 5)).content, "is no member any more");
  const { members } = await server.rpc("list.get", { address: LIST }) as { members: number };
  assertEquals(members, 1);
  await send(server, "z@stranger.test", "cats-owner@smith.test", "From: z@stranger.test\nSubject: hi\n\nhelp me\n");
  const owned = await readMaildrop({ port: server.ports.pop3 }, OWNER);
  assertStringIncludes(latin1(owned.at(-1)!), "Subject: hi\r\n");
  await server.stop();
});

Deno.test("a post of a stranger waits through a restart until its owner accepts it by mail, or an operator drops it", async () => {
  await using sink = await SmtpSink.start();
  await using server = await listServer(sink, { others: "hold" });
  await server.rpc("list.member.add", { address: LIST, member: ANN });
  const held = async () => {
    const { records } = await server.rpc("list.held", { address: LIST }) as {
      records: { id: string; sender: string }[];
    };
    return records;
  };
  for (const subject of ["good", "bad"]) {
    await send(server, "x@stranger.test", LIST, `From: x@stranger.test\nSubject: ${subject}\n\nmay I?\n`);
    await eventually("the owner's letter", async () => {
      const letters = (await readMaildrop({ port: server.ports.pop3 }, OWNER)).map(latin1);
      return letters.some((letter) => letter.includes(`  Subject: ${subject}\r\n`));
    });
  }
  await server.stop();
  await server.start();
  assertEquals((await held()).map(({ sender }) => sender), ["x@stranger.test", "x@stranger.test"]);
  const letters = (await readMaildrop({ port: server.ports.pop3 }, OWNER)).map(latin1);
  const good = letters.find((letter) => letter.includes("  Subject: good\r\n"))!;
  const token = /^Subject: (accept \S+)\r$/m.exec(good)?.[1];
  assert(token !== undefined, good);
  await send(server, OWNER.user, REQUEST, `From: ${OWNER.user}\nSubject: Re: ${token}\n\n`);
  const posted = await nth(sink, 1);
  assertEquals(posted.to, [ANN]);
  assert(posted.content.endsWith("Subject: good\r\n\r\nmay I?\r\n"), posted.content);
  const [bad, ...others] = await eventually("one is left", async () => {
    const left = await held();
    return left.length === 1 && left;
  });
  assertEquals(others, []);
  await server.rpc("list.discard", { post: bad!.id });
  assertEquals(await held(), []);
  assertEquals(sink.mails.length, 1, "nobody else heard of it");
  await server.stop();
});

Deno.test("a post that was taken survives a kill before the list has it, and reaches each member once", async () => {
  await using sink = await SmtpSink.start();
  await using server = await listServer(sink, { verp: "on", post: "anybody" });
  for (let i = 0; i < 20; i++) await server.rpc("list.member.add", { address: LIST, member: `u${i}@other.test` });
  await server.rpc("queue.suspend", { domain: "smith.test" });
  assertMatch(await send(server, BEA, LIST, `From: ${BEA}\nSubject: hi\n\nmeow\n`), /^250 /);
  await server.kill();
  await server.start();
  assertEquals(sink.mails.length, 0);
  await server.rpc("queue.resume", { domain: "smith.test" });
  const mails = await sink.until(20);
  const pairs = mails.map(({ from, to }) => `${to.join()} ${from.replace(/\+.{10}=/, "+#=")}`).sort();
  const expected = Array.from({ length: 20 }, (_, i) => `u${i}@other.test cats-bounces+#=u${i}=other.test@smith.test`);
  assertEquals(pairs, expected.sort());
  await server.stop();
});
