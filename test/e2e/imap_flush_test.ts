/** Flags that are acknowledged before they are flushed (`storage.flush`), over real sockets and a real disk. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { ImapClient } from "../support/imap_client.ts";
import { startServer } from "../support/server.ts";

const LOGIN = { user: "billy@bob.test", password: "saddle-up" };

Deno.test("with storage.flush optimized a server that is killed keeps all flags, and gives no MODSEQ again", async () => {
  await using server = await startServer({
    domains: ["bob.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.password }],
    config: { storage: { flush: "optimized" } },
  });
  await using client = await ImapClient.open({ port: server.ports.imap }, LOGIN);
  await client.ok("APPEND INBOX ", utf8("Subject: one\r\n\r\nText.\r\n"));
  await client.ok("SELECT INBOX (CONDSTORE)");
  const modSeqOf = (lines: readonly string[]) => Number(/MODSEQ \(?(\d+)/.exec(lines.join("\n"))?.[1]);
  const first = modSeqOf(await client.ok("STORE 1 +FLAGS (\\Flagged kept)"));
  const told = modSeqOf(await client.ok("STORE 1 +FLAGS (\\Answered)"));
  assert(told > first);
  await server.kill();
  await server.start();
  await using again = await ImapClient.open({ port: server.ports.imap }, LOGIN);
  const selected = await again.ok("SELECT INBOX (CONDSTORE)");
  assert(Number(/HIGHESTMODSEQ (\d+)/.exec(selected.join("\n"))?.[1]) > told);
  assertMatch((await again.ok("FETCH 1 FLAGS")).join("\n"), /\\Answered.*\\Flagged.*kept/);
  assert(modSeqOf(await again.ok("STORE 1 +FLAGS (\\Draft)")) > told);
  assertEquals((await again.command("LOGOUT")).status, "OK");
  await server.stop();
});
