import { assertEquals } from "@std/assert";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { seededRandom } from "../../src/base/mod.ts";
import { createTlsContext, selfSignedCertificate } from "../../src/net/mod.ts";
import { Peer, TestServer } from "./support.ts";

const CLIENTS = 150;

/** One client that behaves badly in a way chosen by `choice`; resolves when its socket is gone. */
function misbehave(port: number, choice: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: choice % 2 === 0 });
    socket.on("error", () => {}).once("close", () => resolve());
    const upgrade = (then: () => void) => {
      socket.write("STARTTLS\r\n");
      socket.once("data", then);
    };
    socket.once("connect", () => {
      switch (choice % 8) {
        case 0:
          return socket.destroy();
        case 1:
          return socket.resetAndDestroy();
        case 2:
          return void socket.write("x".repeat(300_000), () => socket.resetAndDestroy());
        case 3:
          return void socket.resume().end("half closed\r\n");
        case 4:
          return upgrade(() => socket.resetAndDestroy());
        case 5:
          return upgrade(() => socket.resume().end("not TLS at all, not even nearly\r\n"));
        case 6:
          return upgrade(() => {
            const secured = connectTls({ socket, rejectUnauthorized: false });
            secured.on("error", () => {}).once("secureConnect", () => secured.write("hello", () => socket.destroy()));
          });
        default:
          return upgrade(() => {
            const secured = connectTls({ socket, rejectUnauthorized: false });
            secured.on("error", () => {}).once("secureConnect", () => secured.resume().end("QUIT\r\n"));
          });
      }
    });
  });
}

Deno.test(`${CLIENTS} clients that leave in every bad way leave nothing behind (seed 23)`, async () => {
  const random = seededRandom(23);
  const tlsContext = createTlsContext(await selfSignedCertificate({ names: ["localhost"], days: 1 }));
  const served: Peer[] = [];
  const limits = { loopbackExempt: false, perAddressMax: CLIENTS, handshakesMax: CLIENTS };
  const server = await TestServer.start({ tls: "starttls", tlsContext, limits }, (connection) => {
    served.push(
      new Peer(connection, (peer, text) => {
        connection.deadline(60_000);
        if (text !== "STARTTLS\r\n") return connection.write("250 ok\r\n".repeat(100));
        connection.write("220 go\r\n");
        peer.work = connection.startTls().catch(() => {});
      }),
    );
  });
  for (let round = 0; round < 2; round++) {
    const clients = Array.from(
      { length: CLIENTS },
      () => misbehave(server.listener.port, Math.floor(random.next() * 16)),
    );
    await Promise.all(clients);
    // Whoever was reset before he was accepted is never heard of: ask until all others are gone.
    while (server.listener.connections() > 0) {
      await Promise.all(served.map((peer) => Promise.all([peer.gone(), peer.work])));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  // Every place under perAddressMax is free again.
  const last = [];
  for (let i = 0; i < CLIENTS; i++) last.push(new Peer(await server.dial()));
  while (server.listener.connections() < CLIENTS) await new Promise((resolve) => setImmediate(resolve));
  assertEquals(last.filter((peer) => peer.closed !== null).length, 0);
  server.stop();
  for (const peer of last) await peer.gone();
});
