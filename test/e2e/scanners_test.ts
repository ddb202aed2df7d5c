/** The real rspamd and ClamAV look at mail before it is acknowledged: what is refused, filed as junk, marked, or let on without. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { latin1 } from "../support/latin1.ts";
import { metrics } from "../support/metrics.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { programPath } from "../support/programs.ts";
import { EICAR, missingScanners, type ScannerPeer, startClamd, startRspamd } from "../support/scanner_peers.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const JOHN = { user: "john@smith.test", password: "guard dog" };
const STRANGER = "anna@there.test";

/** Registers a test that needs both scanners; where one is missing it is ignored and its name says why. */
function scannersTest(
  name: string,
  run: (rspamd: ScannerPeer, clamd: ScannerPeer) => Promise<void>,
  programs: readonly string[] = [],
): void {
  const missing = [...missingScanners(["rspamd", "clamd"]), ...programs.filter((each) => programPath(each) === null)];
  const reason = missing.length === 0 ? "" : ` (skipped: needs ${missing.join(", ")})`;
  Deno.test({
    name: name + reason,
    ignore: missing.length > 0,
    async fn() {
      await using rspamd = await startRspamd();
      await using clamd = await startClamd();
      await run(rspamd, clamd);
    },
  });
}

const serverWith = (config: Readonly<Record<string, unknown>>, runtime: "deno" | "bun" = "deno") =>
  startServer({
    runtime,
    config: { senders: { authentication: "off" }, ...config },
    env: { RSPAMD_PASSWORD: "not needed by a normal worker" },
    workers: { listener: 1, mailbox: 1 },
    domains: ["smith.test"],
    accounts: [{ address: JOHN.user, password: JOHN.password }],
  });

function letter(kind: string, { body = "Hello.", from = STRANGER } = {}): Uint8Array {
  return utf8(
    `From: ${from}\r\nX-Test: ${kind}\r\nX-Test-Gone: 1\r\nX-Spam-Flag: YES\r\nX-Virus-Status: Clean\r\n` +
      `Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nMessage-ID: <${kind}@there.test>\r\nSubject: ${kind}\r\n\r\n${body}\r\n`,
  );
}

/** Sends one mail as a stranger and gives the reply. */
async function send(server: TestServer, content: Uint8Array): Promise<string> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const { text } = await client.send({ from: STRANGER, to: [JOHN.user], content });
  await client.quit();
  return text.trim();
}

/** Sends one mail as John, and gives the reply. */
async function submit(server: TestServer, content: Uint8Array): Promise<string> {
  await using client = await SmtpClient.greeted({ port: server.ports.submission });
  await client.expect(`AUTH PLAIN ${btoa(`\0${JOHN.user}\0${JOHN.password}`)}`, 235);
  const { text } = await client.send({ from: JOHN.user, to: [JOHN.user], content });
  await client.quit();
  return text.trim();
}

/** INBOX as POP3 has it. */
const inbox = async (server: TestServer) =>
  (await readMaildrop({ port: server.ports.pop3 }, JOHN)).map((bytes) => latin1(bytes));

/** Messages in all mailboxes, INBOX and Junk. */
const kept = async (server: TestServer) =>
  (await server.rpc<{ messages: number }>("account.show", { address: JOHN.user })).messages;

const header = (mail: string) => mail.slice(0, mail.indexOf("\r\n\r\n") + 2);

