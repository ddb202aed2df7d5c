/** The same tree under Bun. */
import { assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { assertKept, makeLetter } from "../support/letters.ts";
import { Pop3Client, readMaildrop } from "../support/pop3_client.ts";
import { testWith } from "../support/programs.ts";
import { startServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const LOGIN = { user: "john@smith.test", password: "runs on bun" };

testWith(
  { programs: ["bun"] },
  "under Bun the server takes mail, plain and over TLS, gives it by POP3, and survives a restart",
  async () => {
    await using server = await startServer({
      runtime: "bun",
      domains: ["smith.test"],
      accounts: [{ address: LOGIN.user, password: LOGIN.password }],
    });
    const random = seededRandom(1);
    const sent = [0, 1, 2].map((i) => makeLetter(random, { id: `bun${i}`, bodyBytes: 1_000 + 40_000 * i }));
    await using plain = await SmtpClient.greeted({ port: server.ports.smtp });
    assertEquals((await plain.send({ from: "", to: [LOGIN.user], content: sent[0]! })).code, 250);
    await plain.startTls();
    assertEquals((await plain.send({ from: "", to: [LOGIN.user], content: sent[1]! })).code, 250);
    await plain.quit();
    await using secure = await SmtpClient.greeted({ port: server.ports.smtps, tls: true });
    assertEquals((await secure.send({ from: "", to: [LOGIN.user], content: sent[2]! })).code, 250);
    await secure.quit();
    for (const options of [{ port: server.ports.pop3 }, { port: server.ports.pop3s, tls: true }]) {
      const found = await readMaildrop(options, LOGIN);
      assertEquals(found.length, 3);
      for (const [i, content] of sent.entries()) assertKept(found[i]!, content);
    }
    await server.stop();
    await server.start();
    await using client = await Pop3Client.open({ port: server.ports.pop3 }, LOGIN);
    assertKept(await client.retr(3), sent[2]!);
    await client.ok("DELE 1");
    await client.quit();
    assertEquals((await readMaildrop({ port: server.ports.pop3 }, LOGIN)).length, 2);
    await server.stop();
  },
);
