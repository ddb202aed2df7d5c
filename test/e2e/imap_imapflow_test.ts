/** ImapFlow, the library that most programs on Node read mail with by IMAP, against the real server. */
import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { type FetchMessageObject, ImapFlow, type ImapFlowOptions } from "imapflow";
import { utf8 } from "../../src/base/mod.ts";
import { within } from "../support/eventually.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const LOGIN = { user: "billy@bob.test", pass: "saddle-up" };
const QUOTA_BYTES = 4 * 1_048_576;
/** Longest wait for an event of the client's. */
const EVENT_MS_MAX = 10_000;

/** A picture of every octet, so that a byte lost or changed shows. */
const PICTURE = Uint8Array.from({ length: 5_000 }, (_, i) => i % 251);

function base64Lines(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/.{76}/g, "$&\r\n");
}

/** Text in a charset of its own, an alternative and an attachment with a name that needs RFC 2231. */
const MANY_PARTS = utf8([
  "From: =?utf-8?q?Ren=C3=A9?= <rene@smith.test>",
  "To: Billy <billy@bob.test>",
  "Subject: =?utf-8?q?Caf=C3=A9?= at noon",
  "Date: Mon, 05 Jan 2026 09:00:00 +0000",
  "Message-ID: <many@smith.test>",
  "MIME-Version: 1.0",
  'Content-Type: multipart/mixed; boundary="m"',
  "",
  "--m",
  'Content-Type: multipart/alternative; boundary="a"',
  "",
  "--a",
  "Content-Type: text/plain; charset=iso-8859-1",
  "Content-Transfer-Encoding: quoted-printable",
  "",
  "Un caf=E9 =3D un euro",
  "--a",
  "Content-Type: text/html; charset=utf-8",
  "",
  "<p>Un café</p>",
  "--a--",
  "--m",
  "Content-Type: image/png; name*=utf-8''caf%C3%A9.png",
  "Content-Disposition: attachment; filename*=utf-8''caf%C3%A9.png",
  "Content-Transfer-Encoding: base64",
  "",
  base64Lines(PICTURE),
  "--m--",
  "",
].join("\r\n"));

function letter(subject: string): Uint8Array {
  return utf8(
    `From: <john@smith.test>\r\nTo: <${LOGIN.user}>\r\nSubject: ${subject}\r\n` +
      `Message-ID: <${subject}@smith.test>\r\n\r\nText of ${subject}.\r\n`,
  );
}

function imapServer(): Promise<TestServer> {
  return startServer({
    domains: ["bob.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.pass, quotaBytes: QUOTA_BYTES }],
  });
}

/** A client that is logged in, and the commands it has sent. */
async function connected(
  server: TestServer,
  options: ImapFlowOptions = {},
): Promise<{ client: ImapFlow; sent: readonly string[] }> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: server.ports.imap,
    auth: LOGIN,
    tls: { rejectUnauthorized: false },
    logger: false,
    emitLogs: true,
    disableAutoIdle: true,
    ...options,
  });
  const sent: string[] = [];
  client.on("log", (entry: { src?: string; msg?: string }) => {
    if (entry.src === "c") sent.push(String(entry.msg));
  });
  await client.connect();
  return { client, sent };
}

/** What arrives with the next event of this name. */
async function next<T>(client: ImapFlow, event: string): Promise<T> {
  const [data] = await within(EVENT_MS_MAX, `the event ${event}`, once(client, event));
  return data as T;
}

async function deliver(server: TestServer, subject: string): Promise<void> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const reply = await client.send({ from: "john@smith.test", to: [LOGIN.user], content: letter(subject) });
  assertEquals(reply.code, 250, reply.text);
  await client.quit();
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const SECURITY = {
  plain: { secure: false, doSTARTTLS: false },
  starttls: { secure: false, doSTARTTLS: true },
  implicit: { secure: true },
} as const;

for (const how of ["plain", "starttls", "implicit"] as const) {
  Deno.test(`ImapFlow logs in, deflates, lists by special use, and is refused a wrong password: ${how}`, async () => {
    await using server = await imapServer();
    const port = how === "implicit" ? server.ports.imaps : server.ports.imap;
    const { client, sent } = await connected(server, { port, ...SECURITY[how] });
    assertEquals(client.secureConnection, how !== "plain");
    assert(client.authenticated);
    assertEquals(client.serverInfo?.name, "Stagepost");
    assertEquals(client.namespace?.delimiter, "/");
    assert(sent.some((line) => / COMPRESS DEFLATE$/.test(line)), "it deflates");
    assert(client.enabled.has("IMAP4REV2"), [...client.enabled].join(" "));
    const boxes = await client.list({ statusQuery: { messages: true, unseen: true, uidNext: true, size: true } });
    const uses = Object.fromEntries(boxes.map(({ path, specialUse }) => [path, specialUse]));
    assertEquals(uses, {
      INBOX: "\\Inbox",
      Archive: "\\Archive",
      Drafts: "\\Drafts",
      Junk: "\\Junk",
      Sent: "\\Sent",
      Trash: "\\Trash",
    });
    for (const { status, path } of boxes) {
      assertEquals(status?.messages, 0, path);
      assertEquals(status?.uidNext, 1, path);
      assertEquals(Number(status?.size), 0, path);
    }
    await client.logout();
    const refused = await assertRejects(() =>
      connected(server, { port, ...SECURITY[how], auth: { ...LOGIN, pass: "wrong" } })
    );
    assertEquals((refused as { authenticationFailed?: boolean }).authenticationFailed, true);
    await server.stop();
  });
}

