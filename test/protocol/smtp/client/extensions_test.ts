import { assertEquals } from "@std/assert";
import { clientTranscript, mail, type MailOver, shown, TestClient } from "./support.ts";
import { bytes } from "../support/session.ts";

/** The outcome of a mail at a server with these extensions, or the commands that it is sent with. */
function offered(extensions: readonly string[], over: MailOver, tls: "never" | "active" = "never"): string {
  const client = new TestClient({ tls }, []);
  client.receive(bytes("220 x\r\n"));
  client.receive(bytes(["250-x", ...extensions.map((line) => `250-${line}`), "250 HELP"].join("\r\n") + "\r\n"));
  return client.session.send(mail(over)).map((action) =>
    action.type === "send" ? action.text : action.type === "done" ? shown(action.outcomes[0] ?? null) : action.type
  ).join("");
}

Deno.test("what was asked of delivery reports is handed on in xtext, and to servers that know DSN only", () => {
  const over: MailOver = {
    parameters: { ret: "headers", envid: "QQ+314159 =é" },
    to: [
      { address: "b@there.test", notify: ["success", "delay"], orcpt: "rfc822;Bob+tag=x@There.test" },
      { address: "c@there.test", notify: [], orcpt: null },
      { address: "d@there.test", notify: null, orcpt: null },
    ],
  };
  assertEquals(
    offered(["PIPELINING", "DSN"], over),
    "MAIL FROM:<a@here.test> RET=HDRS ENVID=QQ+2B314159+20+3D+E9\r\n" +
      "RCPT TO:<b@there.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2Btag+3Dx@There.test\r\n" +
      "RCPT TO:<c@there.test> NOTIFY=NEVER\r\n" +
      "RCPT TO:<d@there.test>\r\nDATA\r\n",
  );
  assertEquals(
    offered(["PIPELINING"], over),
    "MAIL FROM:<a@here.test>\r\n" +
      ["b", "c", "d"].map((name) => `RCPT TO:<${name}@there.test>\r\n`).join("") + "DATA\r\n",
  );
  assertEquals(offered(["dsn"], { parameters: { ret: "full" } }), "MAIL FROM:<a@here.test> RET=FULL\r\n");
});

Deno.test("8-bit content is declared, and not given to a server of seven bits", () => {
  const eightBit: MailOver = { content: "caf\xe9\r\n" };
  assertEquals(offered(["8BITMIME"], eightBit), "MAIL FROM:<a@here.test> BODY=8BITMIME\r\n");
  assertEquals(offered([], eightBit), "failed null 5.6.3 the server does not take 8-bit content");
  // What the sender declared does not matter: the bytes do.
  assertEquals(offered([], { parameters: { body: "8bitmime" } }), "MAIL FROM:<a@here.test>\r\n");
});

Deno.test("a mail over the size a server takes is not sent; one octet less is", () => {
  assertEquals(
    offered(["SIZE 20"], {}),
    "failed null 5.3.4 the mail has 21 octets, the server takes 20",
  );
  assertEquals(offered(["SIZE 21"], {}), "MAIL FROM:<a@here.test> SIZE=21\r\n");
  for (const endless of ["SIZE", "SIZE 0", "SIZE many"]) {
    assertEquals(offered([endless], {}), "MAIL FROM:<a@here.test> SIZE=21\r\n");
  }
});

Deno.test("internationalised mail goes to servers that know SMTPUTF8, and nowhere else", () => {
  const refused = "failed null 5.6.7 the server does not support internationalised mail (SMTPUTF8)";
  const address: MailOver = { sender: "jürgen@here.test", parameters: { smtpUtf8: true } };
  assertEquals(offered(["8BITMIME", "SMTPUTF8"], address), "MAIL FROM:<jürgen@here.test> SMTPUTF8\r\n");
  assertEquals(offered(["8BITMIME"], address), refused);
  assertEquals(offered(["8BITMIME"], { to: ["ünal@there.test"] }), refused);
  const header: MailOver = { content: "Subject: \xc3\xbc\r\n\r\n", parameters: { smtpUtf8: true } };
  assertEquals(offered(["8BITMIME"], header), refused);
  assertEquals(
    offered(["8BITMIME", "SMTPUTF8"], header),
    "MAIL FROM:<a@here.test> BODY=8BITMIME SMTPUTF8\r\n",
  );
  assertEquals(offered([], { parameters: { smtpUtf8: true } }), "MAIL FROM:<a@here.test>\r\n");
});

Deno.test("REQUIRETLS is asked of servers that offer it under TLS; others do not get the mail", () => {
  const over: MailOver = { parameters: { requireTls: true } };
  assertEquals(offered(["REQUIRETLS"], over, "active"), "MAIL FROM:<a@here.test> REQUIRETLS\r\n");
  assertEquals(offered([], over, "active"), "failed null 5.7.30 the server does not support REQUIRETLS");
  assertEquals(offered(["REQUIRETLS"], over), "failed null 5.7.10 TLS is required, and there is none");
  assertEquals(offered([], { ...over, sender: "" }), "MAIL FROM:<>\r\n");
});

