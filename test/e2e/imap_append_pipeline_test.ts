/** APPENDs that a client sends without waiting, over real sockets and a real disk. */
import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { ImapClient } from "../support/imap_client.ts";
import { startServer } from "../support/server.ts";

const LOGIN = { user: "billy@bob.test", password: "saddle-up" };
const SERVER = { domains: ["bob.test"], accounts: [{ address: LOGIN.user, password: LOGIN.password }] };
const MESSAGES = 200;

const letter = (number: number) => `Subject: letter ${number}\r\n\r\n${"Text.\r\n".repeat(300)}`;

/** Every tenth goes nowhere. */
function appends(): string {
  return Array.from({ length: MESSAGES }, (_, i) => {
    const text = letter(i);
    return `p${i} APPEND ${i % 10 === 9 ? "Nowhere" : "INBOX"} {${text.length}+}\r\n${text}\r\n`;
  }).join("");
}

Deno.test("a server that is killed amid APPENDs of a pipeline has kept every message that it acknowledged, whole and in order", async () => {
  await using server = await startServer(SERVER);
  await using client = await ImapClient.open({ port: server.ports.imap }, LOGIN);
  // What the killed server does not read any more cannot be written.
  const written = client.wire.write(appends()).catch(() => {});
  const answers: string[] = [];
  while (answers.length < MESSAGES / 4) answers.push(await client.wire.readLine());
  await server.kill();
  for await (const line of client.wire.rest()) answers.push(line);
  await written;
  let uid = 0;
  for (const [i, line] of answers.entries()) {
    const expected = i % 10 === 9 ? `p${i} NO [TRYCREATE] No such mailbox` : `p${i} OK [APPENDUID n ${++uid}] Appended`;
    assertEquals(line.replace(/APPENDUID \d+/, "APPENDUID n"), expected);
  }
  await server.start();
  await using again = await ImapClient.open({ port: server.ports.imap }, LOGIN);
  await again.ok("EXAMINE INBOX");
  const kept = (await again.ok("FETCH 1:* (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
    .flatMap((row) => /Subject: letter (\d+)/.exec(row)?.[1] ?? []).map(Number);
  assertGreaterOrEqual(kept.length, uid);
  assertEquals(kept, Array.from({ length: MESSAGES }, (_, i) => i).filter((i) => i % 10 !== 9).slice(0, kept.length));
  await again.logout();
  await server.stop();
});