Deno.test("ImapFlow fetches by every option it has, and downloads parts decoded", async () => {
  await using server = await imapServer();
  const { client, sent } = await connected(server);
  const appended = await client.append("INBOX", MANY_PARTS, ["\\Flagged", "$Forwarded"], new Date("2026-01-05T10:00Z"));
  assert(appended !== false && appended.uid === 1);
  const lock = await client.getMailboxLock("INBOX");
  const found = await client.fetchOne("1", {
    uid: true,
    flags: true,
    bodyStructure: true,
    envelope: true,
    internalDate: true,
    size: true,
    source: true,
    emailId: true,
    threadId: true,
    headers: true,
    bodyParts: ["1.1", "text", "1.1.mime", { key: "2", start: 10, maxLength: 20 }],
  });
  assert(found !== false);
  assertEquals(found.source, Buffer.from(MANY_PARTS));
  assertEquals(found.size, MANY_PARTS.length);
  assertEquals([...found.flags!].filter((flag) => flag !== "\\Recent").sort(), ["$Forwarded", "\\Flagged"]);
  assertEquals(found.internalDate, new Date("2026-01-05T10:00Z"));
  assertEquals(found.envelope?.subject, "Café at noon");
  assertEquals(found.envelope?.from, [{ name: "René", address: "rene@smith.test" }]);
  assertEquals(found.envelope?.messageId, "<many@smith.test>");
  assert(found.emailId !== undefined && found.modseq !== undefined);
  assertMatch(found.threadId ?? "", /^T[0-9a-z]{14,}$/); // RFC 8474 §5.2.
  const source = Buffer.from(MANY_PARTS).toString("latin1");
  const [head] = source.split("\r\n\r\n");
  assertEquals(found.headers?.toString("latin1"), `${head}\r\n\r\n`);
  assertEquals(found.bodyParts?.get("text")?.toString("latin1"), source.slice(head!.length + 4));
  assertEquals(found.bodyParts?.get("1.1")?.toString(), "Un caf=E9 =3D un euro");
  assertMatch(found.bodyParts!.get("1.1.mime")!.toString(), /^Content-Type: text\/plain; charset=iso-8859-1\r\n/);
  assertEquals(found.bodyParts?.get("2")?.toString(), base64Lines(PICTURE).slice(10, 30));
  assertStructure(found);
  const headers = await client.fetchOne("1", { headers: ["Subject", "Message-ID"] });
  assert(headers !== false);
  assertMatch(headers.headers!.toString(), /^Subject: .*\r\nMessage-ID: <many@smith\.test>\r\n\r\n$/);
  const piece = await client.fetchOne("1", { source: { start: 5, maxLength: 10 } });
  assertEquals(piece !== false && piece.source, Buffer.from(MANY_PARTS.subarray(5, 15)));
  for (const macro of ["fast", "all", "full"] as const) {
    const message = await client.fetchOne("1", { [macro]: true });
    assert(message !== false && message.flags !== undefined && message.size === MANY_PARTS.length, macro);
    assertEquals(message.envelope !== undefined, macro !== "fast");
    assertEquals(message.bodyStructure !== undefined, macro === "full");
  }
  await assertDownloads(client);
  const decoded = await client.fetchOne("1", { bodyParts: ["1.1", "2"] }, { binary: true });
  assert(decoded !== false);
  assertEquals(decoded.bodyParts?.get("2"), Buffer.from(PICTURE));
  assertEquals(decoded.bodyParts?.get("1.1")?.toString("latin1"), "Un caf\u00e9 = un euro");
  assert(sent.some((line) => line.includes("BINARY.PEEK[2]")), "the server decodes");
  lock.release();
  await client.logout();
  await server.stop();
});

function assertStructure({ bodyStructure }: FetchMessageObject): void {
  assertEquals(bodyStructure?.type, "multipart/mixed");
  const [alternative, picture] = bodyStructure!.childNodes!;
  assertEquals(alternative?.childNodes?.map(({ part, type }) => [part, type]), [
    ["1.1", "text/plain"],
    ["1.2", "text/html"],
  ]);
  assertEquals(picture?.part, "2");
  assertEquals(picture?.encoding, "base64");
  assertEquals(picture?.disposition, "attachment");
  assertEquals(picture?.dispositionParameters?.["filename"], "café.png");
}

