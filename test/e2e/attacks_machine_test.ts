/** ATTACKS R9, R10 and R12 from end to end: a clock that jumps, a log nobody reads any more, bytes that rot on the disk. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { ImapClient } from "../support/imap_client.ts";
import { latin1, latin1Bytes } from "../support/latin1.ts";
import { keptMessage } from "../support/letters.ts";
import { Pop3Client, readMaildrop } from "../support/pop3_client.ts";
import { testWith } from "../support/programs.ts";
import { type LogLine, startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { assertStoreSound } from "../support/store_check.ts";

const LOGIN = { user: "john@smith.test", password: "rot and drift" };
const BASIS = {
  workers: { listener: 1, mailbox: 1 },
  domains: ["smith.test"],
  accounts: [{ address: LOGIN.user, password: LOGIN.password }],
} as const;

async function deliver(client: SmtpClient, text: string): Promise<void> {
  const reply = await client.send({
    from: "",
    to: [LOGIN.user],
    content: latin1Bytes(`Subject: ${text}\r\n\r\n${text}\r\n`),
  });
  assertMatch(reply.text, /^250 2\.0\.0 /, text);
}

/** Numbers behind `+OK` of UIDL: `uidValidity` and uid, in whatever form; only order and repetition matter. */
async function uniqueIds(server: TestServer): Promise<string[]> {
  await using client = await Pop3Client.open({ port: server.ports.pop3 }, LOGIN);
  const ids = (await client.lines("UIDL")).map((line) => line.split(" ")[1]!);
  await client.quit();
  return ids;
}

/** Where Debian's package libfaketime puts the library for programs with threads; null when it is not installed. */
function faketimeLibrary(): string | null {
  for (const arch of ["x86_64-linux-gnu", "aarch64-linux-gnu"]) {
    const path = `/usr/lib/${arch}/faketime/libfaketimeMT.so.1`;
    try {
      Deno.statSync(path);
      return path;
    } catch {
      // Another machine, or not installed.
    }
  }
  return null;
}

/** Ten days on, an hour back, a leap second, the beginning and the end of 32-bit time, and beyond every certificate. */
const JUMPS = [
  "+10d",
  "-1h",
  "@2026-12-31 23:59:59",
  "@1970-01-02 00:00:00",
  "@2038-01-19 03:14:08",
  "@2106-02-07 06:28:16",
  "@1999-12-31 23:59:59",
  "+0",
];

const library = faketimeLibrary();

Deno.test({
  name: "whatever the clock says, sessions, locks and mail go on, and no UID is used again" +
    (library === null ? " (skipped: needs libfaketime)" : ""),
  ignore: library === null,
  async fn() {
    const clockFile = await Deno.makeTempFile({ prefix: "stagepost-clock-" });
    const set = (time: string) => Deno.writeTextFileSync(clockFile, `${time}\n`);
    set("+0");
    const fake = {
      LD_PRELOAD: library!,
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
      TZ: "UTC",
    };
    const wrapper = ["env", ...Object.entries(fake).map(([name, value]) => `${name}=${value}`)];
    try {
      await using server = await startServer({ ...BASIS, wrapper });
      await using session = await SmtpClient.greeted({ port: server.ports.smtp });
      await using secure = await SmtpClient.greeted({ port: server.ports.smtps, tls: true });
      await deliver(session, "before");
      await using owner = await Pop3Client.open({ port: server.ports.pop3 }, LOGIN);
      for (const [i, time] of JUMPS.entries()) {
        set(time);
        await deliver(session, `open session ${i}`);
        await deliver(secure, `TLS session ${i}`);
        await using fresh = await SmtpClient.greeted({ port: server.ports.smtps, tls: true });
        await deliver(fresh, `new session ${i}`);
        await fresh.quit();
        assertEquals(await owner.count(), 1, `${time}: the maildrop's session and lock go on`);
        await using second = await Pop3Client.connect({ port: server.ports.pop3 });
        await second.ok(`USER ${LOGIN.user}`);
        assertMatch(await second.command(`PASS ${LOGIN.password}`), /^-ERR \[IN-USE\] /, time);
        await second.wire.destroy();
      }
      await owner.quit();
      const messages = await readMaildrop({ port: server.ports.pop3 }, LOGIN);
      assertEquals(messages.length, 1 + 3 * JUMPS.length);
      const stamps = messages.map((message) => /\b(\d{4}) \d\d:\d\d:\d\d \+0000/.exec(keptMessage(message).trace)?.[1]);
      for (const year of ["1970", "1999", "2038", "2106"]) assert(stamps.includes(year), `the clock was in ${year}`);
      const ids = await uniqueIds(server);
      assertEquals(new Set(ids).size, ids.length);
      // Started again in the past: what was there keeps its number, what comes gets a new one.
      set("@1980-01-01 00:00:00");
      await session.quit();
      await secure.quit();
      await server.stop();
      await server.start();
      await using later = await SmtpClient.greeted({ port: server.ports.smtp });
      await deliver(later, "after a start in the past");
      await later.quit();
      const after = await uniqueIds(server);
      assertEquals(after.slice(0, -1), ids);
      assert(!ids.includes(after.at(-1)!));
      assertEquals(await assertStoreSound(server), after.length);
      assertEquals(server.log.filter(({ level }) => level === "error"), []);
      await server.stop();
    } finally {
      await Deno.remove(clockFile);
    }
  },
});

