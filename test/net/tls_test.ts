import { assertEquals } from "@std/assert";
import { connect } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { FakeClock } from "../../src/base/mod.ts";
import { createTlsContext, selfSignedCertificate } from "../../src/net/mod.ts";
import { failureKind, Peer, TestServer } from "./support.ts";

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

/** The subject that the server shows to a client asking for this name, or for none. */
async function shown(port: number, servername?: string): Promise<string> {
  const socket: TLSSocket = connectTls({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  });
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  const subject = String(socket.getPeerCertificate().subject.CN);
  const over = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {}).destroy();
  await over;
  return subject;
}

/** A STARTTLS server that upgrades at once, and what became of its upgrades. */
async function upgrading(options: Parameters<typeof TestServer.start>[0] = {}) {
  const pair = await selfSignedCertificate({ names: NAMES, days: 2 });
  const outcomes: string[] = [];
  const peers: Peer[] = [];
  const server = await TestServer.start({ tls: "starttls", tlsContext: createTlsContext(pair), ...options }, (each) => {
    peers.push(
      new Peer(each, (peer, text) => {
        if (!text.startsWith("STARTTLS\r\n")) return;
        each.write("220 go\r\n");
        peer.work = each.startTls().then(
          () => void outcomes.push("secured"),
          (error) => void outcomes.push(error.kind),
        );
      }),
    );
  });
  return { server, outcomes, peers };
}

Deno.test("plain text slipped in behind STARTTLS breaks the handshake and is never read as a command", async () => {
  const { server, outcomes, peers } = await upgrading();
  const client = new Peer(await server.dial());
  await server.next();
  client.connection.write("STARTTLS\r\n");
  await client.text("220 go\r\n");
  client.connection.write("RSET\r\nMAIL FROM:<thief@evil.test>\r\n");
  await client.gone();
  const [served] = peers;
  await served?.gone();
  await served?.work;
  assertEquals([outcomes, served?.received, served?.closed], [["closed"], "STARTTLS\r\n", "error"]);
  server.stop();
});

Deno.test("a command in the packet of STARTTLS is not carried over into the secured session", async () => {
  const { server, outcomes, peers } = await upgrading();
  const client = new Peer(await server.dial({ tls: "starttls", tlsOptions: { verify: false } }));
  await server.next();
  client.connection.write("STARTTLS\r\nINJECTED\r\n");
  await client.text("220 go\r\n");
  await client.connection.startTls();
  client.connection.write("real\r\n");
  const [served] = peers;
  await served?.text("real\r\n");
  // One chunk in plain text, one secured: the owner drops the rest of the former.
  assertEquals([outcomes, served?.chunks], [["secured"], 2]);
  client.connection.close();
  await client.gone();
  await served?.gone();
  server.stop();
});

Deno.test("a client that never finishes its handshake is dropped after handshakeMsMax", async () => {
  const fake = new FakeClock();
  const { server, outcomes, peers } = await upgrading({ clock: fake, limits: { handshakeMsMax: 10_000 } });
  const client = new Peer(await server.dial());
  await server.next();
  client.connection.write("STARTTLS\r\n");
  await client.text("220 go\r\n");
  fake.advance(9_900);
  assertEquals(peers[0]?.closed, null);
  fake.advance(400);
  assertEquals(await peers[0]?.gone(), "deadline");
  await peers[0]?.work;
  assertEquals([outcomes, server.listener.connections()], [["closed"], 0]);
  await client.gone();
  server.stop();
});

Deno.test("no more than handshakesMax handshakes run at a time", async () => {
  const { server, outcomes, peers } = await upgrading({ limits: { handshakesMax: 1 } });
  const first = new Peer(await server.dial());
  const second = new Peer(await server.dial());
  first.connection.write("STARTTLS\r\n");
  await first.text("220 go\r\n");
  second.connection.write("STARTTLS\r\n");
  await second.gone();
  assertEquals([outcomes, first.closed], [["closed"], null]);
  peers[0]?.connection.destroy();
  await first.gone();
  await Promise.all(peers.map((peer) => peer.work));
  const third = new Peer(await server.dial({ tls: "starttls", tlsOptions: { verify: false } }));
  third.connection.write("STARTTLS\r\n");
  await third.text("220 go\r\n");
  await third.connection.startTls();
  await peers[2]?.work;
  assertEquals(outcomes, ["closed", "closed", "secured"]);
  server.stop();
  await third.gone();
});

Deno.test("a new certificate is shown to new clients, with and without SNI, while old sessions go on", async () => {
  const [old, fresh, other] = await Promise.all(
    ["old.test", "new.test", "other.test"].map((name) =>
      selfSignedCertificate({ names: [name, "127.0.0.1"], days: 2 })
    ),
  );
  if (!old || !fresh || !other) throw new Error("three certificates");
  const tlsContext = createTlsContext(old);
  const server = await TestServer.start({ tls: "implicit", tlsContext });
  const { port } = server.listener;
  const client = new Peer(await server.dial({ tls: "implicit", tlsOptions: { verify: false } }));
  const served = new Peer(await server.next());
  assertEquals(await shown(port), "old.test");
  const mixed = { cert: fresh.cert, key: old.key };
  assertEquals(await failureKind(() => tlsContext.replace(mixed)), "invalid");
  assertEquals(await failureKind(() => tlsContext.replace({ cert: "", key: "" })), "invalid");
  assertEquals(await shown(port, "old.test"), "old.test");
  tlsContext.replace({ ...fresh, names: { "other.test": other, "*.other.test": other } });
  assertEquals(await shown(port), "new.test");
  assertEquals(await shown(port, "old.test"), "new.test");
  assertEquals(await shown(port, "other.test"), "other.test");
  assertEquals(await shown(port, "MX.Other.test"), "other.test");
  client.connection.write("still here\r\n");
  await served.text("still here\r\n");
  served.connection.write("me too\r\n");
  await client.text("me too\r\n");
  client.connection.close();
  assertEquals([await client.gone(), await served.gone()], ["local", "peer"]);
  server.stop();
});