async function assertDownloads(client: ImapFlow): Promise<void> {
  const text = await client.download("1", "1.1");
  assert(text.content !== undefined);
  assertEquals(text.meta.charset, "utf-8"); // Of what it hands on, made from ISO 8859-1.
  assertEquals((await bytesOf(text.content)).toString(), "Un café = un euro");
  // In chunks, so that ranges are asked for.
  const picture = await client.download("1", "2", { chunkSize: 1_024 });
  assert(picture.content !== undefined);
  assertEquals(picture.meta.filename, "café.png");
  assertEquals(await bytesOf(picture.content), Buffer.from(PICTURE));
  const whole = await client.download("1");
  assert(whole.content !== undefined);
  assertEquals(await bytesOf(whole.content), Buffer.from(MANY_PARTS));
  const both = await client.downloadMany("1", ["1.2", "2"]) as Record<string, { content: Buffer | null }>;
  assertEquals(both["1.2"]?.content?.toString(), "<p>Un café</p>");
  assertEquals(both["2"]?.content, Buffer.from(PICTURE));
}

Deno.test("ImapFlow searches, changes flags, copies, moves and deletes", async () => {
  await using server = await imapServer();
  const { client } = await connected(server, SECURITY.starttls);
  for (const name of ["one", "two", "three", "four"]) await client.append("INBOX", letter(name), []);
  const lock = await client.getMailboxLock("INBOX");
  const search = (query: Parameters<ImapFlow["search"]>[0]) => client.search(query, { uid: true });
  assertEquals(await search({ subject: "two" }), [2]);
  assertEquals(await search({ or: [{ body: "Text of one" }, { header: { "message-id": "<four@smith.test>" } }] }), [
    1,
    4,
  ]);
  assertEquals(await search({ not: { from: "john" } }), []);
  assertEquals(await search({ since: new Date(Date.now() - 2 * 86_400_000), smaller: 1_000, uid: "2:3" }), [2, 3]);
  assertEquals(await client.messageFlagsAdd({ subject: "two" }, ["\\Seen", "$Label1"]), true);
  assertEquals(await client.messageFlagsSet("3", ["\\Answered"]), true);
  assertEquals(await client.messageFlagsRemove("2", ["\\Seen"]), true);
  assertEquals(await search({ keyword: "$Label1", seen: false }), [2]);
  assertEquals(await search({ answered: true }), [3]);
  await client.setFlagColor("4", "purple");
  assertEquals((await client.fetchAll("4", { flags: true }))[0]?.flagColor, "purple");
  const counted = await client.search({ all: true }, { uid: true, returnOptions: ["MIN", "MAX", "COUNT"] });
  assertEquals(counted, { min: 1, max: 4, count: 4 });
  const paged = await client.search({ all: true }, { uid: true, returnOptions: [{ partial: "2:3" }] });
  assertEquals((paged as { partial?: { messages: string } }).partial?.messages, "2:3");
  const copied = await client.messageCopy("1:2", "Archive");
  assert(copied !== false);
  assertEquals([...copied.uidMap!], [[1, 1], [2, 2]]);
  await client.mailboxCreate(["Kept", "Déjà vu"]);
  const moved = await client.messageMove("3", "Kept/Déjà vu", { uid: true });
  assert(moved !== false);
  assertEquals([...moved.uidMap!], [[3, 1]]);
  const gone = next<{ seq: number }>(client, "expunge");
  assertEquals(await client.messageDelete("1"), true);
  assertEquals((await gone).seq ?? 1, 1);
  assertEquals(await search({ all: true }), [2, 4]);
  lock.release();
  assertEquals(await client.mailboxRename("Kept/Déjà vu", "Kept/Later"), {
    path: "Kept/Déjà vu",
    newPath: "Kept/Later",
  });
  assertEquals((await client.status("Kept/Later", { messages: true }) as { messages: number }).messages, 1);
  assertEquals((await client.mailboxDelete("Kept/Later")).path, "Kept/Later");
  assertEquals(await client.mailboxUnsubscribe("Kept/Later"), true);
  await client.logout();
  await server.stop();
});

