import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { DEFAULT_IMAP_LIMITS, type ImapAction } from "../../../src/protocol/imap/mod.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { Client, loggedIn, say } from "./support.ts";

function stranger(): Client {
  const client = new Client(new FakeMailboxes());
  client.perform(client.session.open());
  say(client);
  return client;
}

function user(): Client {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < 3; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX");
  return client;
}

Deno.test("announcements of a stranger cost nothing, whatever they say", () => {
  for (const size of ["4294967295", "18446744073709551616", "-1", " 5", "104857600", "4294967295+", "104857600+"]) {
    const client = stranger();
    const answer = say(client, `1 LOGIN {${size}}`);
    assert(answer.every((line) => /^(1 BAD|\* BYE|\* BAD) /.test(line)) && answer.length > 0, `${size}: ${answer}`);
    assertLessOrEqual(client.session.bufferedBytes, 100, size);
  }
});

Deno.test("commands of many parts are bounded, and the session goes on", () => {
  const many = (count: number, of: (n: number) => string, separator: string) =>
    Array.from({ length: count }, (_, n) => of(n)).join(separator);
  for (
    const line of [
      `FETCH ${many(12_000, (n) => `${n + 1}`, ",")} FLAGS`,
      `FETCH 1 BODY.PEEK[HEADER.FIELDS (${many(5_000, (n) => `X-${n}`, " ")})]`,
      `STORE 1 +FLAGS (${many(1_000, (n) => `k${n}`, " ")})`,
      `SEARCH ${many(5_000, () => "NOT", " ")} ALL`,
      `SEARCH ${"(".repeat(30_000)}`,
      `SEARCH ${many(3_000, () => "OR SEEN", " ")} ALL`,
      `SEARCH TEXT ${"x".repeat(60_000)}`,
      `SEARCH FUZZY TEXT "${"x ".repeat(30_000)}"`,
      `SEARCH ${many(5_000, (n) => `FILTER f${n}`, " ")}`,
      `SEARCH ${many(250, () => "FUZZY", " ")} NOT NOT NOT NOT NOT NOT NOT ALL`,
      `ESEARCH IN (mailboxes (${many(5_000, (n) => `m${n}`, " ")})) ALL`,
      `ESEARCH IN (${many(5_000, () => "personal", " ")}) ALL`,
      `CANCELUPDATE ${many(5_000, (n) => `"t${n}"`, " ")}`,
      `SORT RETURN (UPDATE) (${many(500, () => "DATE", " ")}) UTF-8 ALL`,
      `LIST "" ${"%*".repeat(2_000)}`,
      `FETCH 1 BODY[${many(1_000, () => "1", ".")}]`,
      `ID ("${"n".repeat(31)}" "x")`,
      `GETMETADATA "" /private/${"x".repeat(250)}`,
      `NOTIFY SET ${many(1_001, (n) => `(mailboxes m${n} (MailboxName))`, " ")}`,
    ]
  ) {
    const client = user();
    const started = performance.now();
    const answer = say(client, `1 ${line}`, "2 NOOP");
    assert(/^1 (BAD|NO) /.test(answer[0]!), `${line.slice(0, 40)}: ${answer[0]}`);
    assertEquals(answer.at(-1), "2 OK Done", line.slice(0, 40));
    assertLess(performance.now() - started, 1_000, line.slice(0, 40));
  }
});

Deno.test("literals are bounded, each, by their number and all together, before they are sent (I2)", () => {
  const begun = (client: Client, line: string) => say(client, line).at(-1) ?? "";
  assertEquals(begun(stranger(), "1 LOGIN {4096}"), "+ OK");
  assert(begun(stranger(), "1 LOGIN {4097}").startsWith("1 BAD "));
  assertEquals(begun(user(), "1 SEARCH TEXT {65536}"), "+ OK");
  assert(begun(user(), "1 SEARCH TEXT {65537}").startsWith("1 BAD "));
  const text = "x".repeat(60_000);
  const client = user();
  assertEquals(say(client, "1 SEARCH TEXT {60000+}", `${text} TEXT {60000+}`), []);
  assert(begun(client, `${text} TEXT {60000}`).startsWith("1 BAD "), "180,000 octets");
  assertEquals(say(client, "2 NOOP").at(-1), "2 OK Done");
  assertLessOrEqual(client.heldMax, 140_000);
  const many = (count: number) => `1 SEARCH${" SUBJECT {1+}\r\nx".repeat(count)}`;
  assert(!say(user(), many(500)).at(-1)!.startsWith("1 BAD "));
  const more = say(user(), many(501), "2 NOOP");
  assert(more[0]!.startsWith("1 BAD "), more[0]);
  assertEquals(more.at(-1), "2 OK Done");
});

