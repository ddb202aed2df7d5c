/** ATTACKS S6, S8, S10, S22, S23, S25 over real sockets: hosts that speak too early, guess names, or take every place. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "node:net";
import { eventually, within } from "../support/eventually.ts";
import { latin1 } from "../support/latin1.ts";
import { Pop3Client, readMaildrop } from "../support/pop3_client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { Wire } from "../support/wire.ts";

const LOGIN = { user: "john@smith.test", password: "early bird" };

function attackedServer(config: Readonly<Record<string, unknown>> = {}): Promise<TestServer> {
  return startServer({
    config,
    workers: { listener: 1, mailbox: 1 },
    domains: ["smith.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.password }],
  });
}

/** Puts bytes on the wire before the connection even stands, and gives all that comes back. */
async function spokenTooEarly(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  const chunks: Uint8Array[] = [];
  socket.on("error", () => {});
  socket.on("data", (chunk) => chunks.push(chunk));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(text);
  await within(30_000, "the end of a connection that spoke too early", closed);
  return chunks.map((chunk) => latin1(chunk)).join("");
}

Deno.test("what is sent before the banner is answered behind it, in order, and counts like everything else", async () => {
  await using server = await attackedServer({ limits: { smtp: { errorsMax: 5 } } });
  const { smtp, pop3 } = server.ports;
  const mail = await spokenTooEarly(
    smtp,
    `MAIL FROM:<>\r\nHELO early.test\r\nMAIL FROM:<>\r\nRCPT TO:<relay@elsewhere.example>\r\nQUIT\r\n`,
  );
  const codes = mail.split("\r\n").map((line) => line.slice(0, 3));
  assertEquals(codes, ["220", "503", "250", "250", "550", "221", ""]);
  assertMatch(
    await spokenTooEarly(smtp, "GET / HTTP/1.1\r\nHost: smith.test\r\n\r\n"),
    /^220 [^\r]+\r\n421 4\.7\.0 [^\r]+\r\n$/,
  );
  const flood = await spokenTooEarly(smtp, "EHLO early.test\r\n" + "NOOP\r\n".repeat(150));
  assertMatch(flood, /^220 [\s\S]*\r\n421 4\.7\.0 [^\r]+\r\n$/);
  assert(flood.split("\r\n").length < 150);
  const maildrop = await spokenTooEarly(pop3, `USER ${LOGIN.user}\r\nPASS ${LOGIN.password}\r\nSTAT\r\nQUIT\r\n`);
  assertMatch(maildrop, /^\+OK [^\r]+\r\n\+OK[^\r]*\r\n\+OK[^\r]*\r\n\+OK 0 0\r\n\+OK[^\r]*\r\n$/);
  await server.stop();
});

Deno.test("a web page that posts to the POP3 port is sent away at its first line, and logs nobody in", async () => {
  await using server = await attackedServer();
  for (const request of ["GET / HTTP/1.1", "POST / HTTP/1.1", "CONNECT smith.test:110 HTTP/1.1"]) {
    const login = `USER ${LOGIN.user}\r\nPASS ${LOGIN.password}\r\nSTAT\r\nQUIT\r\n`;
    const said = await spokenTooEarly(server.ports.pop3, `${request}\r\nHost: smith.test\r\n\r\n${login}`);
    assertMatch(said, /^\+OK [^\r]+\r\n(-ERR [^\r]+\r\n)?$/, request);
  }
  await server.stop();
});

Deno.test("names cannot be found out: VRFY and EXPN say the same of all, and guessing at RCPT ends the session", async () => {
  await using server = await attackedServer({ limits: { smtp: { errorsMax: 8 } } });
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  for (const verb of ["VRFY", "EXPN"]) {
    const replies = new Set<string>();
    for (const name of [LOGIN.user, "john", "nobody@smith.test", "nobody", "root@elsewhere.test"]) {
      replies.add((await client.command(`${verb} ${name}`)).text);
    }
    assertEquals(replies.size, 1, verb);
    assertMatch([...replies][0]!, verb === "VRFY" ? /^252 2\.5\.0 / : /^502 5\.5\.1 /);
  }
  await client.quit();
  await using guesser = await SmtpClient.greeted({ port: server.ports.smtp });
  await guesser.expect("MAIL FROM:<>", 250);
  await guesser.wire.write(Array.from({ length: 100 }, (_, i) => `RCPT TO:<guess${i}@smith.test>\r\n`).join(""));
  const answers = (await guesser.wire.readToEnd()).split("\r\n").map((line) => line.slice(0, 9));
  assertEquals(answers, [...Array<string>(8).fill("550 5.1.1"), "421 4.7.0", ""]);
  await server.stop();
});

for (
  const [service, greeting, refusal] of [
    ["smtp", /^220 /, /^421 4\.3\.2 /],
    ["pop3", /^\+OK /, /^-ERR \[SYS\/TEMP\] /],
  ] as const
) {
  Deno.test(`one ${service} connection more than allowed is refused in words, and is let in when another has left`, async () => {
    await using server = await attackedServer({ limits: { connections: { max: 3, perAddressMax: 3 } } });
    const port = server.ports[service];
    const wires: Wire[] = [];
    try {
      for (let i = 0; i < 3; i++) {
        wires.push(await Wire.connect({ port }));
        assertMatch(await wires[i]!.readLine(), greeting);
      }
      for (let i = 0; i < 5; i++) {
        await using surplus = await Wire.connect({ port });
        assertMatch(await surplus.readLine(), refusal);
        assertEquals(await surplus.readToEnd(), "");
      }
      await wires.shift()!.destroy();
      await eventually("the place is free again", async () => {
        await using next = await Wire.connect({ port });
        return greeting.test(await next.readLine());
      });
    } finally {
      for (const wire of wires) await wire.destroy();
    }
    await server.stop();
  });
}

Deno.test("a wrong password and an unknown name are told the same, few end the session, and the right user still gets in", async () => {
  await using server = await attackedServer({ limits: { pop3: { loginFailuresMax: 2 } } });
  const attempt = async (user: string) => {
    await using client = await Pop3Client.connect({ port: server.ports.pop3 });
    return `${await client.command(`USER ${user}`)} / ${await client.command("PASS wrong")}`;
  };
  const names = [LOGIN.user, "nobody@smith.test", "nobody", "nobody@elsewhere.test"];
  assertEquals(new Set(await Promise.all(names.map(attempt))).size, 1);
  await using guesser = await Pop3Client.connect({ port: server.ports.pop3 });
  await guesser.wire.write(
    Array.from({ length: 10 }, (_, i) => `USER ${LOGIN.user}\r\nPASS guess${i}\r\n`).join(""),
  );
  const refusals = (await guesser.wire.readToEnd()).split("\r\n").filter((line) => line.startsWith("-ERR"));
  assertEquals(refusals.filter((line) => line.startsWith("-ERR [AUTH]")).length, 2, refusals.join("\n"));
  assertEquals(await readMaildrop({ port: server.ports.pop3 }, LOGIN), []);
  await server.stop();
});
