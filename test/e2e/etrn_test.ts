/** A server that was away comes back and asks for its mail: ETRN (RFC 1985), by fetchmail and by hand. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { freePorts } from "../support/free_ports.ts";
import { runProgram, testWith } from "../support/programs.ts";
import { attemptOf, domainRecords, loggedIn, startSite, submit } from "../support/relay_world.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { SmtpSink } from "../support/smtp_sink.ts";
import { serveZone } from "../support/zone.ts";

const OURS = { domain: "a.test", address: "127.0.0.11", users: ["ann"] };
const ANN = "ann@a.test";
const AWAY = "127.0.0.51";

testWith(
  { programs: ["fetchmail"] },
  "mail that waits for a server goes out when that server asks for it, and not before",
  async () => {
    const [port = 0] = await freePorts(1);
    let away = true;
    await using sink = await SmtpSink.start({
      host: AWAY,
      port,
      answer: ({ verb }) => away && verb === "CONNECT" ? "421 4.3.2 not yet" : undefined,
    });
    const zone = { "away.test": { mx: [[10, "mx.away.test"]] }, "mx.away.test": { a: [AWAY] } } as const;
    await using dns = await serveZone({ ...domainRecords(OURS), ...zone });
    const turns = [
      { networks: ["127.0.0.0/30"], domains: ["away.test"] },
      { accounts: [ANN], domains: [".away.test"] },
    ];
    const config = { queue: { retryMs: [3_600_000], turns } };
    await using server = await startSite({ ...OURS, config }, { port, dns: dns.server });
    const content = utf8(`From: <${ANN}>\r\nSubject: waits\r\n\r\nhello\r\n`);
    for (let i = 0; i < 3; i++) {
      const id = await submit(server, { from: ANN, to: ["x@away.test"], content });
      assertEquals((await attemptOf(server, id, "away.test"))["deferred"], 1);
    }
    away = false;

    await using stranger = await SmtpClient.greeted({ host: server.host, port: server.ports.smtp, from: "127.0.0.9" });
    assert(!(await stranger.command("EHLO stranger.test")).text.includes("ETRN"));
    assertMatch((await stranger.expect("ETRN away.test", 459)).text, /^459 4\.7\.1 Node away\.test not allowed/);
    await using user = await loggedIn(server, ANN);
    assertMatch((await user.command("EHLO x")).text, /^250[- ]ETRN\r?$/m);
    assertEquals((await user.expect("ETRN @sub.away.test", 251)).text.startsWith("251 2.0.0 OK, no messages"), true);
    assertEquals(sink.mails.length, 0);

    // fetchmail asks the host that it is told to poll; its exit says what became of it, 1 being "no mail".
    const words = ["-f", "/dev/null", "--nosyslog", "--nodetach", "--invisible", "-v", "-p", "ETRN"];
    const ask = () =>
      runProgram("fetchmail", [
        ...words,
        "--sslproto",
        "",
        "--service",
        String(server.ports.smtp),
        "--fetchdomains",
        "away.test",
        server.host,
      ]);
    const { stderr, stdout } = await ask();
    assertMatch(
      new TextDecoder().decode(stdout) + stderr,
      /253 2\.0\.0 OK, 3 pending messages for node away\.test started/,
    );
    assertEquals((await sink.until(3)).map(({ to }) => to[0]), Array(3).fill("x@away.test"));
    for (const client of [stranger, user]) await client.quit();
    await server.stop();
  },
);
