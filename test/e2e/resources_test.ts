/** Ten thousand idle connections, readers that never read, no file descriptors left: bounded memory, and mail goes on. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdirSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { seededRandom } from "../../src/base/mod.ts";
import { LineChild } from "../support/child_lines.ts";
import { eventually } from "../support/eventually.ts";
import { assertKept, makeLetter } from "../support/letters.ts";
import { Pop3Client } from "../support/pop3_client.ts";
import { runOk, testWith } from "../support/programs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { SmtpClient } from "../support/smtp_client.ts";
import { Wire } from "../support/wire.ts";

const PASSWORD = "resources";
const READER = "reader@smith.test";
const MIB = 1_048_576;
const IDLE_CLIENTS = 10_000;
/** ATTACKS I13: what an idle connection may cost. */
const IDLE_BYTES_MAX = 30 * 1_024;

async function send(server: TestServer, to: readonly string[], bodyBytes: number): Promise<Uint8Array> {
  const content = makeLetter(seededRandom(bodyBytes), { id: `b${bodyBytes}`, bodyBytes });
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const reply = await client.send({ from: "", to, content });
  assertMatch(reply.text, /^250 2\.0\.0 /);
  await client.quit();
  return content;
}

function openSockets(server: TestServer): number {
  const dir = `/proc/${server.pid}/fd`;
  return readdirSync(dir).filter((fd) => {
    try {
      return readlinkSync(`${dir}/${fd}`).startsWith("socket:");
    } catch {
      return false; // Closed meanwhile.
    }
  }).length;
}

testWith(
  { programs: ["prlimit"] },
  `${IDLE_CLIENTS} idle connections cost at most 30 KB each, all are answered, and mail goes through`,
  async () => {
    await using server = await startServer({
      wrapper: ["prlimit", "--nofile=16384:16384"],
      domains: ["smith.test"],
      accounts: [{ address: READER, password: PASSWORD }],
    });
    await send(server, [READER], 1_000);
    const [socketsBefore, before] = [openSockets(server), server.rssBytes()];
    const script = fileURLToPath(new URL("../support/idle_clients.ts", import.meta.url));
    const clients = ["--nofile=16384:16384", Deno.execPath(), "run", "--allow-net", script];
    await using idle = new LineChild("prlimit", [...clients, `${server.ports.smtp}`, `${IDLE_CLIENTS}`]);
    assertEquals(await idle.readLine(120_000), `open ${IDLE_CLIENTS}`);
    const eachBytes = (server.rssBytes() - before) / IDLE_CLIENTS;
    console.log(`idle connections: ${(eachBytes / 1_024).toFixed(1)} KiB each`);
    assert(eachBytes < IDLE_BYTES_MAX, `${Math.round(eachBytes)} bytes each`);
    await send(server, [READER], 2_000);
    await idle.write("noop");
    assertEquals(await idle.readLine(120_000), `alive ${IDLE_CLIENTS}`);
    await idle[Symbol.asyncDispose]();
    await eventually("all are closed", () => openSockets(server) <= socketsBefore + 2, { ms: 30_000 });
    await send(server, [READER], 3_000);
    await server.stop();
  },
);

Deno.test("clients that ask for a big message and never read it hold no more than a window of it each", async () => {
  const accounts = Array.from({ length: 9 }, (_, i) => `u${i}@smith.test`);
  await using server = await startServer({
    domains: ["smith.test"],
    accounts: accounts.map((address) => ({ address, password: PASSWORD })),
  });
  const sent = await send(server, accounts, 20 * MIB);
  // A fresh process, so that memory used for taking the message does not hide what comes now.
  await server.stop();
  await server.start();
  const [attentive, ...deaf] = accounts;
  const fetchWhole = async () => {
    await using client = await Pop3Client.open({ port: server.ports.pop3 }, { user: attentive!, password: PASSWORD });
    assertKept(await client.retr(1), sent);
    await client.quit();
  };
  await fetchWhole();
  const before = server.rssBytes();
  const clients = await Promise.all(deaf.map(async (user) => {
    const client = await Pop3Client.open({ port: server.ports.pop3 }, { user, password: PASSWORD });
    await client.ok("RETR 1");
    return client;
  }));
  try {
    await fetchWhole();
    await fetchWhole();
    const grownBytes = server.rssBytes() - before;
    console.log(`deaf readers: memory grew by ${Math.round(grownBytes / MIB)} MiB`);
    assert(grownBytes < deaf.length * 20 * MIB / 2, `memory grew by ${Math.round(grownBytes / MIB)} MiB`);
    // One of them wakes up and gets every byte.
    assertKept(await clients[0]!.body(), sent);
  } finally {
    for (const client of clients) await client.wire.destroy();
  }
  await server.stop();
});

testWith(
  { programs: ["prlimit"] },
  "without free file descriptors open sessions go on, and once some are free new ones are taken",
  async () => {
    await using server = await startServer({
      domains: ["smith.test"],
      accounts: [{ address: READER, password: PASSWORD }],
    });
    await send(server, [READER], 1_000);
    await using open = await SmtpClient.greeted({ port: server.ports.smtp });
    const fds = readdirSync(`/proc/${server.pid}/fd`).map(Number);
    const limit = Math.max(...fds) + 30;
    await runOk("prlimit", ["--pid", `${server.pid}`, `--nofile=${limit}:${limit}`]);
    const wires: Wire[] = [];
    try {
      for (let i = 0; i < 200; i++) wires.push(await Wire.connect({ port: server.ports.smtp }));
      await eventually("no descriptor is left", () => readdirSync(`/proc/${server.pid}/fd`).length >= limit - 2);
      const content = makeLetter(seededRandom(1), { id: "open", bodyBytes: 500 });
      assertMatch((await open.send({ from: "", to: [READER], content })).text, /^250 2\.0\.0 /);
      await open.quit();
    } finally {
      for (const wire of wires) await wire.destroy();
    }
    await eventually("new sessions are taken", async () => {
      await send(server, [READER], 2_000);
      return true;
    }, { ms: 20_000 });
    assert(server.running);
    await server.stop();
  },
);
