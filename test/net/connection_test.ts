import { assert, assertEquals, assertLess } from "@std/assert";
import { connect } from "node:net";
import { FakeClock } from "../../src/base/mod.ts";
import { failureKind, Peer, TestServer } from "./support.ts";

const CHUNK = new Uint8Array(64 * 1024).fill(120);

Deno.test("what is written in one turn arrives in one piece, texts as UTF-8", async () => {
  const server = await TestServer.start({}, (connection) => {
    new Peer(connection, (peer) => {
      for (const part of ["250-one\r\n", new TextEncoder().encode("250-zwei ü\r\n"), "250 ü three\r\n"]) {
        peer.connection.write(part);
      }
    });
  });
  const client = new Peer(await server.dial());
  client.connection.write("EHLO ");
  client.connection.write("x\r\n");
  await client.text("three\r\n");
  assertEquals(client.received, "250-one\r\n250-zwei ü\r\n250 ü three\r\n");
  assertEquals(client.chunks, 1);
  assertEquals([client.connection.bytesOut, client.connection.bytesIn], [8, 36]);
  client.connection.destroy();
  assertEquals(await client.gone(), "local");
  server.stop();
});

Deno.test("both ends know their own and each other's address", async () => {
  const server = await TestServer.start();
  const client = await server.dial();
  const served = await server.next();
  assertEquals([served.local, served.remote], [client.remote, client.local]);
  assertEquals(served.local, { address: "127.0.0.1", port: server.listener.port });
  assertEquals(served.tls, null);
  new Peer(client);
  server.stop();
  client.destroy();
});

Deno.test("a client that half-closes still gets its replies", async () => {
  const server = await TestServer.start();
  const client = new Peer(await server.dial());
  client.connection.write("QUIT\r\n");
  const served = new Peer(await server.next());
  served.halfOpen = true;
  await served.text("QUIT\r\n");
  client.connection.close();
  await served.until((peer) => peer.ended);
  served.connection.write("221 bye\r\n");
  served.connection.close();
  served.connection.write("never sent");
  assertEquals(await served.gone(), "peer");
  assertEquals(await client.gone(), "local");
  assertEquals(served.connection.bytesOut, 9);
  server.stop();
});

Deno.test("a reply written just before close reaches a peer that goes on talking", async () => {
  const server = await TestServer.start();
  const client = new Peer(await server.dial());
  for (let i = 0; i < 8; i++) client.connection.write(CHUNK.slice());
  const served = new Peer(await server.next());
  await served.until((peer) => peer.received.length > 0);
  served.connection.write("552 too much\r\n");
  served.connection.close();
  await client.text("552 too much\r\n");
  await client.until((peer) => peer.ended);
  client.connection.close();
  assertEquals([await served.gone(), await client.gone()], ["local", "peer"]);
  server.stop();
});

Deno.test("a peer that floods a closing connection is cut off after lingerBytesMax", async () => {
  const server = await TestServer.start({ limits: { lingerBytesMax: 128 * 1024 } });
  const client = new Peer(await server.dial());
  client.halfOpen = true;
  const served = new Peer(await server.next());
  served.connection.close();
  await client.until((peer) => peer.ended);
  for (let i = 0; i < 200; i++) client.connection.write(CHUNK.slice());
  assertEquals(await served.gone(), "local");
  assertEquals(served.received, "");
  await client.gone();
  server.stop();
});

Deno.test("pending output is not congested at outputBytesMax, and is one byte beyond", async () => {
  const server = await TestServer.start({ limits: { outputBytesMax: 100_000 } });
  const client = new Peer(await server.dial());
  const served = new Peer(await server.next());
  served.connection.write(new Uint8Array(100_000));
  assertEquals([served.connection.pendingBytes, served.connection.congested], [100_000, false]);
  served.connection.write("x");
  assertEquals([served.connection.pendingBytes, served.connection.congested], [100_001, true]);
  await served.until((peer) => peer.drains === 1);
  assertEquals(served.connection.congested, false);
  await client.until((peer) => peer.received.length === 100_001);
  server.stop();
  await client.gone();
});

Deno.test("a slow reader makes its writer congested and costs no more than the limit", async () => {
  const server = await TestServer.start();
  const client = new Peer(await server.dial());
  client.connection.pause();
  const served = new Peer(await server.next());
  let written = 0;
  let drains = 0;
  // Writes on whenever it may, until the kernel and we hold all we take.
  while (written < 64 * 1024 * 1024) {
    served.connection.write(CHUNK.slice());
    written += CHUNK.length;
    if (!served.connection.congested) continue;
    const drained = served.until((peer) => peer.drains > drains).then(() => true);
    // A write of 0 bytes on another connection is our measure of "the kernel had its turn".
    const stuck = server.dial().then(async (probe) => {
      const peer = new Peer(probe);
      const other = new Peer(await server.next());
      other.connection.write("turn");
      await peer.text("turn");
      probe.destroy();
      return false;
    });
    if (await Promise.race([drained, stuck])) {
      drains = served.drains;
      await stuck;
      continue;
    }
    client.connection.resume();
    await drained;
    break;
  }
  assertLess(written, 64 * 1024 * 1024);
  await client.until((peer) => peer.received.length === written);
  assertEquals(served.connection.pendingBytes, 0);
  server.stop();
  await client.gone();
});

