import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ContentPolicy } from "../../../src/actors/listener/content_policy.ts";
import { concat, Failure, latin1 } from "../../../src/base/mod.ts";
import { INBOX_ID, JUNK_ID } from "../../../src/mail/account.ts";
import type { MailboxProtocol, PolicyProtocol, ScanCheck } from "../../../src/messages/mod.ts";
import { parseNetworks } from "../../../src/net/mod.ts";
import { parseHeaderRule, type ScanSettings } from "../../../src/policy/scan/mod.ts";
import { NO_SCANS } from "../../support/no_scans.ts";
import { settle } from "../../runtime/support/system.ts";
import { type Client, FakeListener } from "./fronts.ts";

const ACCOUNT = { id: "a1", address: "john@smith.test", disabled: false, quotaBytes: 0, createdAt: "" };
const RULES = { scan: "incoming", bytesMax: 1_000, onLarge: "accept", onFailure: "accept" } as const;
const FLAG = [parseHeaderRule("X-Spam-Flag: YES")!];
const RSPAMD = { ...RULES, rejectScore: null, junkScore: null };
const settings = (over: Partial<ScanSettings> = {}): ScanSettings => ({
  hostname: "mx.smith.test",
  rspamd: RSPAMD,
  clamav: null,
  junk: FLAG,
  ...over,
});
const content = (over: Partial<ContentPolicy> = {}): ContentPolicy => ({
  ...NO_SCANS,
  scanners: settings(),
  scanMsMax: 10_000,
  exempt: parseNetworks(["198.51.100.0/24"]),
  rules: FLAG,
  ...over,
});
const CLEAN: ScanCheck = {
  disposition: { type: "accept" },
  result: "clean",
  fields: "X-Spam-Status: No\r\n",
  remove: ["x-spam-flag"],
  notes: ["rspamd: no action 0.00/15.00"],
};
const MAIL = ["From: a@there.test", "X-Spam-Flag: YES", "Subject: x", "", "hello", "."];
const TAKEN = { type: "delivered", uids: [1] };

async function send(client: Client, lines: readonly string[] = MAIL, hello = "EHLO x"): Promise<void> {
  client.say(hello, "MAIL FROM:<a@there.test>", "RCPT TO:<john@smith.test>", "DATA");
  client.told();
  client.say(...lines);
  await settle();
}

/** The mail that was last given to the mailbox: which mailbox, and its bytes below our trace fields. */
function kept(listener: FakeListener): { mailbox: number | undefined; text: string } {
  const { mailbox, parts } = listener.requests.get("mailbox.deliver") as MailboxProtocol["mailbox.deliver"]["request"];
  return { mailbox, text: latin1(concat(parts)).replace(/^Return-Path[^]*?\d\d \+0000\r\n/, "") };
}

/** Sends a mail that scanners answer so. */
async function scanned(
  listener: FakeListener,
  check: ScanCheck | (() => Promise<never>),
): Promise<{ client: Client; told: () => string }> {
  const client = listener.connect("smtp");
  await send(client);
  await listener.answer("policy.scan", typeof check === "function" ? check() : check);
  return { client, told: client.told };
}

Deno.test("scanners see a mail with its envelope before it is acknowledged; their fields come in the place of forged ones", async () => {
  const listener = new FakeListener({}, { content: content() });
  const { client, told } = await scanned(listener, CLEAN);
  assertEquals(told(), "", "nothing is said before it is durable");
  const { parts, id, ...asked } = listener.requests.get("policy.scan") as PolicyProtocol["policy.scan"]["request"];
  assertEquals(latin1(concat(parts)), "From: a@there.test\r\nX-Spam-Flag: YES\r\nSubject: x\r\n\r\nhello\r\n");
  assert(id.length > 5);
  assertEquals(asked, {
    direction: "incoming",
    staysHere: true,
    ip: "192.0.2.1",
    name: null,
    helo: "x",
    sender: "a@there.test",
    recipients: ["john@smith.test"],
    user: null,
  });
  await listener.answer("mailbox.deliver", TAKEN);
  assertMatch(client.told(), /^250 2\.0\.0 /);
  assertEquals(kept(listener), {
    mailbox: INBOX_ID,
    text: "X-Spam-Status: No\r\nFrom: a@there.test\r\nSubject: x\r\n\r\nhello\r\n",
  });
  assertEquals([listener.counters.scans.clean, listener.counters.received], [1, 1]);
});

