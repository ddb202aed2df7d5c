/** The demo: two accounts, a first letter, and a server that goes on. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { latin1 } from "../support/latin1.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { startServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

Deno.test("the demo prints its letter and both passwords, serves on, and ends at SIGTERM", async () => {
  await using server = await startServer({ command: ["demo"] });
  await server.printed(/Still up for that boxing match\?/);
  const logins = await Promise.all(["john@smith.test", "billy@bob.test"].map(async (user) => {
    const line = await server.printed(new RegExp(`${user.replaceAll(".", "\\.")}.*\\S`));
    return { user, line };
  }));
  const password = /billy@bob\.test\s+(?:password:?\s+)?(\S+)/.exec(logins[1]!.line)?.[1];
  assert(password !== undefined, `a password in: ${logins[1]!.line}`);
  const messages = await readMaildrop({ port: server.ports.pop3 }, { user: "billy@bob.test", password });
  assertEquals(messages.length, 1);
  assertMatch(latin1(messages[0]!), /Still up for that boxing match\?/);
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const content = new TextEncoder().encode("Subject: Re: boxing\r\n\r\nAlways.\r\n");
  const reply = await client.send({ from: "billy@bob.test", to: ["john@smith.test"], content });
  assertMatch(reply.text, /^250 2\.0\.0 /);
  await client.quit();
  await server.stop();
});
