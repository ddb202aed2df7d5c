/** ATTACKS M8: names that every JavaScript object inherits are ordinary names in each protocol. */
import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { parseDomain, parseMailbox } from "../../src/mail/mod.ts";
import { createPop3Session } from "../../src/protocol/pop3/mod.ts";
import { createSmtpSession, type SmtpAction } from "../../src/protocol/smtp/mod.ts";

/** All that an object has without having been given it, besides two that are used in attacks. */
const INHERITED = [...Object.getOwnPropertyNames(Object.prototype), "prototype", "then"];

/** What is reachable from every object of the program; the same before and after is what these tests are about. */
function prototypes(): unknown {
  return [Object.prototype, Array.prototype, Function.prototype, Map.prototype, String.prototype].map((each) =>
    Reflect.ownKeys(each).map((key) => [key, Object.getOwnPropertyDescriptor(each, key)?.value])
  );
}

/** Runs lines through a session that says yes to everything; the texts that come back. */
function smtpSays(lines: readonly string[]): string[] {
  const session = createSmtpSession({
    hostname: "mail.test",
    postmasterDomain: parseDomain("mail.test")!,
    tls: "none",
  });
  const said: string[] = [];
  const take = (actions: readonly SmtpAction[]) => {
    for (const action of actions) {
      if (action.type === "send") said.push(...action.text.split("\r\n").slice(0, -1));
      else if (action.type === "checkRecipient") take(session.recipientChecked("accepted"));
      else if (action.type === "deliver") take(session.delivered({ type: "accepted", id: "1" }));
      else if (action.type === "pause") take(session.resumed());
    }
  };
  take(session.open());
  for (const line of lines) take(session.receive(utf8(`${line}\r\n`), 0));
  return said.slice(1);
}

Deno.test("no inherited name is an SMTP verb, parameter or argument, in any case of letters", () => {
  const before = prototypes();
  for (const name of INHERITED) {
    for (const spelled of [name, name.toUpperCase(), name.toLowerCase()]) {
      assertEquals(smtpSays([spelled])[0]?.slice(0, 9), "500 5.5.1", spelled);
      const replies = smtpSays(["EHLO c.test", `MAIL FROM:<> ${spelled}=1`]);
      const parameter = replies.at(-1)!.slice(0, 3);
      assert(parameter === "555" || parameter === "501", `${spelled}: ${replies.at(-1)}`);
      assertEquals(smtpSays(["EHLO c.test", `MAIL FROM:<> BODY=${spelled}`]).at(-1)?.slice(0, 3), "501", spelled);
    }
  }
  assertEquals(prototypes(), before);
});

Deno.test("inherited names are taken as local parts, senders and header names, and the mail is kept as it is", () => {
  const before = prototypes();
  for (const name of INHERITED) {
    const content = [`${name}: a`, `X-${name}: b`, "", name];
    const lines = ["HELO c.test", `MAIL FROM:<${name}@x.test>`, `RCPT TO:<${name}@y.test>`, "DATA", ...content, "."];
    assertEquals(smtpSays(lines).slice(-1)[0]?.slice(0, 9), "250 2.0.0", name);
    assertEquals(parseMailbox(`${name}@x.test`, { utf8: false })?.local, name);
  }
  assertEquals(prototypes(), before);
});

Deno.test("no inherited name is a POP3 command, mechanism or language", () => {
  const before = prototypes();
  for (const name of INHERITED) {
    for (const line of [name, `AUTH ${name}`, `CAPA ${name}`, `LANG ${name}`, `STLS ${name}`, `RETR ${name}`]) {
      const session = createPop3Session({
        hostname: "mail.test",
        plaintextLogin: true,
        implementation: "Stagepost",
        tls: "available",
      });
      session.open();
      const actions = session.receive(utf8(`${line}\r\n`));
      const said = actions.flatMap((action) => action.type === "send" ? [action.data] : [])
        .map((data) => typeof data === "string" ? data : new TextDecoder().decode(data)).join("");
      assert(said.startsWith("-ERR"), `${line}: ${JSON.stringify(said)}`);
      assert(actions.every(({ type }) => type !== "login" && type !== "startTls"), line);
    }
  }
  assertEquals(prototypes(), before);
});
