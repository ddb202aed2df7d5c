/** A thousand clients that idle: all of them are told of mail, and they cost little. */
import { assert, assertEquals } from "@std/assert";
import { ImapIdlers, MANY_FILES } from "../support/imap_idlers.ts";
import { testWith } from "../support/programs.ts";
import { startServer } from "../support/server.ts";

const PASSWORD = "idle and idle";
const CLIENTS = 1_000;
const USERS = 10;
/** Far above what it is (30 KB plain, 70 KB with TLS, garbage included): that none is forgotten, not how much it is. */
const EACH_BYTES_MAX = 250 * 1_024;

for (const tls of [false, true]) {
  testWith(
    { programs: ["prlimit"] },
    `${CLIENTS} clients in IDLE are told of each mail to them, and of no other${tls ? ", over TLS" : ""}`,
    async () => {
      const addresses = Array.from({ length: USERS }, (_, i) => `u${i}@bob.test`);
      await using server = await startServer({
        wrapper: MANY_FILES,
        domains: ["bob.test"],
        accounts: addresses.map((address) => ({ address, password: PASSWORD })),
      });
      const before = server.rssBytes();
      await using clients = await ImapIdlers.open({
        port: tls ? server.ports.imaps : server.ports.imap,
        tls,
        count: CLIENTS,
        users: USERS,
        domain: "bob.test",
        password: PASSWORD,
        smtpPort: server.ports.smtp,
      });
      for (let user = 0; user < USERS; user++) {
        assertEquals((await clients.deliver(user)).length, CLIENTS / USERS);
      }
      const eachBytes = (server.rssBytes() - before) / CLIENTS;
      assert(eachBytes < EACH_BYTES_MAX, `${Math.round(eachBytes)} bytes each`);
      await clients[Symbol.asyncDispose]();
      await server.stop();
    },
  );
}