Deno.test("of answers no more is made at once than a client is given time to read (I14)", () => {
  const client = user();
  const commands = Array.from({ length: 10_000 }, (_, n) => `${n} CAPABILITY\r\n`).join("");
  let actions: readonly ImapAction[] = client.session.receive(utf8(commands));
  let pauses = 0;
  while (actions.at(-1)?.type === "pause") {
    const bytes = actions.reduce((sum, action) => sum + (action.type === "send" ? action.data.length : 0), 0);
    assertLess(bytes, DEFAULT_IMAP_LIMITS.outputBytesMax + 2_000);
    pauses++;
    actions = client.session.resumed();
  }
  assert(pauses > 10, `${pauses}`);
});

Deno.test("a hundred thousand parentheses cost one answer, before a login and after", () => {
  for (const client of [stranger(), user()]) {
    const answer = say(client, `1 ${"(".repeat(100_000)}`);
    // A stranger is sent away: nobody reads so much for nothing.
    assertEquals(answer.length, client.session.phase === "closed" ? 2 : 1, answer.join());
    assert(answer[0]!.startsWith("1 BAD "));
    assertLessOrEqual(client.heldMax, 200_000);
  }
});

Deno.test("tags that are none are not sent back", () => {
  for (const line of ["+ NOOP", `${"t".repeat(5_000)} NOOP`, "", "* NOOP", "t\u00e4g NOOP", "(x NOOP"]) {
    const [answer = ""] = say(user(), line);
    assert(answer.startsWith("* BAD "), `${line.slice(0, 10)}: ${answer}`);
  }
});

Deno.test("ranges over all numbers are as cheap as short ones", () => {
  const client = user();
  const started = performance.now();
  assertEquals(say(client, "1 UID FETCH 1:4294967295 (UID)").length, 4);
  assertEquals(say(client, "2 FETCH 1:4294967295 (UID)"), ["2 BAD No such message"]);
  assertEquals(say(client, "3 UID FETCH 4294967295:* (UID)").at(-1), "3 OK Done");
  assertEquals(say(client, "4 FETCH 1 BODY.PEEK[]<4294967295.4294967295>")[0], '* 1 FETCH (BODY[]<4294967295> "")');
  assertEquals(say(client, "5 FETCH 4294967296 FLAGS")[0]?.slice(0, 5), "5 BAD");
  assertEquals(say(client, "6 FETCH 0 FLAGS")[0]?.slice(0, 5), "6 BAD");
  assertLess(performance.now() - started, 1_000);
});

Deno.test("junk in IDLE ends it, and an idle session holds nothing", () => {
  const client = user();
  say(client, "1 IDLE");
  assertEquals(client.session.bufferedBytes, 0);
  assertEquals(say(client, "x".repeat(20_000), "2 NOOP"), ["1 BAD Expected DONE", "2 OK Done"]);
});

Deno.test("an exchange ends at a line that is too long, or no base64", () => {
  for (const line of ["x".repeat(1_000_000), "====", "\u00e4\u00f6", "AGE AYg=="]) {
    const client = stranger();
    assertEquals(say(client, "1 AUTHENTICATE PLAIN"), ["+ "]);
    assertEquals(say(client, line)[0], "1 BAD Not base64", line.slice(0, 10));
    assertEquals(client.session.phase, line.length > 100_000 ? "closed" : "notAuthenticated");
    assertLessOrEqual(client.session.bufferedBytes, 20_000);
  }
});

Deno.test("who sends on while a question is open is held back, and sent away at the limit", () => {
  const client = loggedIn(new FakeMailboxes());
  const asked = client.session.receive(utf8("1 NAMESPACE\r\n2 CREATE x\r\n"));
  assertEquals(asked.at(-1)?.type, "ask");
  const chunk = new Uint8Array(65_536).fill(0x41);
  let sent = 0;
  while (client.session.phase !== "closed") {
    client.session.receive(chunk);
    sent += chunk.length;
    assertLessOrEqual(sent, DEFAULT_IMAP_LIMITS.heldBytesMax + chunk.length);
  }
  assertEquals(client.session.bufferedBytes, 0);
  assertEquals(
    client.session.answered({ type: "failed", kind: "busy" }),
    [],
    "an answer that comes too late does nothing",
  );
});
