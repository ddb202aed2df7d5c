import { assertEquals } from "@std/assert";
import { createServer, type Server } from "node:net";
import { type Connection, dial, ListeningSockets } from "../../src/net/mod.ts";
import { clock } from "./support.ts";

const sockets = ListeningSockets.open();
const name = "a listening socket that another thread holds can be shut, and only that one";

function listening(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.end());
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

function dialled(server: Server): Promise<Connection | null> {
  const { port } = server.address() as { port: number };
  return dial({ host: "127.0.0.1", port, tls: "none", connectMsMax: 5_000, clock }).catch(() => null);
}

Deno.test({
  name: sockets === null ? `${name} (skipped: needs Linux with glibc)` : name,
  ignore: sockets === null,
  fn: async () => {
    if (sockets === null) return;
    const before = new Set(sockets.list().keys());
    const [stays, goes] = [await listening(), await listening()];
    const cookies = [...sockets.list().keys()].filter((cookie) => !before.has(cookie));
    assertEquals(cookies.length, 2, "both are seen, and nothing else");
    const newest = cookies.reduce((a, b) => a > b ? a : b);
    assertEquals(sockets.shut(new Set([newest])), 1);
    assertEquals(await dialled(goes), null, "nobody gets in any more");
    const connection = await dialled(stays);
    assertEquals(connection === null, false, "the other goes on");
    connection?.destroy();
    assertEquals(sockets.shut(new Set([newest])), 0, "it is gone from the list");
    for (const server of [stays, goes]) await new Promise<void>((resolve) => server.close(() => resolve()));
  },
});
