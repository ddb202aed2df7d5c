/** Thunderbird on a screen of its own: an account is set up, mail is read, answered, moved, deleted and found. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { utf8 } from "../../src/base/mod.ts";
import { AutoconfigProxy } from "../support/autoconfig_proxy.ts";
import { TestCertificate } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { ImapClient } from "../support/imap_client.ts";
import { directory } from "../support/mail_clients.ts";
import { onLoopbackOnly } from "../support/loopback_only.ts";
import { testWith } from "../support/programs.ts";
import { prepareServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { Thunderbird } from "../support/thunderbird.ts";
import { coloursOf, type Picture, pngOf, VirtualScreen } from "../support/virtual_screen.ts";

const PASSWORD = "saddle-up";
const [BILLY, ANN] = ["billy@bob.test", "ann@bob.test"];
const HOST = "mail.bob.test";
/** What a screen with a window full of text and symbols has at least; an empty window has some thirty. */
const COLOURS_MIN = 200;
/** Longest wait for one thing to happen, in ms. */
const STEP_MS_MAX = 60_000;

async function mailServer(authority: TestCertificate): Promise<TestServer> {
  const server = await prepareServer();
  const certificate = authority.issue({ commonName: HOST, names: [HOST] });
  const [certFile, keyFile] = [`${server.dir}/cert.pem`, `${server.dir}/key.pem`];
  await Deno.writeTextFile(certFile, certificate.pem);
  await Deno.writeTextFile(keyFile, certificate.keyPem);
  await server.writeConfig({ tls: { certFile, keyFile } });
  await server.start();
  await server.rpc("domain.add", { name: "bob.test" });
  for (const address of [BILLY, ANN]) await server.rpc("account.add", { address, password: PASSWORD });
  return server;
}

async function post(server: TestServer, subjects: readonly string[]): Promise<void> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  for (const subject of subjects) {
    const content = utf8(
      `From: Ann <${ANN}>\r\nTo: Billy <${BILLY}>\r\nSubject: ${subject}\r\nDate: Mon, 05 Jan 2026 09:00:00 +0000\r\n` +
        `Message-ID: <${subject.replaceAll(" ", "")}@bob.test>\r\n\r\nThe text of ${subject}.\r\n`,
    );
    const reply = await client.send({ from: ANN!, to: [BILLY!], content });
    assertEquals(reply.code, 250, reply.text);
  }
  await client.quit();
}

/** Subjects, flags and the message answered, of each message in a mailbox. */
async function held(client: ImapClient, mailbox: string): Promise<string[]> {
  await client.ok(`EXAMINE ${mailbox}`);
  const found = await client.ok("FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
  return found.filter((line) => / FETCH /.test(line)).map((line) => {
    const flags = /FLAGS \(([^)]*)\)/.exec(line)![1]!.split(" ").filter((flag) => /^\\(Seen|Answered)$/.test(flag));
    return [/Subject: (.*)\r\n/.exec(line)![1], ...flags.sort()].join(" ");
  });
}

/** Saves what the screen shows, once it shows enough and has come to rest. */
async function picture(screen: VirtualScreen, file: string): Promise<void> {
  let last: Picture | null = null;
  const shown = await eventually(`a picture for ${file}`, async () => {
    const [before, now] = [last, await screen.capture()];
    last = now;
    const rests = before !== null && Buffer.compare(before.rgb, now.rgb) === 0;
    return rests && coloursOf(now) >= COLOURS_MIN ? now : null;
  }, { ms: STEP_MS_MAX });
  await Deno.writeFile(file, pngOf(shown));
}

testWith(
  { programs: ["thunderbird", "Xvfb"] },
  "Thunderbird sets up an account, reads, replies, files, moves, deletes and searches, and needs nothing beyond this machine",
  () => onLoopbackOnly(import.meta.url, useThunderbird),
);

