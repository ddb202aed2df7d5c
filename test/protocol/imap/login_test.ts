import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { Client, loggedIn, replay, say } from "./support.ts";

const empty = () => {};
const CLEAR = "IMAP4rev1 IMAP4rev2 LITERAL+ ID STARTTLS LOGINDISABLED";
const SECURE = "IMAP4rev1 IMAP4rev2 LITERAL+ ID SASL-IR AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN";

Deno.test("without TLS no password is taken, and no login is offered", () => {
  replay(
    `
    S: * OK [CAPABILITY ${CLEAR}] mail.example ready
    C: 1 LOGIN anna secret
    S: 1 NO [PRIVACYREQUIRED] Start TLS first
    C: 2 AUTHENTICATE PLAIN AGFubmEAc2VjcmV0
    S: 2 NO [PRIVACYREQUIRED] Start TLS first
    C: 3 CAPABILITY
    S: * CAPABILITY ${CLEAR}
    S: 3 OK Done
    C: 4 LOGIN anna secret
    S: 4 NO [PRIVACYREQUIRED] Start TLS first
    S: * BYE Too many errors
    ? close
    X: AUTH=`,
    empty,
    { tls: "available" },
  );
});

Deno.test("under TLS names and passwords are taken by LOGIN and AUTHENTICATE", () => {
  const before = `S: * OK [CAPABILITY ${SECURE}] mail.example ready`;
  for (
    const lines of [
      "C: 1 LOGIN anna secret",
      'C: 1 login "anna" "secret"',
      "C: 1 AUTHENTICATE PLAIN AGFubmEAc2VjcmV0",
    ]
  ) {
    const client = new Client(new FakeMailboxes());
    client.perform(client.session.open());
    client.receive(utf8(`${lines.slice(3)}\r\n`));
    assertEquals(client.session.phase, "authenticated", lines);
  }
  replay(
    `
    ${before}
    C: 1 AUTHENTICATE PLAIN
    S: + 
    C: *
    S: 1 BAD Cancelled
    C: 2 AUTHENTICATE PLAIN
    S: + 
    C: not base64
    S: 2 BAD Not base64`,
    empty,
  );
});

Deno.test("a login in a literal is taken, the bytes being sent unasked or after a go-ahead", () => {
  const client = new Client(new FakeMailboxes());
  client.perform(client.session.open());
  say(client);
  assertEquals(say(client, "1 LOGIN {4}"), ["+ OK"]);
  assertEquals(say(client, "anna {6+}", "secret")[0]?.slice(0, 20), "1 OK [CAPABILITY IMA");
});

Deno.test("refused logins wait longer each time, say the same, and the third ends the session", () => {
  replay(
    `
    S: * OK [CAPABILITY ${SECURE}] mail.example ready
    C: 1 LOGIN anna wrong
    S: 1 NO [AUTHENTICATIONFAILED] Login refused
    ? pause 1000
    --
    C: 2 LOGIN nobody wrong
    S: 2 NO [AUTHENTICATIONFAILED] Login refused
    ? pause 2000
    --
    C: 3 AUTHENTICATE PLAIN AGFubmEAd3Jvbmc=
    S: * BYE Login refused too often
    ? pause 4000
    ? close
    --
    C: 4 LOGIN anna secret
    X: nobody`,
    empty,
  );
});

Deno.test("when nobody can tell, the password is not said to be wrong", () => {
  replay(
    `
    S: * OK [CAPABILITY ${SECURE}] mail.example ready
    C: 1 LOGIN anna later
    S: 1 NO [UNAVAILABLE] Login is not possible now, try later
    X: AUTHENTICATIONFAILED`,
    empty,
  );
});

Deno.test("what is sent behind STARTTLS in plaintext is never run", () => {
  for (let cut = 0; cut < 40; cut++) {
    const client = new Client(new FakeMailboxes(), { tls: "available" });
    client.perform(client.session.open());
    const input = utf8("1 STARTTLS\r\n2 LOGIN mallory x\r\n3 NOOP\r\n");
    const first = client.session.receive(input.slice(0, 12 + cut % 28));
    assertEquals(client.session.waiting, true);
    assertEquals(client.session.receive(input.slice(12 + cut % 28)), []);
    client.perform(first);
    assertEquals(say(client).slice(1), ["1 OK Begin TLS"], `cut at ${cut}`);
    assertEquals(client.session.phase, "notAuthenticated");
    assertEquals(say(client, "4 CAPABILITY")[0], `* CAPABILITY ${SECURE}`);
  }
});

Deno.test("three commands that make no sense send a stranger away, twenty a user", () => {
  replay(
    `
    S: * OK [CAPABILITY ${SECURE}] mail.example ready
    C: 1 BLAH
    S: 1 BAD Unknown command
    C: 2 SELECT INBOX
    S: 2 BAD Not in this state
    C: 3 NOOP x
    S: 3 BAD Unexpected text after the arguments
    S: * BYE Too many errors
    ? close
    C: 4 NOOP
    X: 4 OK`,
    empty,
  );
  const client = new Client(new FakeMailboxes());
  client.perform(client.session.open());
  say(client, "0 LOGIN anna secret");
  for (let i = 1; i < 20; i++) assertEquals(say(client, `${i} BLAH`), [`${i} BAD Unknown command`]);
  assertEquals(say(client, "20 BLAH"), ["20 BAD Unknown command", "* BYE Too many errors"]);
});

