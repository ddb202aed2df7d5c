import { assert, assertEquals } from "@std/assert";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { dial } from "../../src/net/mod.ts";
import { clock, Peer } from "./support.ts";

const has = (program: string) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
const needs = (program: string, name: string) => {
  const there = has(program);
  return { name: there ? name : `${name} (skipped: ${program} is not installed)`, ignore: !there };
};
const child = (name: string) => fileURLToPath(new URL(`./children/${name}`, import.meta.url));

/** Waits until the child is gone and gives its exit code and what it said. */
function finished(started: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = "";
  started.stdout?.on("data", (chunk) => said += chunk);
  started.stderr?.on("data", (chunk) => said += chunk);
  return new Promise((resolve) => started.once("close", (code) => resolve({ code, said })));
}

for (const tls of ["none", "implicit"] as const) {
  Deno.test({
    ...needs(
      "prlimit",
      `a server out of file descriptors serves on, and those who waited once some are free (TLS ${tls})`,
    ),
    async fn() {
      const server = spawn(
        "prlimit",
        [
          "--nofile=100:100",
          Deno.execPath(),
          "run",
          "--allow-net",
          child("echo_server.ts"),
          tls === "none" ? "" : "tls",
        ],
        // Looking for a newer Deno fails without descriptors, with a warning that has nothing to do with us.
        { env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" } },
      );
      const over = finished(server);
      const port = await new Promise<number>((resolve, reject) => {
        server.stdout.once("data", (line) => resolve(Number(/port (\d+)/.exec(String(line))?.[1])));
        server.once("close", () => reject(new Error("the server did not start")));
      });
      const one = async () =>
        new Peer(await dial({ host: "127.0.0.1", port, connectMsMax: 9_000, tls: "none", clock }));
      const secured = async () =>
        new Peer(
          await dial({
            host: "127.0.0.1",
            port,
            connectMsMax: 9_000,
            tls: "implicit",
            tlsOptions: { verify: false },
            clock,
          }),
        );
      // More than 100 stand in the kernel's queue, so the server cannot have taken the last ones.
      const peers: Peer[] = [];
      for (let i = 0; i < 120; i++) peers.push(await one());
      if (tls === "none") {
        for (const peer of peers) peer.connection.write("x");
        for (const peer of peers.slice(0, 40)) await peer.text("x");
      }
      for (const peer of peers.slice(0, 100)) peer.connection.destroy();
      if (tls === "none") { for (const peer of peers.slice(100)) await peer.text("x"); }
      const late = tls === "none" ? await one() : await secured();
      late.connection.write("late");
      await late.text("late");
      assertEquals(late.closed, null);
      for (const peer of [...peers, late]) {
        peer.connection.destroy();
        await peer.gone();
      }
      server.kill();
      const { said } = await over;
      assertEquals(said.replace(/^port \d+\n/, ""), "");
    },
  });
}

Deno.test("two workers share one port and both get connections", async () => {
  const start = (name: string, port: number) => {
    const worker = new Worker(new URL("./children/greeting_worker.ts", import.meta.url), { type: "module" });
    const listening = new Promise<number>((resolve) => worker.onmessage = ({ data }) => resolve(data));
    worker.postMessage({ name, port });
    return { worker, listening };
  };
  const first = start("one", 0);
  const port = await first.listening;
  const second = start("two", port);
  assertEquals(await second.listening, port);
  const heard = new Set<string>();
  // The kernel spreads by a hash of the ports: 200 in a row to one of two is as good as impossible.
  for (let i = 0; i < 200 && heard.size < 2; i++) {
    const peer = new Peer(await dial({ host: "127.0.0.1", port, connectMsMax: 5_000, tls: "none", clock }));
    await peer.gone();
    heard.add(peer.received);
  }
  assertEquals([...heard].sort(), ["one", "two"]);
  for (const { worker } of [first, second]) worker.terminate();
});

Deno.test({
  ...needs("bun", "the same conversations pass on Bun"),
  async fn() {
    const { code, said } = await finished(spawn("bun", [child("run_elsewhere.ts")]));
    assertEquals(code, 0, said);
    assert(said.includes(" passed"), said);
  },
});