testWith(
  { programs: ["bash", "sed"] },
  "a server whose log nobody reads any more, and that is sent SIGPIPE, goes on taking and giving mail",
  async () => {
    // The reader of standard error ends behind the line "ready"; every further line meets a broken pipe.
    const wrapper = ["bash", "-c", `exec "$@" 2> >(sed '/"event":"ready"/q' >&2)`, "bash"];
    await using server = await startServer({ ...BASIS, wrapper, config: { log: { level: "debug" } } });
    const seen = server.log.length;
    for (let i = 0; i < 20; i++) {
      server.signal("SIGPIPE");
      await using client = await SmtpClient.greeted({ port: server.ports.smtp });
      await deliver(client, `unlogged ${i}`);
      await client.quit();
    }
    assertEquals((await readMaildrop({ port: server.ports.pop3 }, LOGIN)).length, 20);
    assertEquals(server.log.length, seen, "nothing that was logged could be read");
    assert(server.running);
    await server.stop();
  },
);

function segmentFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => `${dir}/${name}`)
    .filter((path) => /\/segments\/[^/]+$/.test(path));
}

Deno.test("one flipped bit makes one message unreadable and says which; all others, and new mail, are served", async () => {
  await using server = await startServer(BASIS);
  await using smtp = await SmtpClient.greeted({ port: server.ports.smtp });
  for (const text of ["first", "rotten-apple", "third"]) await deliver(smtp, text);
  await smtp.quit();
  await server.stop();
  let flipped = 0;
  for (const path of segmentFiles(server.dataDir)) {
    const bytes = await Deno.readFile(path);
    const at = latin1(bytes).indexOf("\r\n\r\nrotten-apple");
    if (at < 0) continue;
    bytes[at + 7]! ^= 0x01;
    await Deno.writeFile(path, bytes);
    flipped++;
  }
  assertEquals(flipped, 1);
  await server.start();
  await using pop3 = await Pop3Client.open({ port: server.ports.pop3 }, LOGIN);
  assertEquals(await pop3.count(), 3);
  assertMatch(await pop3.command("RETR 2"), /^-ERR/);
  assertMatch(await pop3.command("TOP 2 1"), /^-ERR/);
  for (const [number, text] of [[1, "first"], [3, "third"]] as const) {
    assertEquals(latin1(keptMessage(await pop3.retr(number)).content), `Subject: ${text}\r\n\r\n${text}\r\n`);
  }
  await using imap = await ImapClient.open({ port: server.ports.imap }, LOGIN);
  await imap.ok("EXAMINE INBOX");
  const fetched = await imap.command("FETCH 1:3 BODY.PEEK[]");
  assertEquals(fetched.status, "NO");
  assertEquals(fetched.untagged.map((line) => /^\d FETCH/.exec(line)?.[0]), ["1 FETCH", "3 FETCH"]);
  assertStringIncludes(fetched.untagged[1]!, "Subject: third\r\n\r\nthird\r\n");
  const envelopes = await imap.ok("FETCH 1:3 ENVELOPE");
  assertEquals(envelopes.length, 3, "what is kept of the message beside it is sound");
  await imap.logout();
  const { problems } = await server.rpc<{ problems: { uid: number; problem: string }[] }>("storage.verify");
  assertEquals(problems.map(({ uid, problem }) => [uid, problem]), [[2, "the checksum of the message is wrong"]]);
  await using again = await SmtpClient.greeted({ port: server.ports.smtp });
  await deliver(again, "fourth");
  await again.quit();
  await pop3.ok("DELE 2");
  await pop3.quit();
  assertEquals(await assertStoreSound(server), 3);
  await server.stop();
});

Deno.test("a server on data that were put back from a copy says so, and gives no client a UID that it knows for another message", async () => {
  await using server = await startServer(BASIS);
  const inbox = async () => {
    await using imap = await ImapClient.open({ port: server.ports.imap }, LOGIN);
    const [status = ""] = await imap.ok("STATUS INBOX (UIDNEXT UIDVALIDITY)");
    await imap.logout();
    const [, next, validity] = /UIDNEXT (\d+) UIDVALIDITY (\d+)/.exec(status)!.map(Number);
    return { next, validity: validity! };
  };
  const deliverOne = async (text: string) => {
    await using smtp = await SmtpClient.greeted({ port: server.ports.smtp });
    await deliver(smtp, text);
    await smtp.quit();
  };
  const copy = `${server.dir}/copy`;
  await deliverOne("kept");
  await server.stop();
  cpSync(server.dataDir, copy, { recursive: true, preserveTimestamps: true });
  await server.start();
  assert(!server.log.some(isRaised), "its own files are no copy");
  await deliverOne("lost");
  const before = await inbox();
  await server.kill();
  rmSync(server.dataDir, { recursive: true });
  cpSync(copy, server.dataDir, { recursive: true, preserveTimestamps: true });
  await server.start();
  assert(server.log.some(isRaised));
  await deliverOne("new");
  const after = await inbox();
  assertEquals(after.next, before.next);
  assert(after.validity > before.validity, `${before.validity} became ${after.validity}`);
  await server.stop();
});

function isRaised({ event }: LogLine): boolean {
  return event.startsWith("shard was put back from a copy");
}
