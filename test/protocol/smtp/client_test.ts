import { assertEquals } from "@std/assert";
import { parseMailbox } from "../../../src/mail/mod.ts";
import { REPLY_LINE_BYTES_MAX, REPLY_LINES_MAX, SmtpClientSession } from "../../../src/protocol/smtp/client.ts";

const john = parseMailbox("john@smith.test", { utf8: false })!;
const billy = parseMailbox("billy@bob.test", { utf8: false })!;

function session(content = "Subject: x\r\n\r\nhello\r\n") {
  return new SmtpClientSession({ helo: "localhost", sender: john, recipients: [billy], content });
}

function sent(actions: ReturnType<SmtpClientSession["receive"]>): string {
  return actions.map((action) => action.type === "send" ? action.text : `<${action.type} ${action.accepted}>`).join("");
}

Deno.test("a client hands a mail over command by command", () => {
  const client = session();
  assertEquals(sent(client.receive("220 here\r\n")), "EHLO localhost\r\n");
  assertEquals(sent(client.receive("250-here\r\n250 SIZE 10\r\n")), "MAIL FROM:<john@smith.test>\r\n");
  assertEquals(sent(client.receive("250 ok\r\n")), "RCPT TO:<billy@bob.test>\r\n");
  assertEquals(sent(client.receive("250 ok\r\n")), "DATA\r\n");
  assertEquals(sent(client.receive("354 go\r\n")), "Subject: x\r\n\r\nhello\r\n.\r\n");
  assertEquals(sent(client.receive("250 2.0.0 kept\r\n")), "QUIT\r\n<done true>");
  assertEquals(client.receive("221 bye\r\n"), []);
});

Deno.test("leading dots are doubled, and the content gets the line end it lacks", () => {
  const client = session(".\r\n..a\r\nb");
  for (const reply of ["220 x", "250 x", "250 x", "250 x"]) client.receive(`${reply}\r\n`);
  assertEquals(sent(client.receive("354 go\r\n")), "..\r\n...a\r\nb\r\n.\r\n");
});

Deno.test("anything but the expected reply ends the transaction", () => {
  const client = session();
  client.receive("220 x\r\n250 x\r\n");
  assertEquals(sent(client.receive("550 5.7.1 no\r\n")), "QUIT\r\n<done false>");
  assertEquals(sent(session().receive("hello\r\n")), "QUIT\r\n<done false>");
});

Deno.test("a reply may be as long as the limits say, and no longer", () => {
  assertEquals(session().receive("2".repeat(REPLY_LINE_BYTES_MAX)), []);
  assertEquals(sent(session().receive("2".repeat(REPLY_LINE_BYTES_MAX + 1))), "QUIT\r\n<done false>");
  const endless = session();
  assertEquals(endless.receive("220-x\r\n".repeat(REPLY_LINES_MAX)), []);
  assertEquals(sent(endless.receive("220-x\r\n")), "QUIT\r\n<done false>");
});
