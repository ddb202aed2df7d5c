/** Messages made of others, and URLs by which others read them, over sockets. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ImapClient } from "../support/imap_client.ts";
import { startServer, type TestServer } from "../support/server.ts";

const PASSWORD = "saddle-up";
const BILLY = "billy@bob.test";
const WILLY = "willy@bob.test";
const ZOE = "zoe@other.test";
const OFF = "off@other.test";
const USER = (address: string) => encodeURIComponent(address);
const LETTER = [
  "Subject: plans\r\nFrom: billy@bob.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
  "--b\r\nContent-Type: text/plain\r\n\r\nHello Willy.\r\n",
  `--b\r\nContent-Type: text/plain\r\n\r\n${"0123456789abcde\n".repeat(20_000)}\r\n--b--\r\n`,
].join("");

function serverOf(): Promise<TestServer> {
  return startServer({
    domains: ["bob.test", "other.test"],
    accounts: [BILLY, WILLY, ZOE, OFF].map((address) => ({ address, password: PASSWORD })),
  });
}

function session(server: TestServer, user: string): Promise<ImapClient> {
  return ImapClient.open({ port: server.ports.imap }, { user, password: PASSWORD });
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function refused(client: ImapClient, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const { status, text } = await client.command(...parts);
  return `${status} ${text}`;
}

async function authorized(client: ImapClient, url: string): Promise<string> {
  const [line] = await client.ok(`GENURLAUTH "${url}" INTERNAL`);
  return /^GENURLAUTH "(.*)"$/.exec(line!)![1]!;
}

/** What stands behind the URL in the answer. */
async function fetched(client: ImapClient, url: string): Promise<string> {
  const [line] = await client.ok(`URLFETCH "${url}"`);
  assertStringIncludes(line!, url);
  return line!.slice(line!.indexOf(url) + url.length + 1).trimStart();
}

Deno.test("a draft is put together of texts and of what the server has, also from a shared mailbox, and sent bytes are kept", async () => {
  await using server = await serverOf();
  await using billy = await session(server, BILLY);
  await using willy = await session(server, WILLY);
  await billy.ok("APPEND INBOX ", bytes(LETTER));
  const [first, second] = ["/INBOX/;UID=1/;SECTION=1", "/INBOX/;UID=1/;SECTION=2"];
  await billy.ok(
    "APPEND Drafts (\\Draft) CATENATE (TEXT ",
    bytes("Subject: mine\r\n\r\n"),
    ` URL "${first}" URL "${second}")`,
  );
  await billy.ok("EXAMINE Drafts");
  const [draft] = await billy.ok("FETCH 1 BODY.PEEK[]");
  const long = "0123456789abcde\n".repeat(20_000);
  assertStringIncludes(draft!, `Subject: mine\r\n\r\nHello Willy.${long})`);
  assertEquals(
    await refused(billy, 'APPEND Drafts CATENATE (URL "/INBOX/;UID=9")'),
    "NO [BADURL /INBOX/;UID=9] A URL names nothing that can be taken",
  );
  await billy.ok(`SETACL INBOX ${WILLY} lr`);
  const shared = `/Other%20Users/${USER(BILLY)}/INBOX/;UID=1/;SECTION=1`;
  await willy.ok(`APPEND INBOX CATENATE (TEXT `, bytes("Subject: of Billy\r\n\r\n"), ` URL "${shared}")`);
  await willy.ok("SELECT INBOX");
  assertStringIncludes((await willy.ok("FETCH 1 BODY[]")).join(), "Subject: of Billy\r\n\r\nHello Willy.");
  const replaced = await willy.ok(
    "UID REPLACE 1 INBOX CATENATE (TEXT ",
    bytes("X-New: yes\r\n"),
    ' URL "/INBOX/;UID=1")',
  );
  assertStringIncludes(replaced.join("\n"), "EXPUNGE");
  assertStringIncludes(
    (await willy.ok("FETCH 1 BODY[]")).join(),
    "X-New: yes\r\nSubject: of Billy\r\n\r\nHello Willy.",
  );
  await billy.ok('SETACL INBOX willy@bob.test ""');
  assertStringIncludes(await refused(willy, `APPEND INBOX CATENATE (URL "${shared}")`), `NO [BADURL ${shared}]`);
  for (const client of [billy, willy]) await client.logout();
  await server.stop();
});