Deno.test("an owner that ignores congestion loses the connection at outputBytesHardMax", async () => {
  const server = await TestServer.start({ limits: { outputBytesMax: 1_000, outputBytesHardMax: 10_000 } });
  const client = new Peer(await server.dial());
  const served = new Peer(await server.next());
  served.connection.write(new Uint8Array(10_000));
  assertEquals(served.closed, null);
  served.connection.write("x");
  assertEquals(await served.gone(), "error");
  await client.gone();
  server.stop();
});

Deno.test("pause stops reading and resume goes on without loss", async () => {
  const server = await TestServer.start();
  const client = new Peer(await server.dial({ limits: { outputBytesMax: 64 * 1024 * 1024 } }));
  const served = new Peer(await server.next());
  served.connection.pause();
  for (let i = 0; i < 300; i++) client.connection.write(CHUNK.slice());
  client.connection.write("end\r\n");
  const echo = new Peer(await server.dial());
  new Peer(await server.next()).connection.write("turn");
  await echo.text("turn");
  assertLess(served.connection.bytesIn, 300 * CHUNK.length);
  served.connection.resume();
  await served.text("end\r\n");
  assertEquals(served.connection.bytesIn, 300 * CHUNK.length + 5);
  server.stop();
  await Promise.all([client.gone(), echo.gone()]);
});

Deno.test("the deadline calls once and leaves the connection open; 0 disarms it", async () => {
  const fake = new FakeClock();
  const server = await TestServer.start({ clock: fake });
  const client = new Peer(await server.dial());
  const served = new Peer(await server.next());
  served.connection.deadline(5_000);
  fake.advance(4_900);
  served.connection.deadline(5_000);
  fake.advance(4_900);
  assertEquals(served.deadlines, 0);
  fake.advance(400);
  assertEquals(served.deadlines, 1);
  served.connection.deadline(1_000);
  served.connection.deadline(0);
  fake.advance(100_000);
  assertEquals([served.deadlines, served.closed], [1, null]);
  server.stop();
  await client.gone();
  assertEquals(fake.nextAt(), null);
});

Deno.test("close gives up on a peer that never reads after closeMsMax", async () => {
  const fake = new FakeClock();
  const server = await TestServer.start({ clock: fake, limits: { closeMsMax: 10_000 } });
  const client = new Peer(await server.dial());
  client.connection.pause();
  const served = new Peer(await server.next());
  for (let i = 0; i < 500; i++) served.connection.write(CHUNK.slice());
  served.connection.close();
  fake.advance(9_900);
  assertEquals(served.closed, null);
  fake.advance(400);
  assertEquals(await served.gone(), "deadline");
  client.connection.resume();
  await client.gone();
  assertEquals(server.listener.connections(), 0);
  server.stop();
});

Deno.test("close gives up on a peer that never closes after closeMsMax", async () => {
  const fake = new FakeClock();
  const server = await TestServer.start({ clock: fake, limits: { closeMsMax: 10_000 } });
  const client = new Peer(await server.dial());
  client.halfOpen = true;
  const served = new Peer(await server.next());
  served.connection.write("bye\r\n");
  served.connection.close();
  await client.until((peer) => peer.ended);
  fake.advance(10_300);
  assertEquals([await served.gone(), client.received], ["local", "bye\r\n"]);
  client.connection.close();
  await client.gone();
  server.stop();
});

Deno.test("a peer that takes nothing for writeMsMax is destroyed, whatever the owner's deadline", async () => {
  const fake = new FakeClock();
  const server = await TestServer.start({ clock: fake, limits: { writeMsMax: 20_000, outputBytesMax: 1_000 } });
  const client = new Peer(await server.dial());
  client.connection.pause();
  const served = new Peer(await server.next());
  served.connection.deadline(3_600_000);
  for (let i = 0; i < 500; i++) served.connection.write(CHUNK.slice());
  // Once a piece is on its way that the kernel does not take, time can pass.
  while (served.closed === null) {
    await new Promise((resolve) => setImmediate(resolve));
    fake.advance(1_000);
  }
  assertEquals([served.closed, served.deadlines], ["deadline", 0]);
  client.connection.destroy();
  await client.gone();
  server.stop();
});

Deno.test("a reset by the peer ends the connection as an error and nothing else", async () => {
  const server = await TestServer.start();
  const socket = connect(server.listener.port, "127.0.0.1");
  socket.on("error", () => {});
  const served = new Peer(await server.next());
  served.connection.write("220 hello\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  const over = new Promise((resolve) => socket.once("close", resolve));
  socket.resetAndDestroy();
  await over;
  const reason = await served.gone();
  assert(reason === "error" || reason === "peer", reason);
  served.connection.write("into the void");
  served.connection.close();
  served.connection.destroy();
  assertEquals(server.listener.connections(), 0);
  server.stop();
});

Deno.test("writing to a peer that is gone ends the connection without a crash", async () => {
  const server = await TestServer.start();
  const client = new Peer(await server.dial());
  const served = new Peer(await server.next());
  client.connection.destroy();
  while (served.closed === null) {
    served.connection.write(CHUNK.slice());
    await new Promise((resolve) => setImmediate(resolve));
  }
  assertEquals(server.listener.connections(), 0);
  server.stop();
  await client.gone();
});

Deno.test("dialling a port where nobody listens is refused", async () => {
  const server = await TestServer.start();
  server.stop();
  assertEquals(await failureKind(() => server.dial()), "refused");
});