Deno.test("a client that refuses the certificate costs the server nothing but the connection", async () => {
  const pair = await selfSignedCertificate({ names: NAMES, days: 2 });
  const server = await TestServer.start({ tls: "implicit", tlsContext: createTlsContext(pair) });
  assertEquals(
    await failureKind(() =>
      server.dial({ tls: "implicit", tlsOptions: { verify: true, serverName: "mail.smith.test" } })
    ),
    "closed",
  );
  const ca = pair.cert;
  assertEquals(
    await failureKind(() =>
      server.dial({ tls: "implicit", tlsOptions: { verify: true, ca, serverName: "wrong.smith.test" } })
    ),
    "closed",
  );
  assertEquals(await shown(server.listener.port, "mail.smith.test"), "mail.smith.test");
  server.stop();
});

Deno.test("a megabyte each way survives TLS unchanged", async () => {
  const pair = await selfSignedCertificate({ names: NAMES, days: 2 });
  const server = await TestServer.start({ tls: "implicit", tlsContext: createTlsContext(pair) });
  const client = new Peer(await server.dial({ tls: "implicit", tlsOptions: { verify: false } }));
  const served = new Peer(await server.next());
  const text = Array.from({ length: 100_000 }, (_, i) => `${i} line\r\n`).join("");
  client.connection.write(text);
  served.connection.write(text);
  await Promise.all([client, served].map((peer) => peer.until(() => peer.received.length === text.length)));
  assertEquals([client.received === text, served.received === text], [true, true]);
  assertEquals(served.connection.bytesIn, text.length);
  client.connection.close();
  await Promise.all([client.gone(), served.gone()]);
  server.stop();
});

Deno.test("bytes that are no TLS end an implicit TLS connection before its owner hears of it", async () => {
  const pair = await selfSignedCertificate({ names: NAMES, days: 2 });
  const server = await TestServer.start({ tls: "implicit", tlsContext: createTlsContext(pair) });
  const socket = connect(server.listener.port, "127.0.0.1");
  const over = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {}).resume().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await over;
  assertEquals([server.accepted.length, server.listener.connections()], [0, 0]);
  server.stop();
});

Deno.test("a client that half-closes under TLS still gets its replies", async () => {
  const pair = await selfSignedCertificate({ names: NAMES, days: 2 });
  const server = await TestServer.start({ tls: "implicit", tlsContext: createTlsContext(pair) });
  const client = new Peer(await server.dial({ tls: "implicit", tlsOptions: { verify: false } }));
  client.halfOpen = true;
  const served = new Peer(await server.next());
  served.halfOpen = true;
  client.connection.write("QUIT\r\n");
  await served.text("QUIT\r\n");
  client.connection.close();
  await served.until((peer) => peer.ended);
  served.connection.write("221 bye\r\n");
  served.connection.close();
  assertEquals(await served.gone(), "peer");
  assertEquals(await client.gone(), "local");
  assertEquals(served.connection.bytesOut, 9);
  server.stop();
});

Deno.test("a peer that leaves in its handshake is gone at once, not after handshakeMsMax", async () => {
  const fake = new FakeClock();
  const { server, outcomes, peers } = await upgrading({ clock: fake });
  for (const leave of ["destroy", "resetAndDestroy"] as const) {
    const socket = connect(server.listener.port, "127.0.0.1");
    socket.on("error", () => {}).write("STARTTLS\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket[leave]();
    await peers.at(-1)?.gone();
    await peers.at(-1)?.work;
  }
  assertEquals([outcomes, server.listener.connections()], [["closed", "closed"], 0]);
  server.stop();
});

Deno.test("STARTTLS waits for output that the peer is slow to take, and loses none of it", async () => {
  const { server, outcomes, peers } = await upgrading();
  const client = new Peer(await server.dial({ tls: "starttls", tlsOptions: { verify: false } }));
  client.connection.pause();
  await server.next();
  const [served] = peers;
  const text = "x".repeat(8 * 1024 * 1024);
  served?.connection.write(text);
  client.connection.write("STARTTLS\r\n");
  await served?.text("STARTTLS\r\n");
  client.connection.resume();
  await client.text("220 go\r\n");
  assertEquals(client.received.length, text.length + "220 go\r\n".length);
  await client.connection.startTls();
  await served?.work;
  client.connection.write("secured\r\n");
  await served?.text("secured\r\n");
  assertEquals(outcomes, ["secured"]);
  server.stop();
  await client.gone();
});
