/** A disk that is really full, and a data directory that is really in use. */
import { assert, assertGreater, assertMatch, assertNotEquals } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { eventually } from "../support/eventually.ts";
import { makeLetter, sha256 } from "../support/letters.ts";
import { Ledger, readLetters, storedLetter } from "../support/mail_load.ts";
import { Pop3Client } from "../support/pop3_client.ts";
import { testWith } from "../support/programs.ts";
import { prepareServer, startServer, type TestServer } from "../support/server.ts";
import { type Reply, SmtpClient } from "../support/smtp_client.ts";
import { assertStoreSound } from "../support/store_check.ts";
import { mountTmpfs } from "../support/strace.ts";

const LOGIN = { user: "john@smith.test", password: "full disk" };
const MIB = 1_048_576;
const DISK_BYTES = 64 * MIB;
const LETTER_BYTES = 1_000_000;

/** Sends letters until one is refused; how many were taken, and the refusal. */
async function fill(server: TestServer, ledger: Ledger, prefix: string): Promise<{ taken: number; refusal: Reply }> {
  await using client = await SmtpClient.greeted({ port: server.ports.smtp });
  const random = seededRandom(prefix.length);
  for (let taken = 0;; taken++) {
    assert(taken < 2 * DISK_BYTES / LETTER_BYTES, "the disk never fills");
    const id = `${prefix}-${taken}`;
    const content = makeLetter(random, { id, bodyBytes: LETTER_BYTES });
    ledger.sent(id, { digest: sha256(content), account: LOGIN.user });
    const reply = await client.send({ from: "", to: [LOGIN.user], content });
    ledger.answered(id, reply.code);
    if (reply.code === 250) continue;
    await client.quit();
    return { taken, refusal: reply };
  }
}

for (const minFreeBytes of [0, 4 * MIB]) {
  const reserve = minFreeBytes === 0 ? "without a reserve" : "down to the reserve";
  testWith(
    { programs: ["mount"], root: true },
    `on a disk filled ${reserve} mail gets 452 4.3.1, reads go on, and deleting makes room again`,
    async () => {
      await using disk = await mountTmpfs(DISK_BYTES);
      await using server = await startServer({
        dataDir: `${disk.dir}/data`,
        config: { storage: { minFreeBytes } },
        domains: ["smith.test"],
        accounts: [{ address: LOGIN.user, password: LOGIN.password }],
      });
      const ledger = new Ledger();
      const { taken, refusal } = await fill(server, ledger, "fill");
      console.log(`full disk ${reserve}: ${taken} letters of ${LETTER_BYTES} bytes on ${DISK_BYTES} bytes`);
      assertGreater(taken, 20);
      assertMatch(refusal.text, /^452 4\.3\.1 /);
      ledger.check(new Map([[LOGIN.user, await readLetters(server.ports.pop3, LOGIN)]]));

      const removed = new Set<string>();
      await using client = await Pop3Client.open({ port: server.ports.pop3 }, LOGIN);
      for (let number = 1; number <= taken - 5; number++) {
        removed.add(storedLetter(await client.retr(number)).id);
        await client.ok(`DELE ${number}`);
      }
      assertMatch(await client.quit(), /^\+OK/);
      let again = 0;
      await eventually("room was made", async () => {
        const { taken } = await fill(server, ledger, `again${again++}`);
        return taken > 5;
      }, { ms: 30_000 });
      ledger.check(new Map([[LOGIN.user, await readLetters(server.ports.pop3, LOGIN)]]), removed);
      await assertStoreSound(server);
      await server.stop();
      await server.start();
      ledger.check(new Map([[LOGIN.user, await readLetters(server.ports.pop3, LOGIN)]]), removed);
      await server.stop();
    },
  );
}

Deno.test("a second server on the same data directory ends with an error that says why; the first goes on", async () => {
  await using first = await startServer({
    domains: ["smith.test"],
    accounts: [{ address: LOGIN.user, password: LOGIN.password }],
  });
  await using second = await prepareServer({ dataDir: first.dataDir });
  second.launch();
  const { code } = await second.exit();
  assertNotEquals(code, 0);
  assertMatch(second.tail(), /another process.*uses the data directory/);
  await using client = await SmtpClient.greeted({ port: first.ports.smtp });
  const content = new TextEncoder().encode("Subject: undisturbed\r\n\r\nyes\r\n");
  assertMatch((await client.send({ from: "", to: [LOGIN.user], content })).text, /^250 2\.0\.0 /);
  await client.quit();
  await assertStoreSound(first);
  await first.stop();
});
