import { assertEquals } from "@std/assert";
import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { once } from "node:events";
import { FakeClock } from "../../src/base/mod.ts";
import {
  createTlsContext,
  DeadlineWheel,
  type ListenOptions,
  parseNetworks,
  selfSignedCertificate,
} from "../../src/net/mod.ts";
import { eventually, within } from "../support/eventually.ts";
import { Peer, TestServer } from "./support.ts";

const HERE = parseNetworks(["127.0.0.0/8"]);
const HEADER = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n";

/** A listener behind a proxy; it echoes. */
function proxied(options: Partial<ListenOptions> = {}): Promise<TestServer> {
  return TestServer.start({ proxies: HERE, ...options });
}

/** What the server makes of a connection that begins with these pieces, each sent when the one before has left. */
async function connected(server: TestServer, pieces: readonly string[]): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: server.listener.port });
  socket.on("error", () => {});
  await once(socket, "connect");
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, "latin1", resolve));
  return socket;
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  // A reset is an end like any other.
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

Deno.test("a connection has the ends that its proxy names, and what follows the header", async () => {
  const server = await proxied();
  for (const pieces of [[`${HEADER}hello`], [HEADER, "hello"], [...`${HEADER}hello`]]) {
    const socket = await connected(server, pieces);
    const connection = await server.next();
    const peer = await new Peer(connection).text("hello");
    assertEquals(connection.remote, { address: "192.0.2.7", port: 4711 });
    assertEquals(connection.local, { address: "198.51.100.1", port: 25 });
    assertEquals(peer.received, "hello");
    connection.destroy();
    await Promise.all([peer.gone(), closed(socket)]);
  }
  server.stop();
});

Deno.test("a proxy that speaks for itself is served under its own address", async () => {
  const server = await proxied();
  const socket = await connected(server, ["PROXY UNKNOWN\r\n"]);
  const connection = await server.next();
  assertEquals(connection.remote.address, "127.0.0.1");
  const peer = new Peer(connection);
  connection.destroy();
  await Promise.all([peer.gone(), closed(socket)]);
  server.stop();
});

Deno.test("without a header, with a wrong one, or cut off in it, a connection is closed without a word", async () => {
  const server = await proxied();
  for (
    const start of ["EHLO client.test\r\n", "PROXY TCP4 1 2 3 4\r\n", "\x16\x03\x01\x02", "PROXY " + "x".repeat(200)]
  ) {
    const socket = await connected(server, [start]);
    await closed(socket);
    assertEquals(socket.bytesRead, 0, start);
  }
  const socket = await connected(server, ["PROXY TCP4 192"]);
  socket.end();
  await closed(socket);
  assertEquals([server.accepted.length, server.listener.connections()], [0, 0]);
  server.stop();
});

Deno.test("who is no proxy cannot connect, whatever header it brings", async () => {
  const server = await proxied({ proxies: parseNetworks(["192.0.2.0/24"]) });
  const socket = await connected(server, [HEADER]);
  await closed(socket);
  assertEquals(server.accepted.length, 0);
  server.stop();
});

Deno.test("a proxy that says nothing is cut off after five seconds", async () => {
  const clock = new FakeClock();
  const server = await proxied({ wheel: new DeadlineWheel({ clock }) });
  const socket = await connected(server, ["PROXY"]);
  while (server.listener.connections() === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(4_000);
  assertEquals(server.listener.connections(), 1);
  clock.advance(3_000);
  assertEquals(server.listener.connections(), 0);
  await closed(socket);
  server.stop();
});

Deno.test("the limit per address counts the clients behind a proxy, not the proxy", async () => {
  const server = await proxied({ limits: { perAddressMax: 1 } });
  const sockets = [await connected(server, [HEADER])];
  const first = new Peer(await server.next());
  const second = await connected(server, [HEADER]);
  await closed(second);
  sockets.push(await connected(server, [HEADER.replace("192.0.2.7", "192.0.2.8")]));
  const third = await server.next();
  assertEquals(third.remote.address, "192.0.2.8");
  const last = new Peer(third);
  server.stop();
  await Promise.all([first.gone(), last.gone(), ...sockets.map(closed)]);
});

Deno.test("connections whose header has not come yet count, too", async () => {
  const server = await proxied({ limits: { connectionsMax: 2 } });
  const sockets = [await connected(server, ["PROXY "]), await connected(server, ["PROXY "])];
  await within(10_000, "one more is sent away", closed(await connected(server, [HEADER])));
  assertEquals(server.listener.connections(), 2);
  sockets[0]!.destroy();
  await closed(sockets[0]!);
  await eventually("there is room", () => server.listener.connections() === 1);
  sockets.push(await connected(server, [HEADER]));
  const peer = new Peer(await server.next());
  server.stop();
  await Promise.all([peer.gone(), ...sockets.map(closed)]);
});

Deno.test("the header comes before TLS, even in one packet with the client's first words", async () => {
  const certificate = await selfSignedCertificate({ names: ["mail.test"], days: 1 });
  const server = await proxied({ tls: "implicit", tlsContext: createTlsContext(certificate) });
  for (const together of [false, true]) {
    const relay = await tlsRelay(server.listener.port, together);
    const client = connectTls({ host: "127.0.0.1", port: portOf(relay), rejectUnauthorized: false });
    client.on("error", () => {});
    await once(client, "secureConnect");
    client.write("hello");
    const connection = await server.next();
    const peer = await new Peer(connection).text("hello");
    assertEquals([connection.remote.address, connection.tls?.protocol], ["192.0.2.7", "TLSv1.3"]);
    client.destroy();
    connection.destroy();
    await peer.gone();
    await new Promise((resolve) => relay.close(resolve));
  }
  server.stop();
});

function portOf(server: Server): number {
  const at = server.address();
  return at !== null && typeof at === "object" ? at.port : 0;
}

/** A load balancer of one connection: sends the header at once, or together with the client's first bytes. */
async function tlsRelay(port: number, together: boolean): Promise<Server> {
  const relay = createServer((client) => {
    const upstream = connect({ host: "127.0.0.1", port });
    const ends = [client, upstream];
    for (const end of ends) end.on("error", () => {}).on("close", () => ends.forEach((each) => each.destroy()));
    if (!together) upstream.write(HEADER);
    client.once("data", (chunk: Uint8Array) => {
      upstream.write(together ? Uint8Array.of(...new TextEncoder().encode(HEADER), ...chunk) : chunk);
      client.pipe(upstream);
    });
    upstream.pipe(client);
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  return relay;
}