Deno.test("a priority is handed on to servers that know of it, and one of 0 is none", () => {
  const over: MailOver = { parameters: { priority: -3 } };
  assertEquals(offered(["MT-PRIORITY MIXER"], over), "MAIL FROM:<a@here.test> MT-PRIORITY=-3\r\n");
  assertEquals(offered(["MT-PRIORITY"], {}), "MAIL FROM:<a@here.test>\r\n");
  assertEquals(offered([], over), "MAIL FROM:<a@here.test>\r\n");
});

Deno.test("binary content goes out by BDAT, unchanged, and only where it is taken", () => {
  const binary: MailOver = { content: ".!?\r\n", parameters: { body: "binarymime" } };
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250-PIPELINING
    S: 250-CHUNKING
    S: 250 BINARYMIME
    ? ready
    ! send 0
    C: MAIL FROM:<a@here.test> BODY=BINARYMIME
    C: RCPT TO:<b@there.test>
    S: 250 ok
    S: 250 ok
    C: BDAT 5 LAST
    C: .!?
    S: 250 kept
    ? done complete: relayed 250 2.0.0 kept`,
    { mails: [mail(binary)] },
  );
  const refused = "failed null 5.6.3 the server does not take binary content";
  for (const extensions of [[], ["CHUNKING"], ["BINARYMIME"]]) {
    assertEquals(offered(extensions, { ...binary, content: "\0" }), refused);
  }
});

Deno.test("limits of a server are read as RFC 9422 has them, and nothing else is", () => {
  const peer = (line: string) => {
    const client = new TestClient().session;
    client.receive(bytes("220 x\r\n"));
    client.receive(bytes(`250-x\r\n250-${line}\r\n250-__proto__ 1\r\n250 constructor\r\n`));
    return [client.peer.recipientsMax, client.peer.mailsMax];
  };
  assertEquals(peer("LIMITS MAILMAX=5 RCPTMAX=100 RCPTDOMAINMAX=1"), [100, 5]);
  assertEquals(peer("LIMITS MAILMAX=0 RCPTMAX=-1 RCPTMAX=1000000 RCPTMAX"), [null, null]);
});

Deno.test("STARTTLS forgets what the server said before, and what it, or another, said too early", () => {
  const session = new TestClient({ tls: "opportunistic" });
  session.receive(bytes("220 x\r\n"));
  session.receive(bytes("250-x\r\n250-SIZE 1\r\n250 STARTTLS\r\n"));
  // The answers behind the 220 came in plain text: an attacker would speak for the server.
  const actions = session.receive(bytes("220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n"));
  assertEquals(actions, [{ type: "startTls" }]);
  assertEquals(session.receive(bytes("250 evil\r\n")), []);
  assertEquals(session.answer("tlsStarted"), [{ type: "send", text: "EHLO here.test\r\n" }]);
  assertEquals(session.session.peer.extended, false);
  session.receive(bytes("250-x\r\n250 DSN\r\n"));
  assertEquals([session.session.peer.dsn, session.session.peer.size, session.session.peer.auth], [true, false, []]);
});

Deno.test("a server without TLS, or that cannot just now, gets the mail in the clear only where that is allowed", () => {
  const refusing = `
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250 STARTTLS
    C: STARTTLS
    S: 454 4.7.0 no entropy`;
  clientTranscript(`${refusing}\n? ready`, { session: { tls: "opportunistic" } });
  clientTranscript(`${refusing}\n? failed at tls: deferred 454 4.7.0 no entropy\nC: QUIT`, {
    session: { tls: "required" },
  });
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250 x
    ? failed at tls: deferred null 4.7.10 TLS is required, and the server does not offer it
    C: QUIT`,
    { session: { tls: "required" } },
  );
});

Deno.test("a smarthost is logged in to by PLAIN, or else by LOGIN, and not without TLS", () => {
  const login = { user: "tim", secret: "tanstaaftanstaaf" };
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250 AUTH login plain
    C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
    S: 235 2.7.0 welcome
    ? ready`,
    { session: { tls: "active", login } },
  );
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250 AUTH LOGIN
    C: AUTH LOGIN
    S: 334 VXNlcm5hbWU6
    C: dGlt
    S: 334 UGFzc3dvcmQ6
    C: dGFuc3RhYWZ0YW5zdGFhZg==
    S: 535 5.7.8 wrong
    ? failed at login: deferred 535 5.7.8 wrong
    C: QUIT`,
    { session: { tls: "active", login } },
  );
  const cleartext = `
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250 AUTH PLAIN
    ? failed at login: deferred null 4.7.11 without TLS no password is sent
    C: QUIT`;
  clientTranscript(cleartext, { session: { login } });
  clientTranscript(
    `
    S: 220 x
    C: EHLO here.test
    S: 250-x
    S: 250 AUTH SCRAM-SHA-1
    ? failed at login: deferred null 4.7.4 the server offers no login that is known here
    C: QUIT`,
    { session: { tls: "active", login } },
  );
});
