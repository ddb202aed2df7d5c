/** Who gets a mail, and what a client is told about the others: over the wire, with a full server behind it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { assertKept, keptMessage, makeLetter } from "../support/letters.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const PASSWORD = "routing test";
const ACCOUNTS = [
  "john@smith.test",
  "billy@bob.test",
  "office@bob.test",
  '"john smith"@smith.test',
  "grün@smith.test",
  "ann@straße.test",
];

async function routedServer(): Promise<TestServer> {
  const server = await startServer({
    domains: ["smith.test", "bob.test", "straße.test"],
    accounts: ACCOUNTS.map((address) => ({ address, password: PASSWORD })),
  });
  await server.rpc("domain.add", { name: "smith.example", aliasOf: "smith.test" });
  await server.rpc("domain.update", { name: "bob.test", catchAll: "office@bob.test" });
  await server.rpc("alias.add", { address: "all@smith.test", targets: ["john@smith.test", "billy@bob.test"] });
  await server.rpc("alias.add", { address: "team@smith.test", targets: ["all@smith.test", "john@smith.test"] });
  return server;
}

/** Sends one letter and gives the reply. */
async function send(server: TestServer, to: readonly string[], parameters?: string): Promise<[string, Uint8Array]> {
  const content = makeLetter(seededRandom(to.length), { id: `r${to.length}`, bodyBytes: 300 });
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const mail = { from: "sender@elsewhere.test", to, content };
  const reply = await client.send(parameters === undefined ? mail : { ...mail, parameters });
  await client.quit();
  return [reply.text, content];
}

function maildrop(server: TestServer, user: string): Promise<Uint8Array[]> {
  return readMaildrop({ port: server.ports.pop3 }, { user, password: PASSWORD });
}

/** The messages of every account that has any. */
async function holders(server: TestServer): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const user of ACCOUNTS) {
    const { length } = await maildrop(server, user);
    if (length > 0) found[user] = length;
  }
  return found;
}

const REACHES: readonly {
  readonly what: string;
  readonly to: readonly string[];
  readonly parameters?: string;
  readonly accounts: readonly string[];
}[] = [
  { what: "an account", to: ["john@smith.test"], accounts: ["john@smith.test"] },
  { what: "letters of either case", to: ["JOHN@SMITH.Test"], accounts: ["john@smith.test"] },
  { what: "a quoted local part that needs no quotes", to: ['"john"@smith.test'], accounts: ["john@smith.test"] },
  { what: "a quoted local part", to: ['"john smith"@smith.test'], accounts: ['"john smith"@smith.test'] },
  { what: "a detail", to: ["john+boxing@smith.test"], accounts: ["john@smith.test"] },
  { what: "another name of the domain", to: ["john@smith.example"], accounts: ["john@smith.test"] },
  { what: "an alias of two", to: ["all@smith.test"], accounts: ["john@smith.test", "billy@bob.test"] },
  { what: "an alias of aliases, once each", to: ["team@smith.test"], accounts: ["john@smith.test", "billy@bob.test"] },
  { what: "a catch-all", to: ["whoever@bob.test"], accounts: ["office@bob.test"] },
  {
    what: "several domains and one account by three names, once each",
    to: ["john@smith.test", "john+a@smith.test", "billy@bob.test", "john@smith.example", "all@smith.test"],
    accounts: ["john@smith.test", "billy@bob.test"],
  },
  { what: "a UTF-8 local part", to: ["grün@smith.test"], parameters: "SMTPUTF8", accounts: ["grün@smith.test"] },
  { what: "a domain in UTF-8", to: ["ann@straße.test"], parameters: "SMTPUTF8", accounts: ["ann@straße.test"] },
  { what: "the same domain in A-labels", to: ["ann@xn--strae-oqa.test"], accounts: ["ann@straße.test"] },
];

Deno.test("mail reaches the accounts behind each kind of address, byte for byte and once", async () => {
  await using server = await routedServer();
  const expected: Record<string, number> = {};
  for (const { what, to, parameters, accounts } of REACHES) {
    const [reply, content] = await send(server, to, parameters);
    assertMatch(reply, /^250 2\.0\.0 /, what);
    for (const account of accounts) {
      expected[account] = (expected[account] ?? 0) + 1;
      const messages = await maildrop(server, account);
      assertEquals(messages.length, expected[account], `${what}: ${account}`);
      assertKept(messages.at(-1)!, content);
    }
  }
  assertEquals(await holders(server), expected, "nobody else got anything");
  await server.stop();
});

