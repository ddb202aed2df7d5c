import { ImapClient } from "../support/imap_client.ts";
import { startServer } from "../support/server.ts";
Deno.test("first", async () => {
  await using server = await startServer({ domains: ["bob.test"], accounts: [{ address: "billy@bob.test", password: "saddle-up" }] });
  const c = await ImapClient.connect({ port: server.ports.imap });
  console.log(c.greeting);
  for (const line of ["CAPABILITY", "LOGIN billy@bob.test saddle-up", 'LIST "" *', "SELECT INBOX", "FETCH 1 FLAGS", "STATUS Drafts (MESSAGES UIDNEXT)"]) {
    console.log(line, await c.command(line));
  }
  console.log(await c.command("APPEND INBOX ", new TextEncoder().encode("Subject: hi\r\nFrom: a@b.test\r\n\r\nbody\r\n")));
  for (const line of ["NOOP", "FETCH 1 (FLAGS UID ENVELOPE BODYSTRUCTURE BODY[])", "SEARCH SUBJECT HI", "SEARCH BODY body", "COPY 1 Archive", "STORE 1 +FLAGS (\\Deleted foo)", "EXPUNGE", "UNSELECT"]) {
    console.log(line, await c.command(line));
  }
  await c.logout();
  console.log(server.log.filter((l) => l.level === "error" || l.level === "warn"));
  await server.stop();
});