scannersTest(
  "strangers' mail is marked, filed as junk, put off or refused; a virus is refused from users, too",
  async (rspamd, clamd) => {
    await using server = await serverWith({
      scanners: { rspamd: { port: rspamd.port }, clamav: { socket: clamd.socket } },
    });
    assertMatch(await send(server, letter("plain")), /^250 /);
    assertMatch(await send(server, letter("grey")), /^250 /);
    assertMatch(await send(server, letter("spam")), /^250 /);
    assertEquals(await send(server, letter("worst")), "550 5.7.1 Rejected as spam");
    assertEquals(await send(server, letter("soft")), "451 4.7.1 Come again tomorrow");
    const infected = letter("plain", { body: EICAR });
    const virus = "550 5.7.1 Virus found: Stagepost.Test.Eicar.UNOFFICIAL";
    assertEquals(await send(server, infected), virus);
    assertEquals(await submit(server, infected), virus);
    const deep = letter("plain", { body: `${`${"x".repeat(900)}\r\n`.repeat(400)}${EICAR}` });
    assertEquals(await send(server, deep), virus);
    assertMatch(await submit(server, letter("spam", { from: JOHN.user })), /^250 /);

    const [plain = "", grey = "", own = "", ...more] = await inbox(server);
    assertEquals([more.length, await kept(server)], [0, 4], "one is in Junk");
    assertMatch(
      header(plain),
      /X-Virus-Scanned: ClamAV at mail\.test\r\nX-Virus-Status: Clean\r\nX-Spam-Status: No, score=0\.00 required=15\.00\r\n/,
    );
    assert(!/X-Spam-Flag|X-Test-Gone/.test(header(plain)), "what others have written, and what rspamd wants gone");
    const envelope = `from=${STRANGER} to=${JOHN.user} ip=127.0.0.1 helo=client.test user=-`;
    assert(header(plain).includes(`X-Test-Envelope: ${envelope}\r\n`));
    assertMatch(header(grey), /X-Spam-Status: No, score=4\.50 required=15\.00\r\n\ttests=TEST_GREY\r\n/);
    assertMatch(header(grey), /X-Spam-Level: \*{4}\r\nX-Rspamd-Action: greylist\r\n/);
    assertMatch(header(own), /X-Spam-Flag: YES\r\nX-Virus-Status: Clean\r\n/, "a user's own words stay");
    assert(!header(own).includes("X-Spam-Status"));

    const text = await metrics(server);
    for (const sample of ['clean"} 3', 'junk"} 1', 'spam"} 1', 'virus"} 3', 'deferred"} 1']) {
      assert(text.includes(`stagepost_scans_total{result="${sample}`), sample);
    }
  },
);

scannersTest(
  "scanners that are gone let mail on, or have it come again, as configured; rspamd is asked at a Unix socket",
  async (rspamd, clamd) => {
    await using server = await serverWith({
      scanners: {
        rspamd: { socket: rspamd.socket, password: "env:RSPAMD_PASSWORD", scan: "both", junkScore: 4, rejectScore: 7 },
        clamav: { port: clamd.port },
      },
      junk: { file: false },
    });
    assertEquals(await send(server, letter("spam")), "550 5.7.1 Rejected as spam");
    assertEquals(await submit(server, letter("worst", { from: JOHN.user })), "550 5.7.1 Rejected as spam");
    assertMatch(await send(server, letter("grey")), /^250 /);
    const large = letter("plain", { body: `${"x".repeat(900)}\r\n`.repeat(2_400) });
    assertMatch(await send(server, large), /^250 /);
    await rspamd.stop();
    assertMatch(await send(server, letter("spam")), /^250 /);
    await clamd.stop();
    assertEquals(await send(server, letter("plain")), "451 4.7.1 Cannot be scanned now, try again later");

    const [grey = "", unseen = "", unjudged = "", ...more] = await inbox(server);
    assertEquals([more.length, await kept(server)], [0, 3]);
    assertMatch(header(grey), /X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=4\.50 /, "junk, but in INBOX");
    assertMatch(header(unseen), /X-Virus-Status: Unscanned \(too large\)\r\nX-Spam-Status: No, score=/);
    assertMatch(header(unjudged), /X-Virus-Status: Clean\r\nX-Spam-Status: No, unscanned \(scanner failed\)\r\n/);
    assert(!/X-Spam-Flag/.test(header(unjudged)));
  },
);

scannersTest("under Bun scanners are asked as well, over TCP and at a Unix socket", async (rspamd, clamd) => {
  const scanners = { rspamd: { port: rspamd.port }, clamav: { socket: clamd.socket } };
  await using server = await serverWith({ scanners }, "bun");
  assertMatch(await send(server, letter("plain", { body: EICAR })), /^550 5\.7\.1 Virus found/);
  assertMatch(await send(server, letter("spam")), /^250 /);
  assertEquals([(await inbox(server)).length, await kept(server)], [0, 1]);
}, ["bun"]);
