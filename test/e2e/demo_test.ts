/** The demo: two accounts, a first letter, and a server that goes on. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { takenPorts } from "../support/free_ports.ts";
import { latin1 } from "../support/latin1.ts";
import { readMaildrop } from "../support/pop3_client.ts";
import { programPath, runOk } from "../support/programs.ts";
import { prepareServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

/** The development ports: the demo knows no others. */
const PORTS = { smtp: 2525, submission: 2587, submissions: 2465, pop3: 2110, pop3s: 2995, imap: 2143, imaps: 2993 };
const taken = await takenPorts(Object.values(PORTS));
const hasCurl = programPath("curl") !== null;
const reason = taken.length === 0 ? "" : ` (skipped: somebody listens on ${taken.join(", ")})`;

Deno.test({
  name: `the demo prints its letter and both passwords, serves on, and ends at SIGTERM${reason}`,
  ignore: taken.length > 0,
  async fn() {
    await using server = await prepareServer({ command: ["demo"], inOwnDirectory: true });
    server.launch();
    await server.printed(/^Serving until Ctrl-C\.$/, { ms: 60_000 });
    await server.printed(/Still up for that boxing match\?/);
    const passwords: string[] = [];
    for (const user of ["john@smith.test", "billy@bob.test"]) {
      const line = await server.printed(new RegExp(`^ *${user.replaceAll(".", "\\.")} +password `));
      passwords.push(line.trim().split(/\s+/).at(-1)!);
    }
    const billy = { user: "billy@bob.test", password: passwords[1]! };
    const messages = await readMaildrop({ port: PORTS.pop3s, tls: true }, billy);
    assertEquals(messages.length, 1);
    assertMatch(latin1(messages[0]!), /Still up for that boxing match\?/);
    await using client = await SmtpClient.greeted({ port: PORTS.smtp });
    const content = new TextEncoder().encode("Subject: Re: boxing\r\n\r\nAlways.\r\n");
    const reply = await client.send({ from: billy.user, to: ["john@smith.test"], content });
    assertMatch(reply.text, /^250 2\.0\.0 /);
    await client.quit();
    const john = { user: "john@smith.test", password: passwords[0]! };
    const [answer] = await readMaildrop({ port: PORTS.pop3 }, john);
    assert(answer !== undefined && latin1(answer).endsWith("\r\n\r\nAlways.\r\n"), "John got the answer");
    // What it tells to try next works as it stands there: the shell knows what is quoted.
    const commands = server.text.filter((line) => /^ *curl /.test(line));
    assertEquals(commands.map((line) => /(\w+):\/\//.exec(line)?.[1]), ["pop3s", "imaps"]);
    if (hasCurl) {
      const [list, letter] = await Promise.all(commands.map((line) => runOk("sh", ["-c", line])));
      assertMatch(latin1(list!.stdout), /^1 \d+\r\n/);
      assertMatch(latin1(letter!.stdout), /Still up for that boxing match\?/);
    }
    await server.stop();
  },
});
