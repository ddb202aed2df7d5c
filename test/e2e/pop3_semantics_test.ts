/** What one POP3 session does, as the next one sees it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { eventually } from "../support/eventually.ts";
import { assertKept, makeLetter } from "../support/letters.ts";
import { Pop3Client, readMaildrop } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const JOHN = { user: "john@smith.test", password: "knock out" };

async function serverWithLetters(count: number): Promise<{ server: TestServer; letters: Uint8Array[] }> {
  const server = await startServer({
    domains: ["smith.test"],
    accounts: [{ address: JOHN.user, password: JOHN.password }],
  });
  try {
    return { server, letters: await sendLetters(server, count) };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

async function sendLetters(server: TestServer, count: number): Promise<Uint8Array[]> {
  const random = seededRandom(count);
  const letters: Uint8Array[] = [];
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  for (let i = 0; i < count; i++) {
    const content = makeLetter(random, { id: `p${i}`, bodyBytes: 200 + 700 * i });
    const reply = await client.send({ from: "", to: [JOHN.user], content });
    assertEquals(reply.code, 250, reply.text);
    letters.push(content);
  }
  await client.quit();
  return letters;
}

function open(server: TestServer): Promise<Pop3Client> {
  return Pop3Client.open({ port: server.ports.pop3 }, JOHN);
}

Deno.test("a maildrop that one session has open is refused to a second with [IN-USE], until the first says QUIT", async () => {
  const { server, letters } = await serverWithLetters(2);
  await using _server = server;
  await using first = await open(server);
  await using second = await Pop3Client.connect({ port: server.ports.pop3s, tls: true });
  await second.ok(`USER ${JOHN.user}`);
  assertMatch(await second.command(`PASS ${JOHN.password}`), /^-ERR \[IN-USE\] /);
  assertKept(await first.retr(1), letters[0]!);
  await first.quit();
  await second.ok(`USER ${JOHN.user}`);
  await second.ok(`PASS ${JOHN.password}`);
  assertEquals(await second.count(), 2);
  await second.quit();
});

Deno.test("a connection that drops deletes nothing and frees the maildrop", async () => {
  const { server, letters } = await serverWithLetters(3);
  await using _server = server;
  await using first = await open(server);
  await first.ok("DELE 1");
  await first.ok("DELE 3");
  assertMatch(await first.command("RETR 1"), /^-ERR/);
  await first.wire.destroy();
  const found = await eventually("the maildrop is free", () => readMaildrop({ port: server.ports.pop3 }, JOHN));
  assertEquals(found.length, 3);
  for (const [i, letter] of letters.entries()) assertKept(found[i]!, letter);
});

Deno.test("QUIT removes what was marked, RSET unmarks, and the unique ids of the rest stay the same", async () => {
  const { server, letters } = await serverWithLetters(4);
  await using _server = server;
  await using first = await open(server);
  const uidls = await first.lines("UIDL");
  await first.ok("DELE 2");
  await first.ok("RSET");
  await first.ok("DELE 1");
  await first.ok("DELE 3");
  assertEquals(await first.lines("UIDL"), [uidls[1]!, uidls[3]!]);
  assertMatch(await first.quit(), /^\+OK/);
  await using next = await open(server);
  assertEquals((await next.lines("UIDL")).map(uniqueId), [uidls[1]!, uidls[3]!].map(uniqueId));
  assertKept(await next.retr(1), letters[1]!);
  assertKept(await next.retr(2), letters[3]!);
  await next.quit();
});

function uniqueId(line: string): string {
  return line.split(" ")[1] ?? "";
}

Deno.test("what comes in during a session is shown to the next one, with ids that are never used again", async () => {
  const { server } = await serverWithLetters(2);
  await using _server = server;
  await using first = await open(server);
  const before = (await first.lines("UIDL")).map(uniqueId);
  await sendLetters(server, 1);
  assertEquals(await first.count(), 2);
  for (const number of [1, 2]) await first.ok(`DELE ${number}`);
  await first.quit();
  await sendLetters(server, 1);
  await using next = await open(server);
  const after = (await next.lines("UIDL")).map(uniqueId);
  assertEquals(after.length, 2);
  assertEquals(after.filter((id) => before.includes(id)), []);
  await next.quit();
});

Deno.test("mail and its unique ids survive a restart; sizes in LIST, STAT and RETR agree to the byte", async () => {
  const { server, letters } = await serverWithLetters(3);
  await using _server = server;
  await using first = await open(server);
  const uidls = await first.lines("UIDL");
  await first.quit();
  await server.stop();
  await server.start();
  await using client = await open(server);
  assertEquals(await client.lines("UIDL"), uidls);
  let total = 0;
  for (const [i, line] of (await client.lines("LIST")).entries()) {
    const message = await client.retr(i + 1);
    assertEquals(line, `${i + 1} ${message.length}`);
    assertKept(message, letters[i]!);
    total += message.length;
  }
  assertEquals(await client.ok("STAT").then((line) => line.split(" ").slice(1, 3)), ["3", `${total}`]);
  await client.quit();
});

Deno.test("wrong password and unknown user get the same answer after the same kind of wait", async () => {
  const { server } = await serverWithLetters(0);
  await using _server = server;
  const refusal = async (user: string) => {
    await using client = await Pop3Client.connect({ port: server.ports.pop3 });
    await client.ok(`USER ${user}`);
    const startMs = performance.now();
    const reply = await client.command("PASS wrong");
    return { reply, ms: performance.now() - startMs };
  };
  const known = await refusal(JOHN.user);
  const unknown = await refusal("nobody@smith.test");
  const foreign = await refusal("nobody@elsewhere.test");
  assertMatch(known.reply, /^-ERR \[AUTH\] /);
  assertEquals([unknown.reply, foreign.reply], [known.reply, known.reply]);
  for (const { ms } of [unknown, foreign]) assert(ms > known.ms / 3, `${ms} ms against ${known.ms} ms`);
});

Deno.test("PASS, TOP, UTF8 and LANG are answered over TLS after STLS, and what came before STLS is forgotten", async () => {
  const { server, letters } = await serverWithLetters(1);
  await using _server = server;
  await using client = await Pop3Client.connect({ port: server.ports.pop3 });
  await client.ok(`USER ${JOHN.user}`);
  await client.ok("STLS");
  await client.wire.startTls();
  assertMatch(await client.command(`PASS ${JOHN.password}`), /^-ERR/);
  await client.ok(`USER ${JOHN.user}`);
  await client.ok(`PASS ${JOHN.password}`);
  assert(!(await client.lines("CAPA")).includes("STLS"));
  const top = (await client.lines("TOP 1 2")).join("\r\n");
  const [head, body] = new TextDecoder().decode(letters[0]!).split("\r\n\r\n", 2);
  assert(top.includes(head!), "the whole header");
  assertEquals(top.split("\r\n\r\n", 2)[1]!.split("\r\n").length, 2);
  assert(body!.startsWith(top.split("\r\n\r\n", 2)[1]!), "the first two lines of the body");
  await client.quit();
});
