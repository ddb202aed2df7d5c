/** ATTACKS S2: nothing that a user hands in leaves as two mails, however it is handed in and whatever its next server understands. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { concat, utf8 } from "../../src/base/mod.ts";
import { freePorts } from "../support/free_ports.ts";
import { domainRecords, emptyQueue, letterWith, loggedIn, startSite } from "../support/relay_world.ts";
import type { TestServer } from "../support/server.ts";
import { SmtpSink } from "../support/smtp_sink.ts";
import { serveZone } from "../support/zone.ts";

const OURS = { domain: "a.test", address: "127.0.0.11", users: ["ann"] };
const ANN = "ann@a.test";
const HOST = "127.0.0.61";
const SECOND =
  `MAIL FROM:<admin@there.test>\r\nRCPT TO:<victim@there.test>\r\nDATA\r\nSubject: second\r\n\r\nsmuggled\r\n`;

/** What some server takes for the end of the data; the first is the true one, and in a chunk it is text like any other. */
const ENDS = [
  "\r\n.\r\n",
  "\n.\n",
  "\n.\r\n",
  "\r\n.\n",
  "\r.\r",
  "\r.\n",
  "\n.\r",
  "\r.\r\n",
  "\r\n\0.\r\n",
  "\r\n.\0\r\n",
];

function letter(end: string, i: number): Uint8Array {
  return utf8(`From: <${ANN}>\r\nSubject: first ${i}\r\n\r\n.body${end}${SECOND}`);
}

/** The reply to a letter that comes in one chunk (RFC 3030 §2). */
async function byChunk(server: TestServer, content: Uint8Array, parameters = ""): Promise<string> {
  await using client = await loggedIn(server, ANN);
  await client.expect("EHLO client.test", 250);
  await client.expect(`MAIL FROM:<${ANN}>${parameters}`, 250);
  await client.expect("RCPT TO:<x@there.test>", 250);
  const sent = client.wire.write(concat([utf8(`BDAT ${content.length} LAST\r\n`), content]));
  const [reply] = await Promise.all([client.reply(), sent]);
  await client.quit().catch(() => {}); // After a refusal the session may be over.
  return reply.text;
}

/** The reply to a letter behind DATA, of which only the line that begins with a dot is stuffed: what looks like its end may end it. */
async function byData(server: TestServer, content: Uint8Array): Promise<string> {
  await using client = await loggedIn(server, ANN);
  await client.expect(`MAIL FROM:<${ANN}>`, 250);
  await client.expect("RCPT TO:<x@there.test>", 250);
  await client.expect("DATA", 354);
  const stuffed = utf8(new TextDecoder().decode(content).replace(".body", "..body"));
  const [reply] = await Promise.all([client.reply(), client.wire.write(concat([stuffed, utf8(".\r\n")]))]);
  return reply.text;
}

Deno.test("what users hand in leaves as one mail, and without a CR or LF of its own, or not at all", async () => {
  const [port = 0] = await freePorts(1);
  await using sink = await SmtpSink.start({ host: HOST, port });
  const zone = { "there.test": { mx: [[10, "mx.there.test"]] }, "mx.there.test": { a: [HOST] } } as const;
  await using dns = await serveZone({ ...domainRecords(OURS), ...zone });
  await using server = await startSite(OURS, { port, dns: dns.server });
  let taken = 0;
  for (const [i, end] of ENDS.entries()) {
    // In a chunk, only a lone CR or LF is wrong; behind DATA the true end would be one.
    const lone = /\r(?!\n)|(?<!\r)\n/.test(end);
    for (const send of i === 0 ? [byChunk] : [byChunk, byData]) {
      const reply = await send(server, letter(end, i));
      const name = `${send.name} ${JSON.stringify(end)}`;
      assertMatch(reply, lone ? /^5\d\d 5\.6\.0 / : /^250 2\.0\.0 /, name);
      if (!lone) taken++;
    }
  }
  const mails = await sink.until(taken);
  await emptyQueue(server);
  assertEquals([mails.length, sink.taken], [taken, taken]);
  for (const { from, to, content } of mails) {
    assertEquals([from, to], [ANN, ["x@there.test"]]);
    assert(!/\r(?!\n)|(?<!\r)\n/.test(content), "every CR and LF is a part of CRLF");
    assertMatch(content, /\r\n\r\n\.body\r\n/, "the dot that begins a line is there");
    assert(content.endsWith("smuggled\r\n"), "all of it is one mail");
  }
  const commands = sink.connections.flatMap((connection) => connection.commands);
  assertEquals(commands.filter((command) => command.includes("victim")), []);
  await server.stop();
});

Deno.test("a mail of any octets is not given to a host that reads lines: it comes back", async () => {
  const [port = 0] = await freePorts(1);
  await using sink = await SmtpSink.start({ host: HOST, port });
  const zone = { "there.test": { mx: [[10, "mx.there.test"]] }, "mx.there.test": { a: [HOST] } } as const;
  await using dns = await serveZone({ ...domainRecords(OURS), ...zone });
  await using server = await startSite(OURS, { port, dns: dns.server });
  assertMatch(await byChunk(server, letter("\n.\n", 1), " BODY=BINARYMIME"), /^250 2\.0\.0 /);
  assertMatch(await letterWith(server, ANN, "Subject: first 1"), /^Status: 5\.6\.\d\r$/m);
  assertEquals([sink.taken, sink.connections.flatMap(({ commands }) => commands).filter((each) => /DATA/.test(each))], [
    0,
    [],
  ]);
  await server.stop();
});
