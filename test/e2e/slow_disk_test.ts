/** A disk that holds a flush up for longer than a worker may be silent: the worker that was given up must not write beside its heir. */
import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { Ledger, MailLoad, readLetters } from "../support/mail_load.ts";
import { testWith } from "../support/programs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { assertStoreSound } from "../support/store_check.ts";
import { Strace } from "../support/strace.ts";

const LOGIN = { user: "john@smith.test", password: "slow disk" };
/**
 * A worker is given up after two seconds of silence, its heir is at work soon after, and Deno ends a thread by force two seconds
 * after it was told to: three seconds wake the old one while it may still act, six when it may not.
 */
const STALLS_US = [3_000_000, 6_000_000];
const STALLS_EACH = 4;

/** The thread that flushes the segments while mail comes in. */
async function flushingThread(server: TestServer): Promise<number> {
  await using strace = await Strace.attach(server.pid, { trace: ["fdatasync"], file: `${server.dir}/threads` });
  return await eventually("a flush of a segment", async () => {
    const line = (await Deno.readTextFile(`${server.dir}/threads`)).split("\n").find((line) => line.includes(".seg>"));
    return line === undefined ? null : Number.parseInt(line);
  }).finally(() => strace.detach());
}

for (const stallUs of STALLS_US) {
  const name = `when flushes take ${stallUs / 1e6} seconds, nothing is lost or doubled and the store stays sound`;
  testWith({ programs: ["strace"], root: true }, name, async () => {
    await using server = await startServer({
      config: { shards: 2 },
      domains: ["smith.test"],
      accounts: [{ address: LOGIN.user, password: LOGIN.password }],
    });
    const ledger = new Ledger();
    const plan = { port: server.ports.smtp, sessions: 8, accounts: [LOGIN.user], reconnect: true };
    const load = new MailLoad({ ...plan, prefix: `stall${stallUs}`, seed: 5 }, ledger);
    await eventually("mail flows", () => ledger.acknowledged >= 50);
    for (let round = 0; round < STALLS_EACH; round++) {
      const thread = await flushingThread(server);
      // The first flush that is met is a group's or a checkpoint's, by turns as chance has it.
      const inject = [`fdatasync:delay_exit=${stallUs}:when=${1 + round % 2}`];
      const file = `${server.dir}/trace`;
      await using strace = await Strace.attach(thread, { trace: ["fdatasync"], inject, threadOnly: true, file });
      await eventually("the flush was held up", () => isOver(file), { ms: 60_000 });
      const before = ledger.acknowledged;
      await eventually("mail flows again", () => ledger.acknowledged >= before + 300, { ms: 60_000 });
      await strace.detach();
    }
    await load.stop();
    const reading = () => readLetters(server.ports.pop3, LOGIN);
    ledger.check(new Map([[LOGIN.user, await reading()]]));
    await assertStoreSound(server);
    await server.kill();
    await server.start();
    ledger.check(new Map([[LOGIN.user, await reading()]]));
    await assertStoreSound(server);
    assertEquals([...ledger.refusals.keys()].filter((code) => code >= 500), []);
    await server.stop();
  });
}

/** Whether the stalled call has returned, or its thread was ended meanwhile. */
async function isOver(traceFile: string): Promise<boolean> {
  return /DELAYED|exited/.test(await Deno.readTextFile(traceFile));
}
