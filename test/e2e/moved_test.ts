/** A data directory that is copied to another place, and started there with `--moved`. */
import { assertEquals, assertMatch } from "@std/assert";
import { cpSync } from "node:fs";
import { ImapClient } from "../support/imap_client.ts";
import { prepareServer, startServer, type TestServer } from "../support/server.ts";

const BILLY = { user: "billy@bob.test", password: "saddle-up" };

async function uidValidity(server: TestServer): Promise<string | undefined> {
  await using client = await ImapClient.open({ port: server.ports.imap }, BILLY);
  const [status] = await client.ok("STATUS INBOX (UIDVALIDITY)");
  await client.logout();
  return status;
}

Deno.test("start --moved keeps UIDVALIDITYs, refuses a copy of a server that runs, and is needed once", async () => {
  await using server = await startServer({
    domains: ["bob.test"],
    accounts: [{ address: BILLY.user, password: BILLY.password }],
  });
  const before = await uidValidity(server);
  const [early, late] = [`${server.dir}/early`, `${server.dir}/late`];
  const copy = (to: string) =>
    cpSync(server.dataDir, to, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  copy(early);
  await server.stop();
  copy(late);
  {
    await using refused = await prepareServer({ dataDir: early, flags: ["--moved"] });
    refused.launch();
    assertEquals((await refused.exit()).code, 1);
    assertMatch(refused.text.join("\n"), /--moved: shard \d+ was not stopped in peace before it was copied/);
  }
  {
    await using moved = await prepareServer({ dataDir: late, flags: ["--moved"] });
    await moved.start();
    assertMatch(String((await moved.logged("the data were moved: UIDVALIDITYs stay"))["stopped"]), /^20\d\d-/);
    assertEquals(await uidValidity(moved), before);
    await moved.stop();
  }
  await using after = await prepareServer({ dataDir: late });
  await after.start();
  assertEquals(await uidValidity(after), before);
  await after.stop();
});