Deno.test("junk is filed as such, unless the config wants it in INBOX", async () => {
  const junk: ScanCheck = { ...CLEAN, disposition: { type: "quarantine", text: "spam" }, result: "junk" };
  for (const file of [true, false]) {
    const listener = new FakeListener({}, { content: content({ file }) });
    await scanned(listener, junk);
    await listener.answer("mailbox.deliver", TAKEN);
    assertEquals(kept(listener).mailbox, file ? JUNK_ID : INBOX_ID);
    assertEquals(listener.counters.scans.junk, 1);
  }
});

Deno.test("what is refused or put off is not stored", async () => {
  const listener = new FakeListener({}, { content: content() });
  const reject = { type: "reject", enhanced: "5.7.1", text: "Virus found: Eicar" } as const;
  const refused = await scanned(listener, { ...CLEAN, disposition: reject, result: "virus" });
  assertEquals(refused.told(), "550 5.7.1 Virus found: Eicar\r\n");
  const defer = { type: "defer", enhanced: "4.7.1", text: "Try again later" } as const;
  const put = await scanned(listener, { ...CLEAN, disposition: defer, result: "deferred" });
  assertEquals(put.told(), "451 4.7.1 Try again later\r\n");
  assertEquals(listener.asked.size, 0);
  assertEquals([listener.counters.scans.virus, listener.counters.scans.deferred], [1, 1]);
});

Deno.test("when the policy worker is gone, mail goes on unscanned or comes again as configured; when it is busy it comes again", async () => {
  const down = () => Promise.reject(new Failure("down", "the worker was lost"));
  const open = new FakeListener({}, { content: content() });
  await scanned(open, down);
  await open.answer("mailbox.deliver", TAKEN);
  const { mailbox, text } = kept(open);
  assertEquals(mailbox, INBOX_ID);
  assert(text.startsWith("X-Spam-Status: No, unscanned (scanner failed)\r\nFrom:"));
  assert(!text.includes("X-Spam-Flag"), "forged fields go all the same");
  assertEquals(open.counters.scans.unscanned, 1);
  const shut = new FakeListener({}, {
    content: content({ scanners: settings({ rspamd: { ...RSPAMD, onFailure: "defer" } }) }),
  });
  assertEquals((await scanned(shut, down)).told(), "451 4.7.1 Cannot be scanned now, try again later\r\n");
  const busy = await scanned(open, () => Promise.reject(new Failure("busy", "too many")));
  assertEquals(busy.told(), "451 4.3.2 Busy, try again later\r\n");
  assertEquals(open.counters.scans.busy, 1);
});

Deno.test("a mail that is too large for every scanner is not carried to them", async () => {
  const large = [...MAIL.slice(0, -1), "x".repeat(998), "."];
  for (const onLarge of ["accept", "refuse"] as const) {
    const scanners = settings({ rspamd: { ...RSPAMD, onLarge } });
    const listener = new FakeListener({}, { content: content({ scanners }) });
    const client = listener.connect("smtp");
    await send(client, large);
    if (onLarge === "accept") {
      await listener.answer("mailbox.deliver", TAKEN);
      assert(kept(listener).text.startsWith("X-Spam-Status: No, unscanned (too large)\r\n"));
      assertMatch(client.told(), /^250 /);
    } else {
      await settle();
      assertEquals(client.told(), "550 5.3.4 Too large to be scanned\r\n");
    }
    assertEquals([listener.requests.has("policy.scan"), listener.counters.scans.tooLarge], [false, 1]);
  }
});

Deno.test("of servers of ours nothing is scanned, and their word on spam is believed", async () => {
  const listener = new FakeListener({}, { content: content() });
  const clients = [
    [listener.connect("smtp", { address: "198.51.100.7" }), "EHLO x"],
    [listener.connect("lmtp"), "LHLO x"],
  ] as const;
  for (const [client, hello] of clients) {
    for (const [lines, mailbox] of [[MAIL, JUNK_ID], [MAIL.with(1, "X-Spam-Flag: NO"), INBOX_ID]] as const) {
      await send(client, lines, hello);
      await listener.answer("mailbox.deliver", TAKEN);
      assertMatch(client.told(), /250 2\.0\.0 /);
      assertEquals(kept(listener), { mailbox, text: `${lines.slice(0, -1).join("\r\n")}\r\n` });
    }
  }
  assertEquals(listener.requests.has("policy.scan"), false);
});

