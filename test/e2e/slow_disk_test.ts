/** A disk that holds a flush up for longer than a worker may be silent: the worker that was given up must not write beside its heir. */
import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { Ledger, MailLoad, readLetters } from "../support/mail_load.ts";
import { testWith } from "../support/programs.ts";
import { startServer } from "../support/server.ts";
import { assertStoreSound } from "../support/store_check.ts";
import { Strace } from "../support/strace.ts";

const LOGIN = { user: "john@smith.test", password: "slow disk" };
const STALL_US = 6_000_000;

testWith(
  { programs: ["strace"], root: true },
  "a flush that takes six seconds loses nothing, doubles nothing and leaves the store sound",
  async () => {
    await using server = await startServer({
      domains: ["smith.test"],
      accounts: [{ address: LOGIN.user, password: LOGIN.password }],
    });
    const ledger = new Ledger();
    const plan = { port: server.ports.smtp, sessions: 8, accounts: [LOGIN.user], reconnect: true };
    const load = new MailLoad({ ...plan, prefix: "stall", seed: 5 }, ledger);
    await eventually("mail flows", () => ledger.acknowledged >= 50);
    for (const when of [1, 2, 3]) {
      const inject = [`fdatasync:delay_exit=${STALL_US}:when=${when}`];
      await using strace = await Strace.attach(server.pid, {
        trace: ["fdatasync"],
        inject,
        file: `${server.dir}/trace`,
      });
      const before = ledger.acknowledged;
      await eventually("mail flows again", () => ledger.acknowledged >= before + 300, { ms: 60_000 });
      const calls = await strace.detach();
      assert(calls.some((call) => call.result.includes("DELAYED")), "the flush was held up");
    }
    await load.stop();
    ledger.check(new Map([[LOGIN.user, await readLetters(server.ports.pop3, LOGIN)]]));
    await assertStoreSound(server);
    await server.kill();
    await server.start();
    ledger.check(new Map([[LOGIN.user, await readLetters(server.ports.pop3, LOGIN)]]));
    await assertStoreSound(server);
    assertEquals([...ledger.refusals.keys()].filter((code) => code >= 500), []);
    await server.stop();
  },
);