Deno.test("ImapFlow in IDLE is told of mail that came by SMTP, and of what another connection does", async () => {
  await using server = await imapServer();
  const [{ client: idle, sent }, { client: other }] = [
    await connected(server, { secure: true, port: server.ports.imaps }),
    await connected(server),
  ];
  await idle.mailboxOpen("INBOX");
  const began = new Promise<void>((resolve) =>
    idle.on("log", (entry: { src?: string; msg?: string }) => {
      if (entry.src === "s" && String(entry.msg).startsWith("+")) resolve();
    })
  );
  const idling = idle.idle();
  await within(EVENT_MS_MAX, "IDLE", began);
  const told = next<{ path: string; count: number; prevCount: number }>(idle, "exists");
  await deliver(server, "news");
  assertEquals(await told, { path: "INBOX", count: 1, prevCount: 0 });
  const flagged = next<{ seq: number; flags: Set<string> }>(idle, "flags");
  const lock = await other.getMailboxLock("INBOX");
  await other.messageFlagsAdd("1", ["\\Flagged"]);
  assert((await flagged).flags.has("\\Flagged"));
  const removed = next<{ seq: number }>(idle, "expunge");
  await other.messageDelete("1");
  assertEquals((await removed).seq, 1);
  lock.release();
  // Another command ends IDLE.
  assertEquals(await idle.search({ all: true }), []);
  await idling;
  assert(sent.some((line) => line === "DONE"), "it idled");
  await Promise.all([idle.logout(), other.logout()]);
  await server.stop();
});

Deno.test("ImapFlow finds what has changed since by QRESYNC and CONDSTORE", async () => {
  await using server = await imapServer();
  const { client: writer } = await connected(server);
  for (const name of ["one", "two", "three", "four"]) await writer.append("INBOX", letter(name), []);
  const { client: first } = await connected(server, { qresync: true });
  assert(first.enabled.has("QRESYNC"), [...first.enabled].join(" "));
  const { uidValidity, highestModseq } = await first.mailboxOpen("INBOX");
  await first.logout();
  const lock = await writer.getMailboxLock("INBOX");
  await writer.messageDelete("2", { uid: true });
  await writer.messageFlagsAdd("3", ["\\Seen"], { uid: true });
  await writer.append("INBOX", letter("five"));
  const changed = await writer.fetchAll("1:*", { flags: true }, { uid: true, changedSince: highestModseq! });
  assertEquals(changed.map(({ uid }) => uid), [3, 5]);
  const { client: again } = await connected(server, { qresync: true });
  const vanished: number[] = [];
  const flags = new Map<number, string[]>();
  again.on("expunge", ({ uid }: { uid?: number }) => void vanished.push(uid!));
  again.on("flags", (news: { uid?: number; flags: Set<string> }) => void flags.set(news.uid!, [...news.flags]));
  const opened = await again.mailboxOpen("INBOX", { changedSince: highestModseq!, uidValidity });
  assertEquals(opened.exists, 4);
  assertEquals(vanished, [2]);
  assertEquals([...flags.keys()].sort(), [3, 5]);
  assert(flags.get(3)!.includes("\\Seen"));
  // UNCHANGEDSINCE of a state that is over changes nothing.
  await writer.messageFlagsAdd("3", ["\\Flagged"], { uid: true, unchangedSince: highestModseq! });
  const kept = await again.fetchOne("3", { flags: true }, { uid: true });
  assert(kept !== false && !kept.flags!.has("\\Flagged"));
  lock.release();
  await Promise.all([writer.logout(), again.logout()]);
  await server.stop();
});

Deno.test("ImapFlow reads the quota, and two connections with locks see each other's work", async () => {
  await using server = await imapServer();
  const { client: one } = await connected(server);
  const { client: two } = await connected(server, { port: server.ports.imaps, secure: true });
  const before = await one.getQuota("INBOX");
  assert(before !== false);
  assertEquals(before.storage?.limit, QUOTA_BYTES);
  await one.append("INBOX", new Uint8Array([...letter("big"), ...new Uint8Array(100_000).fill(0x61), 13, 10]));
  const after = await one.getQuota("INBOX");
  assert(after !== false && after.storage!.usage! >= 100_000, JSON.stringify(after));
  const [here, there] = await Promise.all([one.getMailboxLock("INBOX"), two.getMailboxLock("INBOX")]);
  // A second lock on the same connection waits for the first.
  const order: string[] = [];
  const second = one.getMailboxLock("Archive").then((lock) => {
    order.push("second");
    lock.release();
  });
  const flagged = next<{ seq: number; flags: Set<string> }>(two, "flags");
  await one.messageFlagsAdd("1", ["\\Flagged"]);
  await two.noop();
  assert((await flagged).flags.has("\\Flagged"));
  await two.messageMove("1", "Archive");
  await one.noop();
  assertEquals(one.mailbox && one.mailbox.exists, 0);
  order.push("first");
  here.release();
  there.release();
  await second;
  assertEquals(order, ["first", "second"]);
  assertNotEquals(one.mailbox && one.mailbox.path, "INBOX");
  assertEquals(one.mailbox && one.mailbox.exists, 1);
  await Promise.all([one.logout(), two.logout()]);
  await server.stop();
});
