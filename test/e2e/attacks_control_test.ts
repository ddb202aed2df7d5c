/** ATTACKS A1 and A2 against a running server: what lies in the way of its control socket, and what is poured into it. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { connect, createServer } from "node:net";
import { within } from "../support/eventually.ts";
import { runProgram, testWith } from "../support/programs.ts";
import { prepareServer, startServer, type TestServer } from "../support/server.ts";

const MIB = 1_048_576;

/** Writes all of it, half-closes unless told otherwise, and gives what comes back until the server closes. */
async function converse(server: TestServer, pieces: Iterable<string>, end = true): Promise<string> {
  const socket = connect({ path: server.controlSocket, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let broken = false;
  socket.on("error", () => broken = true);
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve) => {
    socket.once("end", resolve);
    socket.once("close", () => resolve());
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  for (const piece of pieces) {
    if (broken || socket.destroyed) break;
    if (socket.write(piece)) continue;
    const drained = Promise.withResolvers<void>();
    socket.once("drain", drained.resolve);
    await Promise.race([drained.promise, closed, ended]);
    socket.off("drain", drained.resolve);
  }
  if (end) socket.end();
  await within(30_000, "the end of a control connection", ended);
  socket.destroy();
  await closed;
  return Buffer.concat(chunks).toString("utf8");
}

function* repeated(piece: string, count: number): Iterable<string> {
  for (let i = 0; i < count; i++) yield piece;
}

function request(id: number, method: string, params: unknown = {}): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

/** Starts a server that must refuse to run; what it said. */
async function refusesToStart(server: TestServer): Promise<string> {
  server.launch();
  const { code } = await server.exit();
  assertNotEquals(code, 0);
  return server.tail();
}

Deno.test("a link or a file in the place of the control socket is refused by name and left as it is", async () => {
  await using server = await prepareServer({ workers: { listener: 1, mailbox: 1 } });
  await Deno.mkdir(server.dataDir, { mode: 0o700 });
  const precious = `${server.dir}/precious`;
  await Deno.writeTextFile(precious, "untouched");
  const live = createServer();
  const liveSocket = `${server.dir}/live.sock`;
  await new Promise<void>((resolve) => live.listen(liveSocket, resolve));
  try {
    for (const target of [precious, `${server.dir}/nowhere`, liveSocket]) {
      await Deno.symlink(target, server.controlSocket);
      assertMatch(await refusesToStart(server), /is in the way and not a socket/);
      assertEquals(await Deno.readLink(server.controlSocket), target);
      await Deno.remove(server.controlSocket);
    }
  } finally {
    await new Promise((resolve) => live.close(resolve));
  }
  await Deno.writeTextFile(server.controlSocket, "a file");
  assertMatch(await refusesToStart(server), /is in the way and not a socket/);
  assertEquals(await Deno.readTextFile(server.controlSocket), "a file");
  assertEquals(await Deno.readTextFile(precious), "untouched");
  await Deno.remove(server.controlSocket);
  await server.start();
  const modes = [server.dataDir, server.controlSocket].map((path) => Deno.statSync(path).mode! & 0o777);
  assertEquals(modes, [0o700, 0o600]);
  await server.stop();
});

Deno.test("a data directory that others may enter or write is refused", async () => {
  await using server = await prepareServer({ workers: { listener: 1, mailbox: 1 } });
  await Deno.mkdir(server.dataDir);
  for (const mode of [0o777, 0o1777, 0o755, 0o710]) {
    await Deno.chmod(server.dataDir, mode);
    assertMatch(await refusesToStart(server), /is open to others: chmod 700/, mode.toString(8));
    assertEquals([...Deno.readDirSync(server.dataDir)].some(({ name }) => name === "control.sock"), false);
  }
  await Deno.chmod(server.dataDir, 0o700);
  await server.start();
  await server.stop();
});

testWith(
  { programs: ["setpriv"], root: true },
  "another user cannot reach the control socket, nor offer a directory of his own",
  async () => {
    await using server = await startServer({ workers: { listener: 1, mailbox: 1 } });
    // The way to the data directory is open; the directory itself must keep strangers out.
    await Deno.chmod(server.dir, 0o755);
    const script = `exec 3<>/dev/null; [ -e "$1" ] && echo seen; ls "$(dirname "$1")" 2>&1`;
    const stranger = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];
    const { stdout } = await runProgram("setpriv", [...stranger, "sh", "-c", script, "sh", server.controlSocket]);
    const said = new TextDecoder().decode(stdout);
    assertMatch(said, /Permission denied/);
    assert(!said.includes("seen"), said);
    await server.stop();
    await Deno.chown(server.dataDir, 65_534, 65_534);
    assertMatch(await refusesToStart(server), /belongs to another user/);
  },
);

Deno.test("a line without an end, 64 MiB of it, gets one error and the end; a half-closed client its answer", async () => {
  await using server = await startServer({ workers: { listener: 1, mailbox: 1 } });
  await converse(server, [request(1, "server.info")]);
  const before = server.rssBytes();
  for (const opening of ["{", '{"jsonrpc":"2.0","id":1,"method":"', "[".repeat(1_000), "GET /", "\0", "garbage "]) {
    const said = await converse(server, [opening, ...repeated("x".repeat(65_536), 1_024)], false);
    assert(said.length < 1_000, said.slice(0, 1_000));
    if (/^[[{]/.test(opening) && said !== "") assertMatch(said, /"code":-32700/);
  }
  const grownBytes = server.rssBytes() - before;
  assert(grownBytes < 64 * MIB, `memory grew by ${Math.round(grownBytes / MIB)} MiB`);
  assertMatch(await converse(server, [request(7, "server.info")]), /^\{.*"id":7.*"result":.*\}\n$/);
  assertMatch(await converse(server, [`${request(8, "no.such")}\n`]), /^\{.*"code":-32601.*\}\n$/);
  await server.stop();
});

Deno.test("keys that would reach a prototype are refused or mean nothing, and deep nesting harms nobody", async () => {
  await using server = await startServer({ workers: { listener: 1, mailbox: 1 }, domains: ["smith.test"] });
  const lines = [
    `{"jsonrpc":"2.0","id":1,"method":"domain.add","params":{"name":"a.test","__proto__":{"disabled":true}}}`,
    `{"jsonrpc":"2.0","id":2,"method":"constructor","params":{}}`,
    `{"jsonrpc":"2.0","id":3,"method":"domain.add","params":{"name":"b.test","constructor":{"prototype":{"x":1}}}}`,
    `{"jsonrpc":"2.0","id":4,"method":"domain.add","params":${'{"name":'.repeat(50_000)}1${"}".repeat(50_000)}}`,
    `{"__proto__":{"jsonrpc":"2.0","method":"server.info"},"id":5}`,
    request(6, "server.info"),
  ];
  const answers = (await converse(server, [lines.join("\n")])).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(answers.length, lines.length);
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  for (const id of [2, 3, 4]) assert(byId.get(id)?.error !== undefined, `request ${id} is refused`);
  assert(byId.get(6)?.result !== undefined);
  const list = JSON.stringify(await server.rpc("domain.list"));
  assert(list.includes('"smith.test"') && !list.includes("b.test") && !list.includes('"disabled":true'), list);
  await server.stop();
});
