import { assert, assertEquals } from "@std/assert";
import { Failure } from "../../../src/base/failure.ts";
import { MadeIndexes } from "../../../src/protocol/imap/mod.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

const MB = 1024 * 1024;

/** Parts enough that a message does not come whole with its row. */
const LETTER = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${"--b\r\n\r\nx\r\n".repeat(10_000)}--b--\r\n`;

Deno.test("an index that had to be made is made once for all sessions of a worker, and says the same", () => {
  const mailboxes = new FakeMailboxes();
  mailboxes.keepsIndex = false;
  mailboxes.deliver("INBOX", LETTER);
  const madeIndexes = new MadeIndexes();
  const reads = () => mailboxes.asked.filter((name) => name === "mailbox.read").length;
  const fetched = (options = {}) => {
    const client = loggedIn(mailboxes, options);
    say(client, "s SELECT INBOX");
    const before = reads();
    const answers = ["BODYSTRUCTURE", "(ENVELOPE BODY BODY.PEEK[9999])", "THREADID"].map((items) =>
      say(client, `1 FETCH 1 ${items}`)
    );
    return { answers, reads: reads() - before };
  };
  const without = fetched();
  const first = fetched({ madeIndexes });
  const second = fetched({ madeIndexes });
  assertEquals([first.answers, second.answers], [without.answers, without.answers]);
  // Each of the three commands makes it; of the part asked for it is read in the last line but one.
  assertEquals([without.reads, first.reads, second.reads], [4, 2, 1]);
  assert(madeIndexes.bytes > 10_000);
});

Deno.test("of a message that cannot be read now nothing is remembered", () => {
  const mailboxes = new FakeMailboxes();
  mailboxes.keepsIndex = false;
  mailboxes.deliver("INBOX", LETTER);
  const madeIndexes = new MadeIndexes();
  const client = loggedIn(mailboxes, { madeIndexes });
  say(client, "s SELECT INBOX");
  mailboxes.failures.set("mailbox.read", new Failure("deadline", "no time"));
  assertEquals(say(client, "1 FETCH 1 BODY").at(-1)?.slice(0, 18), "1 NO [UNAVAILABLE]");
  assertEquals(madeIndexes.bytes, 0);
  mailboxes.failures.clear();
  assertEquals(say(client, "2 FETCH 1 BODY").at(-1), "2 OK Done");
  assert(madeIndexes.bytes > 0);
});

Deno.test("what is remembered is bounded: the longest unused goes first, and what is very long is not kept", () => {
  const made = new MadeIndexes();
  const index = new Uint8Array(4 * MB);
  for (const id of ["a", "b", "c", "d"]) made.add(id, index);
  assertEquals(made.bytes, 16 * MB);
  assertEquals(made.get("a"), index);
  made.add("e", new Uint8Array(1));
  assertEquals(["a", "b", "c", "d", "e"].map((id) => made.get(id) !== null), [true, false, true, true, true]);
  assertEquals(made.bytes, 12 * MB + 1);
  made.add("a", new Uint8Array(3));
  assertEquals(made.get("a"), index);
  made.add("f", new Uint8Array(4 * MB + 1));
  assertEquals([made.get("f"), made.bytes], [null, 12 * MB + 1]);
});
