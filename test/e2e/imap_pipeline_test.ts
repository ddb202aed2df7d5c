/** STOREs that a client sends without waiting, over real sockets and a real disk. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { ImapClient } from "../support/imap_client.ts";
import { startServer } from "../support/server.ts";

const LOGIN = { user: "billy@bob.test", password: "saddle-up" };
const MESSAGES = 300;

const SERVER = { domains: ["bob.test"], accounts: [{ address: LOGIN.user, password: LOGIN.password }] };

async function fill(client: ImapClient): Promise<void> {
  await client.ok("APPEND INBOX ", utf8("Subject: one\r\n\r\nText.\r\n"));
  await client.ok("SELECT INBOX");
  for (let have = 1; have < MESSAGES; have *= 2) await client.ok(`COPY 1:${Math.min(have, MESSAGES - have)} INBOX`);
  await client.ok("SELECT INBOX");
}

/** Commands sent at once. */
function pipelined(command: (number: number) => string): string {
  return Array.from({ length: MESSAGES }, (_, i) => `p${i + 1} ${command(i + 1)}\r\n`).join("");
}

Deno.test("a server that is killed amid a pipeline has kept every change that it acknowledged", async () => {
  await using server = await startServer(SERVER);
  await using client = await ImapClient.open({ port: server.ports.imap }, LOGIN);
  await fill(client);
  // Of each number twice: the second waits for the first, the others share flushes.
  const commands = pipelined((number) => `STORE ${number} +FLAGS.SILENT (\\Flagged)`);
  await client.wire.write(commands + commands.replaceAll("p", "q").replaceAll("\\Flagged", "\\Answered"));
  const acknowledged: string[] = [];
  while (acknowledged.length < MESSAGES + 20) acknowledged.push(await client.wire.readLine());
  await server.kill();
  for await (const line of client.wire.rest()) acknowledged.push(line);
  assertEquals(
    acknowledged,
    [..."pq"].flatMap((by) => Array.from({ length: MESSAGES }, (_, i) => `${by}${i + 1} OK Done`))
      .slice(0, acknowledged.length),
  );
  await server.start();
  await using again = await ImapClient.open({ port: server.ports.imap }, LOGIN);
  await again.ok("EXAMINE INBOX");
  const rows = await again.ok(`FETCH 1:${MESSAGES} FLAGS`);
  const kept = (flag: string) => rows.filter((row) => row.includes(flag)).length;
  assertEquals(kept("\\Flagged"), MESSAGES);
  assertGreater(kept("\\Answered"), acknowledged.length - MESSAGES - 1);
  for (const row of rows.slice(0, acknowledged.length - MESSAGES)) assert(row.includes("\\Answered"), row);
  await again.logout();
  await server.stop();
});

Deno.test("another session sees all changes of a pipeline, and its own changes are told to none but it", async () => {
  await using server = await startServer({ ...SERVER, workers: { listener: 2, mailbox: 2 } });
  await using client = await ImapClient.open({ port: server.ports.imap }, LOGIN);
  await fill(client);
  await using other = await ImapClient.open({ port: server.ports.imap }, LOGIN);
  await other.ok("SELECT INBOX");
  await client.wire.write(`${pipelined((number) => `UID STORE ${number} +FLAGS (\\Seen)`)}e LOGOUT\r\n`);
  const lines: string[] = [];
  while (!lines.at(-1)?.startsWith("e OK")) lines.push(await client.wire.readLine());
  const each = (number: number) => [
    `* ${number} FETCH (UID ${number} FLAGS (\\Seen))`,
    `p${number} OK Done`,
  ];
  const expected = Array.from({ length: MESSAGES }, (_, i) => each(i + 1)).flat();
  assertEquals(lines.map((line) => line.replace(" \\Recent", "")).slice(0, -2), expected);
  const seen = new Set<number>();
  for (const line of await other.ok("NOOP")) if (/FETCH .*\\Seen/.test(line)) seen.add(parseInt(line));
  assertEquals(seen.size, MESSAGES);
  await other.logout();
  await server.stop();
});
