import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { DnsServer } from "../../support/dns_server.ts";
import { runOk, testWith } from "../../support/programs.ts";

const child = (name: string) => fileURLToPath(new URL(`../children/${name}`, import.meta.url));

/** A server that knows `last.example.test` and 200 names more. */
function startServer(): Promise<DnsServer> {
  const names = ["last", ...Array.from({ length: 200 }, (_, i) => `n${i}`)];
  return DnsServer.start(Object.fromEntries(names.map((name) => [`${name}.example.test`, { a: ["192.0.2.1"] }])));
}

async function run(program: string, args: readonly string[]): Promise<unknown> {
  // Looking for a newer Deno fails without descriptors, with a warning that has nothing to do with us.
  const { stdout } = await runOk(program, args, { env: { DENO_NO_UPDATE_CHECK: "1" } });
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("a process that may use nothing but the network resolves names", async () => {
  await using dns = await startServer();
  const args = ["run", "--no-prompt", "--allow-net", child("resolve.ts"), dns.server, "200"];
  assertEquals(await run(Deno.execPath(), args), { many: ["found"], last: "found" });
});

testWith(
  { programs: ["prlimit"] },
  "without free file descriptors questions fail as those of a dead server do, and the next one is answered",
  async () => {
    await using dns = await startServer();
    const args = ["--nofile=80:80", Deno.execPath(), "run", "--allow-net", child("resolve.ts"), dns.server, "200"];
    assertEquals(await run("prlimit", args), { many: ["dns", "found"], last: "found" });
  },
);

testWith({ programs: ["bun"] }, "the tests of the resolver pass under Bun", async () => {
  const files = ["resolver", "servers", "cache", "hostile", "message_fuzz", "server_address"];
  const { stdout } = await runOk("bun", [child("run_elsewhere.ts"), ...files.map((file) => `dns/${file}`)]);
  const last = new TextDecoder().decode(stdout).trim().split("\n").at(-1) ?? "";
  const [, passed, all] = /^([0-9]+) of ([0-9]+) passed$/.exec(last) ?? [];
  assertEquals([passed, Number(all) > 90], [all, true], last);
});