Deno.test("a browser is sent away at its first line", () => {
  for (const line of ["GET / HTTP/1.1", "POST /x HTTP/1.0"]) {
    const client = new Client(new FakeMailboxes());
    client.perform(client.session.open());
    say(client);
    assertEquals(say(client, line, "Host: x", "", "1 NOOP"), ["* BYE This is IMAP"]);
    assertEquals(client.session.phase, "closed");
  }
});

Deno.test("UNAUTHENTICATE brings back the state before the login, and what was enabled is not any more", () => {
  const client = new Client(new FakeMailboxes());
  client.perform(client.session.open());
  say(client, "1 LOGIN anna secret", "2 ENABLE IMAP4rev2 QRESYNC", "3 SELECT INBOX");
  assertEquals(say(client, "4 UNAUTHENTICATE"), ["4 OK Done"]);
  assertEquals(client.session.phase, "notAuthenticated");
  assertEquals(client.did, ["unauthenticate"]);
  say(client, "5 LOGIN bert secret", "6 SELECT INBOX");
  assertEquals(say(client, "7 SEARCH ALL"), ["* SEARCH", "7 OK Done"]);
});

Deno.test("who logs in after UNAUTHENTICATE has nothing of whom was there before: no mailbox, no notices", () => {
  const mailboxes = new FakeMailboxes();
  mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  const client = new Client(mailboxes);
  client.perform(client.session.open());
  say(client, "1 LOGIN anna secret", "2 SELECT INBOX", "3 NOTIFY SET (personal (MessageNew MessageExpunge))");
  assert(client.session.watch !== null && client.session.view !== null);
  say(client, "4 UNAUTHENTICATE");
  assertEquals([client.session.watch, client.session.view], [null, null]);
  say(client, "5 LOGIN bert secret");
  assertEquals(client.session.phase, "authenticated");
  assertEquals(say(client, "6 FETCH 1 FLAGS"), ["6 BAD Not in this state"]);
  mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  client.perform([]);
  assertEquals(say(client, "7 NOOP"), ["7 OK Done"]);
});

Deno.test("what is sent behind COMPRESS in plain text is never run, and it comes once", () => {
  const client = loggedIn(new FakeMailboxes(), { compress: true });
  assertEquals(say(client, "1 COMPRESS DEFLATE", "2 LOGOUT"), ["1 OK Begin compression"]);
  assertEquals(client.session.phase, "authenticated");
  assertEquals(say(client, "3 COMPRESS DEFLATE"), ["3 NO [COMPRESSIONACTIVE] Compressed already"]);
  assertEquals(client.did, ["compress"]);
  // RFC 8437 §3: where it would have to end, too, the session ends.
  assertEquals(say(client, "4 UNAUTHENTICATE"), ["* BYE Not with compression"]);
  assertEquals(client.session.phase, "closed");
});

Deno.test("mechanisms that are not offered are not begun, though they are known", () => {
  const asked: string[] = [];
  const directory = (question: { readonly type: string }) => {
    asked.push(question.type);
    return { type: "accepted", user: "anna@a.example", signature: null } as const;
  };
  for (const name of ["EXTERNAL", "OAUTHBEARER", "XOAUTH2", "SCRAM-SHA-256-PLUS"]) {
    const client = new Client(new FakeMailboxes(), { directory });
    client.perform(client.session.open());
    say(client);
    assertEquals(say(client, `1 AUTHENTICATE ${name} =`), ["1 NO [CANNOT] Mechanism not offered"], name);
    assertEquals(client.session.phase, "notAuthenticated");
  }
  assertEquals(asked, []);
});

Deno.test("names and passwords that no account can have are not asked for", () => {
  for (const [user, password] of [["a\u0001", "x"], ["a\u200e", "x"], ["a", "x\u0007"], ["a", "\u2028"]] as const) {
    const client = new Client(new FakeMailboxes());
    client.perform(client.session.open());
    say(client);
    const literal = (text: string) => `{${utf8(text).length}+}\r\n${text}`;
    client.receive(utf8(`1 LOGIN ${literal(user)} ${literal(password)}\r\n`));
    assertEquals(say(client), ["1 BAD Unusable characters in name or password"]);
    assertEquals(client.session.phase, "notAuthenticated");
  }
});

Deno.test("the end of a session is told where a line can be told", () => {
  const client = new Client(new FakeMailboxes());
  client.perform(client.session.open());
  say(client, "1 LOGIN anna secret");
  client.perform(client.session.timedOut());
  assertEquals(say(client), ["* BYE Silent for too long"]);
  assertEquals(client.session.phase, "closed");
  const other = new Client(new FakeMailboxes());
  other.perform(other.session.open());
  say(other);
  other.perform(other.session.shuttingDown());
  assertEquals(say(other), ["* BYE [UNAVAILABLE] Server is shutting down"]);
});
