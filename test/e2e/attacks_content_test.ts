/** ATTACKS M8, M9, M10 and I18 from end to end: hostile content and names come out as they went in, and cost no more than their size. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { keptMessage, sha256 } from "../support/letters.ts";
import { latin1Bytes } from "../support/latin1.ts";
import { Pop3Client, readMaildrop } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { assertStoreSound } from "../support/store_check.ts";

const PASSWORD = "odd content";
const LOGIN = { user: "john@smith.test", password: PASSWORD };
const LINE_BYTES = 1_000_000;

function contentServer(names: readonly string[]): Promise<TestServer> {
  return startServer({
    workers: { listener: 1, mailbox: 1 },
    domains: ["smith.test", "constructor.test"],
    accounts: names.map((name) => ({ address: name, password: PASSWORD })),
  });
}

/** Every byte but CR and LF, which only come in pairs. */
const EVERY_BYTE = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i).filter((i) => i !== 10 && i !== 13));

const HEAD = "Subject: odd\r\n";

/** What parsers stumble over, by name. */
const CONTENTS: Readonly<Record<string, string>> = {
  "every byte": `${HEAD}\r\n${EVERY_BYTE}\r\n${EVERY_BYTE}`,
  "bytes in the header": `${HEAD}X-Bytes: ${EVERY_BYTE}\r\n\r\nx`,
  "NUL alone": `${HEAD}\r\n\0\r\n\0`,
  "dots": `.${HEAD}\r\n.\0\r\n..\r\n...\r\n.${EVERY_BYTE}\r\n. \r\n.x\r\n\r\n`,
  "no header": "\r\nonly a body",
  "no body": HEAD.slice(0, -2),
  "empty lines": "\r\n".repeat(10_000),
  "dots over every border": `${HEAD}\r\n${".\r\n..\r\n".repeat(30_000).replaceAll("\r\n.\r\n", "\r\n..\r\n")}`,
  "invalid UTF-8": `${HEAD}X-A: \xc3\x28 \xed\xa0\x80 \xf8\x88\x80\x80\x80\r\n\r\n\xff\xfe\0x\0`,
  "names that objects inherit": `__proto__: a\r\nconstructor: b\r\ntoString: c\r\nhasOwnProperty: d\r\n\r\n__proto__`,
  "five thousand names": Array.from({ length: 5_000 }, (_, i) => `X-${i}-__proto__: ${i}\r\n`).join("") + "\r\nx",
  ...Object.fromEntries(
    [" ", "<", "=", "@", ",", "(", '"', ".", ";", "\t", "\0", "\xff"].map((byte) =>
      [`a megabyte of ${JSON.stringify(byte)}`, `${HEAD}\r\n${byte.repeat(LINE_BYTES)}`] as const
    ),
  ),
};

Deno.test("content of every byte class, megabyte lines included, is handed out byte for byte, and its sizes are right", async () => {
  await using server = await contentServer([LOGIN.user]);
  await using smtp = await SmtpClient.greeted({ port: server.ports.smtp });
  const sent = Object.entries(CONTENTS).map(([name, text]) => [name, latin1Bytes(`${text}\r\n`)] as const);
  for (const [name, content] of sent) {
    const reply = await smtp.send({ from: "", to: [LOGIN.user], content, parameters: "BODY=8BITMIME" });
    assertMatch(reply.text, /^250 2\.0\.0 /, name);
  }
  await smtp.quit();
  await using pop3 = await Pop3Client.open({ port: server.ports.pop3 }, LOGIN);
  const sizes = (await pop3.lines("LIST")).map((line) => Number(line.split(" ")[1]));
  assertEquals(sizes.length, sent.length);
  for (const [i, [name, content]] of sent.entries()) {
    const message = await pop3.retr(i + 1);
    assertEquals(message.length, sizes[i], name);
    assertEquals(sha256(keptMessage(message).content), sha256(content), name);
    const top = await pop3.lines(`TOP ${i + 1} 0`);
    assert(top.length > 2, name);
  }
  await pop3.quit();
  assertEquals(await assertStoreSound(server), sent.length);
  await server.stop();
});

