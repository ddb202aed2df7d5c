/** The programs that people read mail with by IMAP, plain and over TLS, against the real server. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { ImapClient } from "../support/imap_client.ts";
import { curlImap, fetchmailImap, getmail, mbsync, mutt, offlineimap } from "../support/imap_programs.ts";
import { assertKept, makeLetter } from "../support/letters.ts";
import { directory, python } from "../support/mail_clients.ts";
import { testWith } from "../support/programs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const LOGIN = { user: "billy@bob.test", password: "saddle-up" };

function imapServer(): Promise<TestServer> {
  return startServer({ domains: ["bob.test"], accounts: [{ address: LOGIN.user, password: LOGIN.password }] });
}

async function post(server: TestServer, count: number): Promise<Uint8Array[]> {
  const random = seededRandom(count);
  const letters = Array.from(
    { length: count },
    (_, i) => makeLetter(random, { id: `i${i}`, bodyBytes: 300 + i * 9_000, eightBit: i % 2 === 1 }),
  );
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  for (const content of letters) {
    const reply = await client.send({
      from: "john@smith.test",
      to: [LOGIN.user],
      content,
      parameters: "BODY=8BITMIME",
    });
    assertEquals(reply.code, 250, reply.text);
  }
  await client.quit();
  return letters;
}

function session(server: TestServer): Promise<ImapClient> {
  return ImapClient.open({ port: server.ports.imap }, LOGIN);
}

for (const how of ["plain", "starttls", "implicit"] as const) {
  testWith({ programs: ["python3"] }, `imaplib lists, reads, searches, files and expunges: ${how}`, async () => {
    await using server = await imapServer();
    const letters = await post(server, 3);
    const dir = await directory(server);
    const answer = await python<Record<string, unknown>>("imap", {
      ...LOGIN,
      how,
      dir,
      imap: server.ports.imap,
      imaps: server.ports.imaps,
      subject: "i1",
      body: "e",
      letter: "Subject: plan\r\n\r\nThe plan.\r\n",
    });
    assertEquals(answer["exists"], 3);
    for (const [i, letter] of letters.entries()) assertKept(await Deno.readFile(`${dir}/${i + 1}.eml`), letter);
    assertEquals(answer["unseen"], [1, 2, 3]);
    assertEquals(answer["seen"], [1]);
    assertStringIncludes(String(answer["status"]), "MESSAGES 3");
    // imaplib tells what MOVE removed, too.
    assertEquals(answer["expunged"], [2, 1]);
    assertEquals(answer["left"], 1);
    assertMatch(String(answer["archived"]), /ENVELOPE \(.*BODYSTRUCTURE \(/);
    await server.stop();
  });
}

testWith({ programs: ["curl"] }, "curl lists, fetches, searches and appends", async () => {
  await using server = await imapServer();
  const letters = await post(server, 2);
  for (const how of ["plain", "starttls", "implicit"] as const) {
    for (const [i, letter] of letters.entries()) {
      assertKept(await curlImap(server, how, { login: LOGIN, path: `INBOX;UID=${i + 1}` }), letter);
    }
  }
  const text = async (path: string, request?: string) =>
    new TextDecoder().decode(
      await curlImap(server, "implicit", { login: LOGIN, path, ...(request === undefined ? {} : { request }) }),
    );
  assertMatch(await text(""), /\* LIST \(.*\) "\/" INBOX/);
  assertMatch(await text("INBOX", "SEARCH SEEN"), /\* SEARCH 1 2/);
  await curlImap(server, "plain", {
    login: LOGIN,
    path: "Drafts",
    upload: new TextEncoder().encode("Subject: x\r\n\r\ny\r\n"),
  });
  await using client = await session(server);
  assertMatch((await client.ok("STATUS Drafts (MESSAGES)"))[0]!, /MESSAGES 1/);
  await client.logout();
  await server.stop();
});

for (const how of ["starttls", "implicit"] as const) {
  testWith({ programs: ["mbsync"] }, `mbsync brings both sides to the same: ${how}`, async () => {
    await using server = await imapServer();
    await post(server, 3);
    const home = await directory(server);
    await mbsync(server, how, LOGIN, home);
    const near = async (box: string) => {
      const names: string[] = [];
      for (const part of ["cur", "new"]) {
        for await (const { name } of Deno.readDir(`${home}/${box}/${part}`)) names.push(`${part}/${name}`);
      }
      return names.sort();
    };
    assertEquals((await near("INBOX")).length, 3);
    // What was read and thrown away here goes there, and what is new there comes here.
    const [first, second] = await near("INBOX");
    await Deno.rename(`${home}/INBOX/${first}`, `${home}/INBOX/cur/${first!.split("/")[1]!.split(":")[0]}:2,S`);
    await Deno.remove(`${home}/INBOX/${second}`);
    await Deno.writeTextFile(`${home}/Sent/cur/1.local:2,S`, "Subject: sent\n\nText\n");
    await using client = await session(server);
    await client.ok("CREATE Later");
    await mbsync(server, how, LOGIN, home);
    const status = await client.ok("STATUS INBOX (MESSAGES UNSEEN)");
    assertMatch(status[0]!, /MESSAGES 2/);
    assertMatch(status[0]!, /UNSEEN 1/);
    assertMatch((await client.ok("STATUS Sent (MESSAGES)"))[0]!, /MESSAGES 1/);
    assert((await near("Later")).length === 0);
    await client.logout();
    await server.stop();
  });
}

testWith({ programs: ["offlineimap"] }, "OfflineIMAP brings both sides to the same", async () => {
  await using server = await imapServer();
  await post(server, 3);
  const home = await directory(server);
  await offlineimap(server, LOGIN, home);
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${home}/mail/INBOX/new`)) names.push(name);
  assertEquals(names.length, 3);
  await Deno.remove(`${home}/mail/INBOX/new/${names[0]}`);
  await offlineimap(server, LOGIN, home);
  await using client = await session(server);
  assertMatch((await client.ok("STATUS INBOX (MESSAGES)"))[0]!, /MESSAGES 2/);
  await client.logout();
  await server.stop();
});

testWith({ programs: ["getmail"] }, "getmail fetches INBOX: plain, implicit", async () => {
  await using server = await imapServer();
  const letters = await post(server, 3);
  for (const how of ["plain", "implicit"] as const) {
    const found = await getmail(server, how, LOGIN);
    assertEquals(found.length, letters.length);
    for (const [i, letter] of letters.entries()) assertKept(found[i]!, letter);
  }
  await server.stop();
});

testWith({ programs: ["fetchmail"] }, "fetchmail fetches INBOX by IMAP: plain, starttls, implicit", async () => {
  await using server = await imapServer();
  const letters = await post(server, 3);
  for (const how of ["plain", "starttls", "implicit"] as const) {
    const found = await fetchmailImap(server, how, LOGIN);
    assertEquals(found.length, letters.length);
    for (const [i, letter] of letters.entries()) assertKept(found[i]!, letter);
  }
  await server.stop();
});

testWith({ programs: ["mutt", "script"] }, "mutt saves a message elsewhere and deletes another", async () => {
  await using server = await imapServer();
  await post(server, 3);
  await mutt(server, LOGIN, "<first-entry><save-message>=Archive<enter><last-entry><delete-message><quit>");
  await using client = await session(server);
  assertMatch((await client.ok("STATUS INBOX (MESSAGES)"))[0]!, /MESSAGES 1/);
  assertMatch((await client.ok("STATUS Archive (MESSAGES)"))[0]!, /MESSAGES 1/);
  await client.logout();
  await server.stop();
});