async function useThunderbird(): Promise<void> {
  const authority = TestCertificate.selfSigned({ commonName: "Authority of a test", authority: true });
  await using server = await mailServer(authority);
  await post(server, ["Lunch"]);
  const shots = await keptShots(server);
  await using screen = await VirtualScreen.open(await directory(server));
  const { imaps, submission } = server.ports;
  await using proxy = await AutoconfigProxy.open({ domain: "bob.test", host: HOST, imaps, submission });
  await using thunderbird = await Thunderbird.start({
    dir: await directory(server),
    display: screen.display,
    proxyPort: proxy.port,
    authority: authority.pem,
  });
  assertEquals(await thunderbird.act("addAccount", "Billy", BILLY, PASSWORD), [
    "emailAutoConfigSubview",
    "emailConfigFoundSubview",
    "emailPasswordSubview",
    "emailAddedSuccessSubview",
  ]);
  assertEquals(proxy.asked, 1);
  assertEquals(await thunderbird.act("openFolder", "INBOX", 1), ["Lunch"]);
  // Mail shows up by itself where it idles. What comes while it fetches something else it overlooks until the next time.
  const idles = async () => /S-INBOX:SendData: \d+ IDLE/.test(await thunderbird.imapLog());
  await eventually("IDLE", idles, { ms: STEP_MS_MAX });
  await post(server, ["Invoice"]);
  assertEquals(await thunderbird.act("listed", 2), ["Lunch", "Invoice"]);
  await post(server, ["Holidays", "Old news"]);
  assertEquals(await thunderbird.act("getMessages", 4), ["Lunch", "Invoice", "Holidays", "Old news"]);
  assertMatch(await thunderbird.act("read", "Lunch"), /The text of Lunch\./);
  await picture(screen, `${shots}/read.png`);
  assertEquals(await thunderbird.act("beginReply", "At one, then."), ["Re: Lunch", ANN]);
  await picture(screen, `${shots}/reply.png`);
  await thunderbird.act("send");
  await thunderbird.act("read", "Invoice");
  await thunderbird.act("press", "hdrArchiveButton");
  await thunderbird.act("createFolder", "Trips");
  await thunderbird.act("read", "Holidays");
  await thunderbird.act("moveTo", "Trips");
  await thunderbird.act("read", "Old news");
  await thunderbird.act("press", "hdrTrashButton");
  await post(server, ["Dinner", "Breakfast"]);
  await thunderbird.act("getMessages", 3);
  assertEquals(await thunderbird.act("filter", "dinner", 1), ["Dinner"]);
  await picture(screen, `${shots}/filter.png`);
  assertEquals((await thunderbird.act<string[]>("filter", "", 3)).length, 3);
  assertEquals(await thunderbird.act("searchOnServer", "INBOX", "text of Breakfast"), ["Breakfast"]);
  await assertHeld(server);
  const log = await thunderbird.imapLog();
  for (const command of [/ UID search .*body/i, / uid move /i, / COMPRESS DEFLATE/, / ENABLE /]) {
    assertMatch(log, command);
  }
  await server.stop();
}

/** A directory for the pictures; with STAGEPOST_KEEP_SHOTS it outlives the test and its path is printed. */
async function keptShots(server: TestServer): Promise<string> {
  if (Deno.env.get("STAGEPOST_KEEP_SHOTS") === undefined) return await directory(server);
  const dir = await Deno.makeTempDir({ prefix: "stagepost-shots-" });
  console.log(`pictures: ${dir}`);
  return dir;
}

async function assertHeld(server: TestServer): Promise<void> {
  await using billy = await ImapClient.open({ port: server.ports.imap }, { user: BILLY!, password: PASSWORD });
  await using ann = await ImapClient.open({ port: server.ports.imap }, { user: ANN!, password: PASSWORD });
  const year = "2026"; // Of the letters: Archive has a folder for each.
  const wanted: readonly (readonly [ImapClient, string, readonly string[]])[] = [
    [billy, "INBOX", ["Lunch \\Answered \\Seen", "Dinner", "Breakfast"]],
    [billy, "Sent", ["Re: Lunch \\Seen"]],
    [billy, `Archive/${year}`, ["Invoice \\Seen"]],
    [billy, "Trips", ["Holidays \\Seen"]],
    [billy, "Trash", ["Old news \\Seen"]],
    [ann, "INBOX", ["Re: Lunch"]],
  ];
  for (const [client, mailbox, messages] of wanted) {
    let last: readonly string[] = [];
    await eventually(`${mailbox}: ${messages}`, async () => {
      last = await held(client, mailbox);
      return JSON.stringify(last) === JSON.stringify(messages);
    }, { ms: STEP_MS_MAX }).catch((error) => Promise.reject(new Error(`${error.message}; it has: ${last}`)));
  }
  await ann.ok("EXAMINE INBOX");
  const [letter] = await ann.ok("FETCH 1 BODY.PEEK[]");
  assertMatch(letter!, /^In-Reply-To: <Lunch@bob\.test>\r$/m);
  assert(letter!.includes("At one, then."), letter);
  await Promise.all([billy.logout(), ann.logout()]);
}