Deno.test("content of megabytes of one byte takes no more of the machine than its size: three times the lines, not nine times the work", async () => {
  await using server = await contentServer([LOGIN.user]);
  await using smtp = await SmtpClient.greeted({ port: server.ports.smtp });
  const cpuMs = () => {
    const fields = Deno.readTextFileSync(`/proc/${server.pid}/stat`).replace(/^.*\) /s, "").split(" ");
    return 10 * (Number(fields[11]) + Number(fields[12]));
  };
  const cost = async (bytes: number) => {
    const before = cpuMs();
    for (const byte of ["<", "=", " ", "@"]) {
      const content = latin1Bytes(`${HEAD}X-Run: ${byte.repeat(2_000)}\r\n\r\n${byte.repeat(bytes)}\r\n`);
      assertMatch((await smtp.send({ from: "", to: [LOGIN.user], content })).text, /^250 /);
    }
    return cpuMs() - before;
  };
  await cost(500_000);
  const small = await cost(500_000);
  const large = await cost(1_500_000);
  // A quadratic parser would need seconds; noise of a busy machine stays far below.
  assert(large < 6 * small + 1_000, `${small} ms of CPU for 2 MB, ${large} ms for 6 MB`);
  await smtp.quit();
  await server.stop();
});

Deno.test("accounts whose names every object inherits get their own mail and nobody else's", async () => {
  const names = ["__proto__", "constructor", "tostring", "hasownproperty", "valueof"];
  const addresses = [...names.map((name) => `${name}@smith.test`), "__proto__@constructor.test"];
  await using server = await contentServer(addresses);
  await using smtp = await SmtpClient.greeted({ port: server.ports.smtp });
  for (const [i, to] of addresses.entries()) {
    const content = latin1Bytes(`Subject: for ${to}\r\n__proto__: ${i}\r\n\r\n${i}\r\n`);
    assertMatch((await smtp.send({ from: "", to: [to], content })).text, /^250 2\.0\.0 /, to);
  }
  await smtp.expect("MAIL FROM:<__proto__@prototype.test>", 250);
  for (const to of ["isprototypeof@smith.test", "propertyisenumerable@constructor.test"]) {
    assertMatch((await smtp.command(`RCPT TO:<${to}>`)).text, /^550 5\.1\.1 /, to);
  }
  for (const to of ["x@tostring", "x@prototype"]) {
    assertMatch((await smtp.command(`RCPT TO:<${to}>`)).text, /^550 5\.7\.1 /, to);
  }
  await smtp.quit();
  for (const [i, user] of addresses.entries()) {
    const messages = await readMaildrop({ port: server.ports.pop3 }, { user, password: PASSWORD });
    const texts = messages.map((message) => new TextDecoder().decode(keptMessage(message).content));
    assertEquals(texts, [`Subject: for ${user}\r\n__proto__: ${i}\r\n\r\n${i}\r\n`]);
  }
  await using stranger = await Pop3Client.connect({ port: server.ports.pop3 });
  await stranger.ok("USER isprototypeof@smith.test");
  assertMatch(await stranger.command(`PASS ${PASSWORD}`), /^-ERR \[AUTH\] /);
  await stranger.wire.destroy();
  await server.stop();
});

Deno.test("wrong numbers, a second DELE, a deleted message and PASS first are refused, and only QUIT deletes", async () => {
  await using server = await contentServer([LOGIN.user]);
  await using smtp = await SmtpClient.greeted({ port: server.ports.smtp });
  for (const text of ["one", "two"]) {
    const content = latin1Bytes(`Subject: ${text}\r\n\r\n${text}\r\n`);
    assertMatch((await smtp.send({ from: "", to: [LOGIN.user], content })).text, /^250 /);
  }
  await smtp.quit();
  await using early = await Pop3Client.connect({ port: server.ports.pop3 });
  for (const line of [`PASS ${PASSWORD}`, "STAT", "RETR 1", "DELE 1"]) {
    assertMatch(await early.command(line), /^-ERR/, line);
  }
  await early.wire.destroy();
  const wrong = ["RETR 0", "RETR -1", "RETR 18446744073709551616", "RETR 3", "TOP 1 -1", "TOP 1", "LIST 0", "UIDL 9"];
  for (const line of wrong) {
    await using client = await Pop3Client.open({ port: server.ports.pop3 }, LOGIN);
    assertMatch(await client.command(line), /^-ERR/, line);
    await client.ok("DELE 1");
    for (const again of ["DELE 1", "RETR 1", "TOP 1 0", "LIST 1", "UIDL 1"]) {
      assertMatch(await client.command(again), /^-ERR/, again);
    }
    await client.ok("RSET");
    assertEquals(await client.count(), 2);
    await client.quit();
  }
  await using client = await Pop3Client.open({ port: server.ports.pop3 }, LOGIN);
  await client.ok("DELE 2");
  await client.quit();
  assertEquals((await readMaildrop({ port: server.ports.pop3 }, LOGIN)).length, 1);
  await server.stop();
});