Deno.test("a URL with a token is read by whom it is for, in any domain, through a restart, until the key is another", async () => {
  await using server = await serverOf();
  const base = `imap://${USER(ZOE)}@mail.test/INBOX/;UID=1`;
  let [toAll, toWilly] = ["", ""];
  {
    await using zoe = await session(server, ZOE);
    assertStringIncludes((await zoe.ok("CAPABILITY")).join(), " URLAUTH");
    await zoe.ok("APPEND INBOX ", bytes(LETTER));
    [toAll, toWilly] = [
      await authorized(zoe, `${base}/;SECTION=2;URLAUTH=authuser`),
      await authorized(zoe, `${base}/;SECTION=1;URLAUTH=user+${USER(WILLY)}`),
    ];
    assertStringIncludes(
      await refused(zoe, `GENURLAUTH "${base.replace("zoe", "off")};URLAUTH=anonymous" INTERNAL`),
      "BAD",
    );
    await zoe.logout();
  }
  await server.stop();
  await server.start();
  await using billy = await session(server, BILLY);
  await using willy = await session(server, WILLY);
  await using zoe = await session(server, ZOE);
  const long = "0123456789abcde\n".repeat(20_000);
  assertEquals(await fetched(billy, toAll), `{${long.length}}\r\n${long}`);
  assertEquals(await fetched(willy, toWilly), "{12}\r\nHello Willy.");
  assertEquals(await fetched(billy, toWilly), "NIL");
  const others = [toAll.replace("UID=1", "UID=2"), toAll.replace("zoe", "nobody"), toAll.replace("zoe", "off")];
  const more = [toAll.replace(ZOE.split("@")[1]!, "nowhere.test"), toAll.slice(0, -1), base, "x".repeat(9_000)];
  for (const url of [...others, ...more]) assertEquals(await fetched(billy, url), "NIL", url.slice(0, 100));
  await zoe.ok("SELECT INBOX");
  await zoe.ok("STORE 1 +FLAGS (\\Deleted)");
  assertEquals(await fetched(willy, toWilly), "{12}\r\nHello Willy.");
  await zoe.ok("RESETKEY INBOX");
  assertEquals([await fetched(billy, toAll), await fetched(willy, toWilly)], ["NIL", "NIL"]);
  const again = await authorized(zoe, `${base}/;SECTION=1;URLAUTH=anonymous`);
  assertEquals(await fetched(billy, again), "{12}\r\nHello Willy.");
  await server.rpc("account.update", { address: ZOE, disabled: true });
  assertEquals(await fetched(billy, again), "NIL", "whose URL it is may not read any more");
  await server.rpc("account.update", { address: ZOE, disabled: false });
  await using back = await session(server, ZOE);
  await back.ok("SELECT INBOX");
  await back.ok("EXPUNGE");
  assertEquals(await fetched(billy, again), "NIL", "the message is gone");
  for (const client of [billy, willy, zoe, back]) await client.logout();
  await server.stop();
});

Deno.test("a client that asks for thousands of parts, or for a message too big, is refused, and the server goes on", async () => {
  await using server = await serverOf();
  await using billy = await session(server, BILLY);
  await billy.ok("APPEND INBOX ", new Uint8Array(20 * 2 ** 20).fill(0x61));
  const url = 'URL "/INBOX/;UID=1"';
  assertStringIncludes(await refused(billy, `APPEND Drafts CATENATE (${url} ${url} ${url})`), "NO [TOOBIG]");
  assertStringIncludes(await refused(billy, `APPEND Drafts CATENATE (${Array(3_000).fill(url).join(" ")})`), "BAD");
  await billy.ok(`APPEND Drafts CATENATE (${url} ${url})`);
  await billy.ok("SELECT Drafts");
  assertEquals(await billy.ok("FETCH 1 RFC822.SIZE"), [`1 FETCH (RFC822.SIZE ${40 * 2 ** 20})`]);
  const many = Array(900).fill('URL "/INBOX/;UID=1/;PARTIAL=5.2"').join(" ");
  await billy.ok(`APPEND Drafts CATENATE (${many})`);
  const [size] = await billy.ok("FETCH 2 RFC822.SIZE");
  assert(size!.endsWith("RFC822.SIZE 1800)"), size);
  await billy.logout();
  await server.stop();
});
