/** Block and allow lists of the DNS over real sockets: who is refused and who is not. */
import { assertEquals } from "@std/assert";
import { DnsServer } from "../support/dns_server.ts";
import { startServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const USER = { address: "john@smith.test", password: "guard dog" };

Deno.test("whom a block list names is refused with its words, but not whom an allow list names or an exempt network has", async () => {
  const named = { a: ["127.0.0.2"], txt: ["see https://bad.test/"] };
  await using dns = await DnsServer.start({
    "2.0.0.127.bad.test": named,
    "3.0.0.127.bad.test": named,
    "3.0.0.127.good.test": { a: ["127.0.0.2"] },
    "5.0.0.127.bad.test": named,
    "6.0.0.127.bad.test": { a: ["127.255.255.254"] },
  });
  const lists = [{ zone: "bad.test", kind: "block" }, { zone: "good.test", kind: "allow" }];
  await using server = await startServer({
    config: { dns: { servers: [dns.server] }, senders: { authentication: "off", exempt: ["127.0.0.5"], lists } },
    workers: { listener: 1, mailbox: 1 },
    domains: ["smith.test"],
    accounts: [USER],
  });
  const answers: Record<string, string> = {};
  for (const last of [2, 3, 4, 5, 6]) {
    await using client = await SmtpClient.greeted({ port: server.ports.smtp, from: `127.0.0.${last}` });
    await client.expect("MAIL FROM:<>", 250);
    answers[last] = (await client.command(`RCPT TO:<${USER.address}>`)).text.trim();
    await client.quit();
  }
  const taken = "250 2.1.5 Recipient OK";
  assertEquals(answers, {
    2: "550 5.7.1 Your address is listed by bad.test: see https://bad.test/",
    3: taken,
    4: taken,
    5: taken,
    6: taken,
  });
});
