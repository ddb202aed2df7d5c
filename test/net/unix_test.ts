import { assertEquals } from "@std/assert";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { SILENT } from "../../src/base/mod.ts";
import { type Connection, connectUnix, listenUnix } from "../../src/net/mod.ts";
import { eventually } from "../support/eventually.ts";
import { clock, failureKind, Peer } from "./support.ts";

async function inTemporary(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "sp-"));
  try {
    await work(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const listenAt = (path: string, connection: (connection: Connection) => void = () => {}) =>
  listenUnix(path, { log: SILENT, clock, connection });
const connectTo = (path: string) => connectUnix(path, { clock, connectMsMax: 5_000 });

Deno.test("the socket is 0600 in a 0700 directory, speaks both ways and goes away with its listener", async () => {
  await inTemporary(async (root) => {
    const path = join(root, "deep", "control.sock");
    const listener = await listenAt(
      path,
      (each) => new Peer(each, (peer, text) => peer.connection.write(`echo ${text}`)),
    );
    assertEquals([statSync(path).mode & 0o777, statSync(join(root, "deep")).mode & 0o777], [0o600, 0o700]);
    const client = new Peer(await connectTo(path));
    assertEquals(client.connection.remote, { address: path, port: 0 });
    client.connection.write("hello\n");
    await client.text("echo hello\n");
    client.connection.close();
    assertEquals(await client.gone(), "local");
    listener.close();
    listener.closeAll();
    assertEquals(existsSync(path), false);
  });
});

Deno.test("a live server keeps its socket, a dead one's is replaced", async () => {
  await inTemporary(async (dir) => {
    const path = join(dir, "control.sock");
    const first = await listenAt(path);
    assertEquals(await failureKind(() => listenAt(path)), "locked");
    first.close();
    await leaveStale(path);
    assertEquals(lstatSync(path).isSocket(), true);
    assertEquals(await failureKind(() => connectTo(path)), "refused");
    const second = await listenAt(path);
    const client = new Peer(await connectTo(path));
    client.connection.destroy();
    await client.gone();
    second.close();
    second.closeAll();
    assertEquals(await failureKind(() => connectTo(path)), "not_found");
  });
});

/** What a killed process leaves: a socket that nobody listens on. */
async function leaveStale(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.x`, resolve));
  const { linkSync } = await import("node:fs");
  linkSync(`${path}.x`, path);
  await new Promise((resolve) => server.close(resolve));
}

Deno.test("so many speak to a socket at a time, one more is sent away, and who leaves makes room", async () => {
  await inTemporary(async (dir) => {
    const path = join(dir, "control.sock");
    const served: Peer[] = [];
    const limits = { connectionsMax: 2 };
    const connection = (each: Connection) => void served.push(new Peer(each));
    const listener = await listenUnix(path, { log: SILENT, clock, limits, connection });
    const clients: Peer[] = [];
    for (let i = 0; i < 2; i++) clients.push(new Peer(await connectTo(path)));
    const third = new Peer(await connectTo(path));
    await third.gone();
    assertEquals([served.length, listener.connections()], [2, 2]);
    clients[0]!.connection.destroy();
    await served[0]!.gone();
    const next = new Peer(await connectTo(path));
    next.connection.write("hello\n");
    await eventually("the next is served", () => served.length === 3);
    for (const each of [clients[1]!, next]) each.connection.destroy();
    listener.close();
    listener.closeAll();
    for (const each of served) await each.gone();
  });
});

Deno.test({
  name: "a socket that another user has left there is not ours to replace",
  ignore: process.geteuid?.() !== 0, // Only root can give a file away.
  async fn() {
    await inTemporary(async (dir) => {
      const path = join(dir, "control.sock");
      await leaveStale(path);
      chownSync(path, 65_534, 65_534);
      assertEquals(await failureKind(() => listenAt(path)), "refused");
      assertEquals(lstatSync(path).isSocket(), true);
    });
  },
});

Deno.test("whatever else lies in the place of the socket is left alone and refused", async () => {
  await inTemporary(async (dir) => {
    const file = join(dir, "file");
    writeFileSync(file, "precious");
    const link = join(dir, "link");
    symlinkSync(file, link);
    const dangling = join(dir, "dangling");
    symlinkSync(join(dir, "nowhere"), dangling);
    mkdirSync(join(dir, "dir"));
    for (const path of [file, link, dangling, join(dir, "dir")]) {
      assertEquals(await failureKind(() => listenAt(path)), "refused");
    }
    assertEquals([existsSync(join(dir, "nowhere")), statSync(file).size], [false, 8]);
    const live = await listenAt(join(dir, "live.sock"));
    const tolive = join(dir, "tolive");
    symlinkSync(join(dir, "live.sock"), tolive);
    assertEquals(await failureKind(() => listenAt(tolive)), "refused");
    live.close();
  });
});

Deno.test("a directory that is open to others, or a link to one, is refused", async () => {
  await inTemporary(async (dir) => {
    for (const mode of [0o755, 0o770, 0o701, 0o1777]) {
      chmodSync(dir, mode);
      assertEquals(await failureKind(() => listenAt(join(dir, "control.sock"))), "refused");
    }
    chmodSync(dir, 0o700);
    symlinkSync(dir, join(dir, "link"));
    assertEquals(await failureKind(() => listenAt(join(dir, "link", "control.sock"))), "refused");
    assertEquals(existsSync(join(dir, "control.sock")), false);
  });
});

Deno.test("a path of 107 bytes is served, one of 108 is refused by name", async () => {
  await inTemporary(async (dir) => {
    const path = join(dir, "x".repeat(107 - dir.length - 1));
    const listener = await listenAt(path);
    const client = new Peer(await connectTo(path));
    client.connection.destroy();
    await client.gone();
    listener.close();
    listener.closeAll();
    for (const bad of [`${path}y`, "", "\0abstract"]) {
      assertEquals([await failureKind(() => listenAt(bad)), await failureKind(() => connectTo(bad))], [
        "invalid",
        "invalid",
      ]);
    }
  });
});