Deno.test("where nothing is scanned, what strangers write of spam changes nothing", async () => {
  const listener = new FakeListener({}, { content: content({ scanners: null }) });
  await send(listener.connect("smtp"));
  await listener.answer("mailbox.deliver", TAKEN);
  assertEquals(kept(listener), { mailbox: INBOX_ID, text: `${MAIL.slice(0, -1).join("\r\n")}\r\n` });
});

Deno.test("mail of users is scanned where that is wanted, before it is signed, and kept as they wrote it", async () => {
  for (const scan of ["incoming", "both"] as const) {
    const scanners = settings({ rspamd: { ...RSPAMD, scan } });
    const listener = new FakeListener({}, { content: content({ scanners }) });
    const client = listener.connect("submission");
    client.say("EHLO x", `AUTH PLAIN ${btoa("\0john@smith.test\0x")}`);
    await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
    client.say("MAIL FROM:<john@smith.test>", "RCPT TO:<john@smith.test>", "DATA");
    client.told();
    client.say("From: john@smith.test", "X-Spam-Flag: YES", "Date: x", "Message-ID: <1@x>", "", "hello", ".");
    if (scan === "both") {
      await listener.answer("policy.scan", { ...CLEAN, fields: "", remove: [] });
      const { direction, user } = listener.requests.get("policy.scan") as PolicyProtocol["policy.scan"]["request"];
      assertEquals([direction, user], ["outgoing", "john@smith.test"]);
    }
    await listener.answer("mailbox.deliver", TAKEN);
    assertEquals(listener.requests.has("policy.scan"), scan === "both");
    const { mailbox, text } = kept(listener);
    assertEquals([mailbox, text.includes("X-Spam-Flag: YES\r\n")], [INBOX_ID, true]);
  }
});

Deno.test("a network that is exempt is so for servers alone: mail of users there is scanned, and they have no word on spam", async () => {
  const scanners = settings({ rspamd: { ...RSPAMD, scan: "both" } });
  const exempt = parseNetworks(["192.0.2.0/24"]);
  const listener = new FakeListener({}, { content: content({ scanners, exempt }) });
  const client = listener.connect("submission", { address: "192.0.2.1" });
  client.say("EHLO x", `AUTH PLAIN ${btoa("\0john@smith.test\0x")}`);
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  client.say("MAIL FROM:<john@smith.test>", "RCPT TO:<john@smith.test>", "DATA");
  client.told();
  client.say("From: john@smith.test", "X-Spam-Flag: YES", "Date: x", "Message-ID: <1@x>", "", "hello", ".");
  await settle();
  assertEquals(client.told(), "", "nothing is said before it was looked at");
  await listener.answer("policy.scan", { ...CLEAN, fields: "", remove: [] });
  await listener.answer("mailbox.deliver", TAKEN);
  assertMatch(client.told(), /^250 2\.0\.0 /);
  assertEquals([kept(listener).mailbox, listener.counters.scans.clean], [INBOX_ID, 1]);
});

Deno.test("what a sender's policy wants in quarantine is filed as junk", async () => {
  const check = {
    disposition: { type: "quarantine", text: "Quarantined by the DMARC policy of there.test" },
    results: { spf: "fail", dkim: [], arc: "none", dmarc: "fail", author: "there.test", iprev: "fail" },
    field: "Authentication-Results: mx.smith.test; dmarc=fail\r\n",
    sealed: [],
  };
  for (
    const [senders, file, mailbox] of [["enforce", true, JUNK_ID], ["report", true, INBOX_ID], [
      "enforce",
      false,
      INBOX_ID,
    ]] as const
  ) {
    const listener = new FakeListener({}, { senders, content: { ...NO_SCANS, file } });
    await send(listener.connect("smtp"));
    await listener.answer("policy.check", check);
    await listener.answer("mailbox.deliver", TAKEN);
    assertEquals(kept(listener).mailbox, mailbox);
    assert(kept(listener).text.startsWith(check.field));
  }
});
