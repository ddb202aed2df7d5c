import { assertEquals } from "@std/assert";
import { Peer, TestServer } from "./support.ts";

Deno.test("what is written in one turn arrives in one piece, before and after an await", async () => {
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
  assertEquals(client.connection.bytesOut, 8);
  assertEquals(client.connection.bytesIn, 36);
  client.connection.close();
  assertEquals(await client.gone(), "local");
  server.stop();
});

Deno.test("a client that half-closes still gets its replies", async () => {
  const server = await TestServer.start();
  const client = new Peer(await server.dial());
  client.connection.write("QUIT\r\n");
  const served = new Peer(await server.next());
  await served.text("QUIT\r\n");
  client.connection.close();
  await served.until((peer) => peer.ended);
  served.connection.write("221 bye\r\n");
  served.connection.close();
  assertEquals(await served.gone(), "peer");
  assertEquals(await client.gone(), "local");
  server.stop();
});