Deno.test("Received names the recipient only when it is the only one, so that blind copies stay blind", async () => {
  await using server = await routedServer();
  await send(server, ["john@smith.test"]);
  await send(server, ["john@smith.test", "billy@bob.test"]);
  const [alone, together] = (await maildrop(server, "john@smith.test")).map((message) => keptMessage(message).trace);
  assertMatch(alone!, /for <john@smith\.test>/);
  assert(!together!.includes("billy"), together);
  assertMatch(alone!, /^Return-Path: <sender@elsewhere\.test>\r\nReceived: from client\.test \(/);
  await server.stop();
});

/** ATTACKS S13: every form in which strangers ask a server to pass mail on, and what each is told. */
const RELAY_FORMS: readonly (readonly [from: string, to: string, reply: RegExp])[] = [
  ["", "relay@elsewhere.example", /^550 5\.7\.1 /],
  ["x@elsewhere.example", "relay@elsewhere.example", /^550 5\.7\.1 /],
  ["john@smith.test", "relay@elsewhere.example", /^550 5\.7\.1 /],
  ["x@[127.0.0.1]", "relay@elsewhere.example", /^550 5\.7\.1 /],
  ["x@mail.test", "relay%elsewhere.example@[127.0.0.1]", /^550 5\.7\.1 /],
  ["x@mail.test", "relay%elsewhere.example@smith.test", /^550 5\.1\.1 /],
  ["x@mail.test", '"relay@elsewhere.example"', /^501 5\.1\.3 /],
  ["x@mail.test", '"relay%elsewhere.example"', /^501 5\.1\.3 /],
  ["x@mail.test", "relay@elsewhere.example@[127.0.0.1]", /^501 5\.1\.3 /],
  ["x@mail.test", '"relay@elsewhere.example"@[127.0.0.1]', /^550 5\.7\.1 /],
  ["x@mail.test", "relay@elsewhere.example@smith.test", /^501 5\.1\.3 /],
  ["x@mail.test", "@[127.0.0.1]:relay@elsewhere.example", /^501 5\.5\.4 /],
  ["x@mail.test", "@smith.test:relay@elsewhere.example", /^550 5\.7\.1 /],
  ["x@mail.test", "elsewhere.example!relay", /^501 5\.1\.3 /],
  ["x@mail.test", "elsewhere.example!relay@[127.0.0.1]", /^550 5\.7\.1 /],
  ["x@mail.test", "elsewhere.example!relay@smith.test", /^550 5\.1\.1 /],
  ["x@mail.test", '"relay@elsewhere.example"@smith.test', /^550 5\.1\.1 /],
  ["x@mail.test", "relay@elsewhere.example.", /^5(01|50) 5\.(1\.[23]|7\.1) /],
  ["x@mail.test", "RELAY@ELSEWHERE.EXAMPLE", /^550 5\.7\.1 /],
  ["x@mail.test", "john@sub.smith.test", /^550 5\.7\.1 /],
];

Deno.test("no form of address makes the server pass mail on to strangers", async () => {
  await using server = await routedServer();
  for (const [from, to, reply] of RELAY_FORMS) {
    await using client = await SmtpClient.greeted({ port: server.ports.smtp });
    await client.expect(`MAIL FROM:<${from}>`, 250);
    assertMatch((await client.command(`RCPT TO:<${to}>`)).text, reply, `${from} to ${to}`);
    assertMatch((await client.command("DATA")).text, /^(503|554) 5\./, `${from} to ${to}`);
    await client.quit();
  }
  assertEquals(await holders(server), {});
  await server.stop();
});

Deno.test("unknown users, loops and disabled accounts are refused in the session, each with its own code", async () => {
  await using server = await routedServer();
  await server.rpc("alias.add", { address: "round@smith.test", targets: ["about@smith.test"] });
  await server.rpc("alias.add", { address: "about@smith.test", targets: ["round@smith.test"] });
  await server.rpc("account.update", { address: "billy@bob.test", disabled: true });
  const replies: Record<string, RegExp> = {
    "nobody@smith.test": /^550 5\.1\.1 /,
    "nobody@smith.example": /^550 5\.1\.1 /,
    "round@smith.test": /^550 5\.4\.6 /,
    "billy@bob.test": /^450 4\.2\.1 /,
    "john@smith.test": /^250 2\.1\.5 /,
  };
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  await client.expect("MAIL FROM:<sender@elsewhere.test>", 250);
  for (const [to, reply] of Object.entries(replies)) {
    assertMatch((await client.command(`RCPT TO:<${to}>`)).text, reply, to);
  }
  await client.quit();
  await server.stop();
});

Deno.test("an account that is added or removed is known to every listener at once", async () => {
  await using server = await routedServer();
  const rcpt = async (to: string) => {
    await using client = await SmtpClient.greeted({ port: server.ports.smtp });
    await client.expect("MAIL FROM:<>", 250);
    return (await client.command(`RCPT TO:<${to}>`)).code;
  };
  // Twenty connections are spread over both listeners.
  const many = async (to: string) => {
    const codes = new Set<number>();
    for (let i = 0; i < 20; i++) codes.add(await rcpt(to));
    return [...codes];
  };
  assertEquals(await many("new@smith.test"), [550]);
  await server.rpc("account.add", { address: "new@smith.test", password: PASSWORD });
  assertEquals(await many("new@smith.test"), [250]);
  await server.rpc("account.remove", { address: "new@smith.test" });
  assertEquals(await many("new@smith.test"), [550]);
  await server.stop();
});
