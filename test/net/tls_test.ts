import { assertEquals } from "@std/assert";
import { createTlsContext, selfSignedCertificate } from "../../src/net/mod.ts";
import { Peer, TestServer } from "./support.ts";

const NAMES = ["mail.smith.test", "127.0.0.1"];

Deno.test("STARTTLS upgrades, and plain text sent along with it is never seen", async () => {
  const pair = await selfSignedCertificate({ names: NAMES, days: 2 });
  const server = await TestServer.start({ tls: "starttls", tlsContext: createTlsContext(pair) });
  const client = new Peer(
    await server.dial({
      tls: "starttls",
      tlsOptions: { verify: true, ca: pair.cert, serverName: "mail.smith.test" },
    }),
  );
  const served = new Peer(await server.next());
  client.connection.write("STARTTLS\r\n");
  await served.text("STARTTLS\r\n");
  served.connection.write("220 go\r\n");
  const upgraded = served.connection.startTls();
  await client.text("220 go\r\n");
  await Promise.all([client.connection.startTls(), upgraded]);
  client.connection.write("EHLO again\r\n");
  await served.text("again\r\n");
  served.connection.write("250 ok\r\n");
  await client.text("250 ok\r\n");
  assertEquals(served.connection.tls?.protocol, "TLSv1.3");
  assertEquals(served.connection.tls?.serverName, "mail.smith.test");
  client.connection.close();
  await served.until((peer) => peer.ended);
  served.connection.close();
  await Promise.all([served.gone(), client.gone()]);
  server.stop();
});

Deno.test("implicit TLS hands over the connection after the handshake", async () => {
  const pair = await selfSignedCertificate({ names: NAMES, days: 2 });
  const server = await TestServer.start({ tls: "implicit", tlsContext: createTlsContext(pair) });
  const client = new Peer(await server.dial({ tls: "implicit", tlsOptions: { verify: false } }));
  const served = new Peer(await server.next());
  served.connection.write("* OK ready\r\n");
  await client.text("ready\r\n");
  served.connection.close();
  await client.until((peer) => peer.ended);
  client.connection.close();
  assertEquals(await served.gone(), "local");
  await client.gone();
  server.stop();
});
