import { assertEquals } from "@std/assert";
import { networkInterfaces } from "node:os";
import { SILENT } from "../../src/base/mod.ts";
import { ConnectionCounts, type ConnectionLimits, listen, type ListenOptions } from "../../src/net/mod.ts";
import { clock, failureKind, Peer, TestServer } from "./support.ts";

/** Opens one more connection than `limits` let in and tells what the last one hears. */
async function oneTooMany(limits: Partial<ConnectionLimits>, options: Partial<ListenOptions> = {}): Promise<Peer> {
  const server = await TestServer.start({
    limits,
    refused: (connection, limit) => {
      connection.write(`421 too many: ${limit}\r\n`);
    },
    ...options,
  }, (connection) => connection.write("220 hello\r\n"));
  const peers: Peer[] = [];
  for (let i = 0; i < 3; i++) {
    const peer = new Peer(await server.dial());
    new Peer(await server.next());
    peers.push(await peer.text("220 hello\r\n"));
  }
  assertEquals(server.listener.connections(), 3);
  const last = new Peer(await server.dial());
  await last.until((peer) => peer.ended || peer.closed !== null);
  last.connection.close();
  await last.gone();
  assertEquals(server.listener.connections(), 3);
  // A place that is given back can be taken again.
  peers[0]?.connection.destroy();
  await peers[0]?.gone();
  for (;;) {
    const again = new Peer(await server.dial());
    await again.until((peer) => peer.received !== "" || peer.closed !== null);
    again.connection.destroy();
    await again.gone();
    if (again.received === "220 hello\r\n") break;
  }
  server.stop();
  for (const peer of peers) await peer.gone();
  return last;
}

Deno.test("connectionsMax are served, one more is told so and closed", async () => {
  assertEquals((await oneTooMany({ connectionsMax: 3 })).received, "421 too many: connections\r\n");
});

Deno.test("perAddressMax are served, one more is told so and closed", async () => {
  const last = await oneTooMany({ perAddressMax: 3, loopbackExempt: false });
  assertEquals(last.received, "421 too many: address\r\n");
});

Deno.test("listeners that share their counts share the limits", async () => {
  const counts = new ConnectionCounts();
  const shared = { counts, limits: { perAddressMax: 1, connectionsMax: 2, loopbackExempt: false } };
  const [one, two] = [await TestServer.start(shared), await TestServer.start(shared)];
  const first = new Peer(await one.dial());
  new Peer(await one.next());
  assertEquals([counts.total, counts.from("127.0.0.1")], [1, 1]);
  const second = new Peer(await two.dial());
  await second.until((peer) => peer.ended || peer.closed !== null);
  second.connection.close();
  await second.gone();
  assertEquals([one.listener.connections(), two.listener.connections()], [1, 0]);
  first.connection.destroy();
  await first.gone();
  one.stop();
  two.stop();
});

Deno.test("beyond refusedMax the one too many is dropped without a word", async () => {
  assertEquals((await oneTooMany({ connectionsMax: 3, refusedMax: 0 })).received, "");
});

Deno.test("loopback is exempt from perAddressMax unless configured otherwise", async () => {
  const server = await TestServer.start({ limits: { perAddressMax: 1 } });
  const clients = [new Peer(await server.dial()), new Peer(await server.dial())];
  await server.next();
  await server.next();
  assertEquals(server.listener.connections(), 2);
  server.stop();
  for (const client of clients) await client.gone();
});

Deno.test("closing the listener lets open connections go on and frees the port", async () => {
  const server = await TestServer.start();
  const client = new Peer(await server.dial());
  const served = new Peer(await server.next());
  server.listener.close();
  assertEquals(await failureKind(() => server.dial()), "refused");
  served.connection.write("still here");
  await client.text("still here");
  const again = await TestServer.start({ port: server.listener.port });
  again.stop();
  server.listener.closeAll();
  assertEquals([await served.gone(), await client.gone()], ["local", "peer"]);
});

Deno.test("a port that is taken and an address that is not ours are Failures", async () => {
  const server = await TestServer.start();
  const options = { reusePort: false, tls: "none" as const, log: SILENT, clock, connection() {} };
  assertEquals(
    await failureKind(() => listen({ ...options, host: "127.0.0.1", port: server.listener.port })),
    "exists",
  );
  assertEquals(await failureKind(() => listen({ ...options, host: "192.0.2.1", port: 0 })), "invalid");
  server.stop();
});

const ipv6 = Object.values(networkInterfaces()).flat().some((each) => each?.address === "::1");
Deno.test({
  name: `IPv6 is served, and a dual-stack listener names IPv4 clients in IPv4${ipv6 ? "" : " (skipped: no IPv6 here)"}`,
  ignore: !ipv6,
  async fn() {
    const server = await TestServer.start({ host: "::" });
    const seen: string[] = [];
    for (const host of ["::1", "127.0.0.1"]) {
      const client = new Peer(await server.dial({ host }));
      const served = await server.next();
      seen.push(`${served.remote.address} -> ${served.local.address}`);
      client.connection.destroy();
      await client.gone();
    }
    assertEquals(seen, ["::1 -> ::1", "127.0.0.1 -> 127.0.0.1"]);
    server.stop();
  },
});

Deno.test("who is not admitted is told why before anything else, and takes no place", async () => {
  const reasons: string[] = [];
  const server = await TestServer.start({
    admit: (address) => address === "127.0.0.1" ? "banned" : null,
    refused(connection, reason) {
      reasons.push(reason);
      connection.write(`421 ${reason}\r\n`);
    },
  });
  const peer = new Peer(await server.dial());
  await peer.until((peer) => peer.ended || peer.closed !== null);
  assertEquals([peer.received, reasons], ["421 banned\r\n", ["banned"]]);
  assertEquals(server.listener.connections(), 0);
  peer.connection.close();
  await peer.gone();
  server.stop();
});
